"""Which receipt a coupon that was used at the Counter went into.

A till names its checkout as the receipt will be named. A use at the Counter bears the name of its form, so its receipt
is found: of the same customer, store and day, by its number where the clerk named one, else the nearest in time within
the window, first one after the use, then one before. One receipt carries a coupon (or the code of an offer) once.

Which is found follows from all uses and receipts of that day together, not from the order in which they became known:
each that comes has the day looked at anew. Only what has been given back with a receipt stays with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from crm.lib.statements import Statement
from loyalty.coupons import uses

AFTER, BEFORE = timedelta(hours=2), timedelta(minutes=15)
COUNTER = "counter:"  # sources of what was used at the Counter


@dataclass(frozen=True)
class Day:
    """A customer's day in a store."""

    customer_id: int
    store_id: int
    on: date


@dataclass(frozen=True)
class Tied:
    """A use. `thing`: the coupon, or of a shared code the definition (below zero). `is_fixed`: a till has named its
    receipt, or it was given back with it. `issuer`: the receipt that issued the coupon."""

    id: int
    definition_id: int
    thing: int
    at: datetime
    number: str
    purchase_id: int | None
    is_fixed: bool
    issuer: int | None


@dataclass(frozen=True)
class Sold:
    """A receipt. `back_at`: when the last of its goods came back, if none are kept."""

    id: int
    at: datetime
    number: str
    back_at: datetime | None


def plain(number: str) -> str:
    """A number as it is compared: tills print capitals where people type small letters."""
    return number.strip().upper()


def matched(found: Iterable[Tied], receipts: Iterable[Sold]) -> dict[int, int | None]:
    """The receipt of each use of a day; None: it has not come yet."""
    found, receipts = list(found), list(receipts)
    told = {one.id: one.purchase_id for one in found if one.is_fixed}
    carried = {(one.thing, one.purchase_id) for one in found if one.is_fixed}
    for one in sorted(
        (one for one in found if not one.is_fixed), key=lambda one: (not one.number, one.at, one.id)
    ):
        fits = [each for each in receipts if (one.thing, each.id) not in carried and _fits(one, each)]
        best = min(fits, key=lambda each: _distance(one, each), default=None)
        told[one.id] = best.id if best else None
        if best:
            carried.add((one.thing, best.id))
    return told


def _fits(use: Tied, sold: Sold) -> bool:
    if sold.id == use.issuer or (sold.back_at and sold.back_at < use.at):
        return False
    if use.number:
        return plain(sold.number) == use.number
    return -BEFORE <= sold.at - use.at <= AFTER


def _distance(use: Tied, sold: Sold) -> tuple[bool, timedelta, str, int]:
    return (sold.at < use.at, abs(sold.at - use.at), sold.number, sold.id)


# --- What is kept ----------------------------------------------------------------------------------------------------


def lock(cur: Any, definitions: Iterable[int]) -> None:
    """The tallies, before any use: in the order in which everybody takes them."""
    if ids := sorted(set(definitions)):
        cur.execute(LOCK, {"ids": ids})


def settle(cur: Any, days: Iterable[Day]) -> list[tuple[int, int]]:
    """Tie what was used on these days, under the tallies of its definitions: (customer, receipt) of what changed."""
    days = sorted(set(days), key=lambda one: (one.customer_id, one.store_id, one.on))
    asked = _asked(days)
    sold = _sold(cur, asked)
    found = _uses(cur, asked, {one.id for here in sold.values() for one in here if one.back_at})
    moves = []
    for day in days:
        here = found.get(day, [])
        told = matched(here, sold.get(day, []))
        moves += [(day.customer_id, one.id, told[one.id]) for one in here if told[one.id] != one.purchase_id]
    tie(cur, moves)
    return [(customer, purchase) for customer, _use, purchase in moves if purchase]


def tie(cur: Any, moves: Sequence[tuple[int, int, int | None]]) -> None:
    """Write which use (customer, number) belongs to which receipt."""
    if len(moves) == 1:  # by value: one partition answers
        customer, use, purchase = moves[0]
        cur.execute(TIE_ONE, {"customer": customer, "use": use, "purchase": purchase})
    elif moves:
        customers, numbers, purchases = (list(column) for column in zip(*moves, strict=True))
        cur.execute(TIE, {"customers": customers, "uses": numbers, "purchases": purchases})


def _asked(days: Sequence[Day]) -> dict[str, Any]:
    """One customer is named by value, so that one partition answers."""
    customers = sorted({one.customer_id for one in days})
    return {
        "customers": customers[0] if len(customers) == 1 else customers,
        "stores": sorted({one.store_id for one in days}), "days": sorted({one.on for one in days}),
    }  # fmt: skip


