"""Points when a merge is undone after the survivor has gone on earning and spending.

What each had when they were merged goes back as it was. Later movements stay with the survivor, except those of
receipts that turn out to be the loser's; but while the two were one, they took from the lots of both. So the later
movements are taken out before the rows go back, and booked again afterwards, in their order and with their numbers,
each from the lots of whom it belongs to. What was spent beyond those is lent, and owed (docs/algorithms/ledger.md).

Where later movements touched only the lots and debts of their own owner, they stay as they are. Each of the two knows
from then on that what was asked for under their number may stand with the other (`Balance.parted`).
"""

from collections.abc import Callable
from typing import Any

from customers.merging.followers import Joined, Parting
from loyalty.ledger import rebooking
from loyalty.ledger.rebooking import Booked
from loyalty.liability import days
from loyalty.models import Unit

MOVEMENTS, LOTS = "loyalty.Movement", "loyalty.Lot"


def merged(cur: Any, joined: Joined) -> list[list[Any]]:
    """Lots that live as long as their member is active live as long as the more active of the two. What was is kept."""
    cur.execute(_ACTIVE, [joined.survivor])
    was = [[unit, ends_at] for unit, ends_at in cur.fetchall()]
    cur.execute(_LONGER, {"survivor": joined.survivor, "loser": joined.loser})
    cur.execute("SELECT unit, parted FROM loyalty_balance WHERE customer_id = %s", [joined.loser])
    for unit, parted in cur.fetchall():
        _know(cur, joined.survivor, [unit], parted or [])
    return was


def unmerged(cur: Any, joined: Joined, was: list[list[Any]]) -> None:
    """As it was, unless the survivor has been active since."""
    for unit, ends_at in was:
        cur.execute(_AS_BEFORE, [ends_at, joined.survivor, unit, joined.loser, unit])


def parting(cur: Any, joined: Joined, parted: Parting) -> Callable[[], object] | None:
    """What has to be done afterwards; None: the two never mixed."""
    going = {"movements": list(parted.going.get(MOVEMENTS, [])), "lots": list(parted.going.get(LOTS, []))}
    came = list(parted.came.get(MOVEMENTS, []))
    since = {"survivor": joined.survivor, "since": parted.since, "came": came}
    cur.execute(_UNITS, since)
    units = {row[0] for row in cur.fetchall()}
    models = {"uses": "loyalty.CouponUse", "sales": "loyalty.MembershipSale", "trials": "loyalty.Redemption"}
    cur.execute(_OTHERS, since | {name: list(parted.came.get(label, [])) for name, label in models.items()})
    if cur.fetchone():
        units.add(Unit.POINTS.value)
    if units:
        _know(cur, joined.survivor, sorted(units), [joined.loser])
        _know(cur, joined.loser, sorted(units), [joined.survivor])
    cur.execute(_MIXED, since | going)
    if cur.fetchone() is None:
        return None
    days.take_back(cur, joined.survivor, since=parted.since, but=came)
    later = rebooking.take_out(cur, joined.survivor, since=parted.since, but=came)
    theirs = set(going["movements"])
    return lambda: _book_again(joined, later, theirs)


def _know(cur: Any, customer_id: int, units: list[int], others: list[int]) -> None:
    if others:
        cur.execute(_PARTED, {"customer": customer_id, "units": units, "others": others})


def _book_again(joined: Joined, later: list[Booked], theirs: set[int]) -> None:
    for one in later:
        rebooking.book(joined.loser if one.number in theirs else joined.survivor, one)


_LATER = """FROM loyalty_movement
WHERE customer_id = %(survivor)s AND recorded_at >= %(since)s::timestamptz AND id <> ALL(%(came)s::bigint[])"""
_ACTIVE = (
    "SELECT unit, to_jsonb(extended_to) #>> '{}' FROM loyalty_balance WHERE customer_id = %s ORDER BY unit"
)
_LONGER = """
UPDATE loyalty_balance s SET extended_to = greatest(s.extended_to, l.extended_to)
FROM loyalty_balance l
WHERE s.customer_id = %(survivor)s AND l.customer_id = %(loser)s AND l.unit = s.unit AND l.extended_to IS NOT NULL
"""
_AS_BEFORE = """
UPDATE loyalty_balance SET extended_to = %s::timestamptz WHERE customer_id = %s AND unit = %s AND extended_to = (
    SELECT extended_to FROM loyalty_balance WHERE customer_id = %s AND unit = %s
)
"""
# Units in which something was booked while the two were one.
_UNITS = f"SELECT DISTINCT unit {_LATER}"
# What has a source and no movement of points is known under either number, too: uses of shared codes, memberships that
# were bought, free trials.
_OTHERS = """
SELECT 1 FROM loyalty_couponuse
WHERE customer_id = %(survivor)s AND coupon_id IS NULL AND id <> ALL(%(uses)s::bigint[])
    AND greatest(reserved_at, redeemed_at) >= %(since)s::timestamptz
UNION ALL
SELECT 1 FROM loyalty_membershipsale
WHERE customer_id = %(survivor)s AND id <> ALL(%(sales)s::bigint[]) AND recorded_at >= %(since)s::timestamptz
UNION ALL
SELECT 1 FROM loyalty_redemption
WHERE customer_id = %(survivor)s AND id <> ALL(%(trials)s::bigint[]) AND trial_year IS NOT NULL
LIMIT 1
"""
_PARTED = """
INSERT INTO loyalty_balance AS b (customer_id, unit, parted)
SELECT %(customer)s, unit, %(others)s::bigint[] FROM unnest(%(units)s::smallint[]) AS unit
ON CONFLICT (customer_id, unit) DO UPDATE SET parted = (
    SELECT array_agg(DISTINCT one ORDER BY one) FROM unnest(b.parted || excluded.parted) AS one
)
"""
# A trace whose movement goes and whose lot stays, or the other way round; a debt that may have been the other's.
_MIXED = f"""
SELECT 1 FROM loyalty_trace
WHERE customer_id = %(survivor)s
    AND (movement_id = ANY(%(movements)s::bigint[])) <> (lot_id = ANY(%(lots)s::bigint[]))
UNION ALL
SELECT 1 {_LATER} AND debt < 0
LIMIT 1
"""  # noqa: S608
