"""The statement of an account: its movements with the balance after each, page by page, and its lots."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from crm.lib import prepared
from crm.lib.statements import Statement
from loyalty.models import Kind, Movement

SIZE = 50


class Group(NamedTuple):
    label: Any
    kinds: tuple[Kind, ...]


GROUPS = {
    "earned": Group(_("Earned"), (Kind.EARN, Kind.CLAWBACK)),
    "spent": Group(_("Redeemed and given back"), (Kind.REDEEM, Kind.CAPTURE, Kind.REVERSAL)),
    "ended": Group(_("Ended"), (Kind.EXPIRE,)),
    "by_hand": Group(_("Adjusted, passed on, forgiven"), (Kind.ADJUST, Kind.TRANSFER, Kind.FORGIVE)),
    "inside": Group(
        _("Became available, set aside"), (Kind.VEST, Kind.HOLD, Kind.RELEASE, Kind.SETTLE, Kind.LEND)
    ),
}


@dataclass(frozen=True)
class Asked:
    """`since` ≤ time < `until`; `group` of GROUPS, or "" for all."""

    customer_id: int
    unit: int
    group: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Move(NamedTuple):
    """`points` is the change of what is theirs, `balance` what was theirs then (pending and held too, less debt)."""

    id: int
    kind: int
    at: datetime
    actor: str
    store: str | None
    purchase_id: int | None
    available: int
    pending: int
    held: int
    debt: int
    points: int
    balance: int
    is_birthday: bool

    @property
    def public_id(self) -> str:
        return Movement(pk=self.id).public_id


class Page(NamedTuple):
    """`next` is the place that the page after this one begins at ("": this is the last)."""

    moves: list[Move]
    next: str


class Piece(NamedTuple):
    """What a movement did to one lot."""

    earned_at: datetime
    ends_at: datetime | None
    issued: int
    pending: int
    available: int
    held: int
    store: str | None
    receipt: str | None


def page(asked: Asked, *, after: str = "", limit: int = SIZE) -> Page:
    """Newest first, from the movement `after` (a public id) on. One statement."""
    group = GROUPS.get(asked.group)
    values = {
        "customer": asked.customer_id,
        "unit": asked.unit,
        "kinds": [kind.value for kind in (group.kinds if group else Kind)],
        "since": asked.since,
        "until": asked.until,
        "after": Movement.row_id(after) if after else None,
        "limit": limit + 1,
    }
    found = [Move(*row) for row in prepared.rows(HISTORY.sql, values)]
    return Page(found[:limit], found[limit - 1].public_id if len(found) > limit else "")


def trace(customer_id: int, movement_id: int) -> list[Piece]:
    """The lots of a movement, the first to end first. Empty for a movement that is not theirs."""
    return [
        Piece(*row) for row in prepared.rows(TRACE.sql, {"customer": customer_id, "movement": movement_id})
    ]


HISTORY = Statement(
    "points.history",
    """
SELECT told.id, told.kind, told.occurred_at, told.actor, store.name, told.purchase_id, told.available, told.pending,
    told.held, told.debt, told.points, told.balance::bigint,
    starts_with(told.source, 'birthday:')
FROM (
    SELECT m.*, m.available + m.pending + m.held - m.debt AS points,
        sum(m.available + m.pending + m.held - m.debt)
            OVER (PARTITION BY m.customer_id ORDER BY m.occurred_at, m.id) AS balance
    FROM loyalty_movement m WHERE m.customer_id = %(customer)s AND m.unit = %(unit)s
) told
LEFT JOIN org_store store ON store.id = told.store_id
WHERE told.kind = ANY(%(kinds)s::smallint[])
    AND (%(since)s::timestamptz IS NULL OR told.occurred_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR told.occurred_at < %(until)s)
    AND (%(after)s::bigint IS NULL OR (told.occurred_at, told.id) < (
        SELECT last.occurred_at, last.id FROM loyalty_movement last
        WHERE last.customer_id = %(customer)s AND last.id = %(after)s
    ))
ORDER BY told.occurred_at DESC, told.id DESC LIMIT %(limit)s
""",
    {"customer": 1, "unit": 1, "kinds": [1], "since": None, "until": None, "after": None, "limit": 51},
)
TRACE = Statement(
    "points.trace",
    """
SELECT lot.earned_at, CASE WHEN lot.is_extended THEN b.extended_to ELSE lot.expires_at END, lot.points, t.pending,
    t.available, t.held, store.name, bought.external_id
FROM loyalty_trace t
JOIN loyalty_lot lot ON lot.customer_id = t.customer_id AND lot.id = t.lot_id
JOIN loyalty_balance b ON b.customer_id = lot.customer_id AND b.unit = lot.unit
JOIN loyalty_movement first ON first.customer_id = lot.customer_id AND first.id = lot.movement_id
LEFT JOIN org_store store ON store.id = first.store_id
LEFT JOIN customers_purchase bought ON bought.customer_id = first.customer_id AND bought.id = first.purchase_id
WHERE t.customer_id = %(customer)s AND t.movement_id = %(movement)s
ORDER BY 2 NULLS LAST, lot.id
""",
    {"customer": 1, "movement": 1},
)
STATEMENTS = [HISTORY, TRACE]