def whose(asked: Mapping[str, Any]) -> str:
    return "= ANY(%(customers)s::bigint[])" if isinstance(asked["customers"], list) else "= %(customers)s"


def _uses(cur: Any, asked: dict[str, Any], back: set[int]) -> dict[Day, list[Tied]]:
    """What was given back stays where its goods came `back`; what somebody took back by hand was in no receipt."""
    cur.execute(USES.format(whose=whose(asked)), asked)
    found = defaultdict(list)
    for customer, store, on, is_reversed, *row in cur.fetchall():
        use = Tied(*row)
        if not is_reversed or use.purchase_id in back:
            found[Day(customer, store, on)].append(use)
    return found


def _sold(cur: Any, asked: dict[str, Any]) -> dict[Day, list[Sold]]:
    cur.execute(SOLD.format(whose=whose(asked)), asked)
    rows, found = cur.fetchall(), defaultdict(list)
    back = come_back(cur, asked["customers"], [row[3] for row in rows])
    for customer, store, on, pk, at, number in rows:
        found[Day(customer, store, on)].append(Sold(pk, at, number, back.get(pk)))
    return found


def come_back(cur: Any, customers: int | list[int], purchases: Sequence[int]) -> dict[int, datetime]:
    """Those of these receipts of which no goods are kept, and since when."""
    if not purchases:
        return {}
    asked = {"customers": customers, "purchases": list(purchases)}
    cur.execute(BACK.format(whose=whose(asked)), asked)
    return dict(cur.fetchall())


LOCK = """
SELECT definition_id FROM loyalty_coupontally WHERE definition_id = ANY(%(ids)s::bigint[])
ORDER BY definition_id FOR UPDATE
"""
USES = f"""
SELECT u.customer_id, u.store_id, u.used_on, u.reversed_at IS NOT NULL, u.id, u.definition_id,
    coalesce(u.coupon_id, -u.definition_id),
    u.redeemed_at, upper(btrim(u.receipt_number)), u.purchase_id,
    u.reversed_at IS NOT NULL OR NOT starts_with(u.source, '{COUNTER}'), c.purchase_id
FROM loyalty_couponuse u
LEFT JOIN loyalty_coupon c ON c.customer_id = u.customer_id AND c.id = u.coupon_id
WHERE u.customer_id {{whose}} AND u.redeemed_at IS NOT NULL
    AND u.store_id = ANY(%(stores)s::bigint[]) AND u.used_on = ANY(%(days)s::date[])
    AND (u.purchase_id IS NOT NULL OR starts_with(u.source, '{COUNTER}'))
"""  # noqa: S608  our own words
SOLD = """
SELECT p.customer_id, p.store_id, p.business_date, p.id, p.occurred_at, p.external_id
FROM customers_purchase p
WHERE p.customer_id {whose} AND p.store_id = ANY(%(stores)s::bigint[]) AND p.business_date = ANY(%(days)s::date[])
"""
BACK = f"""
SELECT p.id, max(r.occurred_at)
FROM customers_purchase p
JOIN customers_return r ON r.customer_id = p.customer_id AND r.purchase_id = p.id
WHERE p.customer_id {{whose}} AND r.customer_id {{whose}} AND p.id = ANY(%(purchases)s::bigint[]) AND {uses.ALL_BACK}
GROUP BY p.customer_id, p.id
"""  # noqa: S608
TIE_ONE = "UPDATE loyalty_couponuse SET purchase_id = %(purchase)s WHERE customer_id = %(customer)s AND id = %(use)s"
TIE = """
UPDATE loyalty_couponuse u SET purchase_id = m.purchase
FROM unnest(%(customers)s::bigint[], %(uses)s::bigint[], %(purchases)s::bigint[]) AS m (customer, use, purchase)
WHERE u.customer_id = m.customer AND u.customer_id = ANY(%(customers)s::bigint[]) AND u.id = m.use
"""
_MANY = "= ANY(%(customers)s::bigint[])"
_EXAMPLE = {
    "customers": [1, 2],
    "stores": [1],
    "days": [date(2026, 1, 1)],
    "uses": [1, 2],
    "purchases": [1, 2],
}
STATEMENTS = [
    Statement("coupons.day.uses", USES.format(whose=_MANY), _EXAMPLE),
    Statement("coupons.day.sold", SOLD.format(whose=_MANY), _EXAMPLE),
    Statement("coupons.back", BACK.format(whose=_MANY), _EXAMPLE),
    Statement("coupons.tie", TIE, _EXAMPLE),
]
