"""Who is in a family, and what it has to spend together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, QuerySet

from crm.lib import prepared
from crm.lib.statements import Statement
from customers.models import Customer
from loyalty import accounts
from loyalty.models import Family, FamilySeat, Unit


class Purse(NamedTuple):
    """What one of a family has to spend. `points` is theirs, whether or not they share it."""

    customer_id: int
    shares: bool
    points: int


@dataclass(frozen=True)
class Pool:
    """What somebody can spend: `own` and, of those who share, `others`."""

    family_id: int
    own: int
    purses: tuple[Purse, ...] = ()

    @property
    def others(self) -> int:
        return sum(one.points for one in self.purses if one.shares)

    @property
    def together(self) -> int:
        return self.own + self.others

    @property
    def members(self) -> int:
        return len(self.purses) + 1


def seats(family_id: int) -> QuerySet[FamilySeat]:
    """Those who are in it, the head first."""
    here = FamilySeat.objects.filter(family_id=family_id, left_at__isnull=True)
    return here.order_by("joined_at", "pk")


def seat_of(customer_id: int) -> FamilySeat | None:
    """Their place in a family, if they are in one."""
    return FamilySeat.objects.filter(customer=customer_id, left_at__isnull=True).first()


def head_of(family_id: int) -> int | None:
    """Who has been in it longest."""
    return seats(family_id).values_list("customer_id", flat=True).first()


def lock(family_id: int) -> None:
    """Nobody else changes who is in it, or spends with it, till the end of the transaction."""
    list(Family.objects.select_for_update(no_key=True).filter(pk=family_id))


def pool(customer_id: int, family_id: int, at: datetime) -> Pool:
    """What there is to spend at a moment: what has vested counts, what has ended does not. One statement."""
    rows = prepared.rows(POOL.sql, {"family": family_id, "at": at})
    purses = {row[0]: Purse(row[0], row[1], int(row[2])) for row in rows}
    own = purses.pop(customer_id, Purse(customer_id, False, 0))
    return Pool(family_id, own.points, tuple(purses.values()))


def together(customer_id: int, own: int, at: datetime) -> int:
    """What somebody can spend with their family, where they are in one; `own` otherwise."""
    family = prepared.row(_FAMILY, [customer_id])
    return pool(customer_id, family[0], at).together if family else own


def alone(customer_id: int, at: datetime) -> int:
    """What somebody can spend who is in no family."""
    return accounts.of(customer_id, at)[Unit.POINTS].spendable


def people(customer_ids: Sequence[int]) -> dict[int, Customer]:
    """The customers of these numbers; of those who were merged since, who they became."""
    found = {one.pk: one for one in Customer.objects.filter(pk__in=customer_ids).select_related("home_store")}
    gone = {pk: one.merged_into_id for pk, one in found.items() if one.merged_into_id}
    if gone:
        became = people(sorted(set(gone.values())))
        found |= {pk: became[to] for pk, to in gone.items() if to in became}
    return found


def history(customer_id: int) -> QuerySet[FamilySeat]:
    """All places that somebody has had, the newest first."""
    return FamilySeat.objects.filter(customer=customer_id).order_by(
        F("left_at").desc(nulls_first=True), "-pk"
    )


_FAMILY = "SELECT family_id FROM loyalty_familyseat WHERE customer_id = %s AND left_at IS NULL"
# What each has is counted as `accounts.NOW` counts it, less what they owe.
POOL = Statement(
    "families.pool",
    """
SELECT seat.customer_id, seat.shares AND seat.narrowed = 0, greatest(0, coalesce(sum(
    CASE WHEN lot.ends_at IS NULL OR lot.ends_at > %(at)s THEN lot.points ELSE 0 END
), 0) - coalesce(max(lot.debt), 0))::bigint
FROM loyalty_familyseat seat
LEFT JOIN (
    SELECT b.customer_id, b.debt, CASE WHEN l.is_extended THEN b.extended_to ELSE l.expires_at END AS ends_at,
        coalesce(l.available, 0) + CASE WHEN l.vests_at <= %(at)s THEN l.pending ELSE 0 END AS points
    FROM loyalty_balance b
    LEFT JOIN loyalty_lot l ON l.customer_id = b.customer_id AND l.unit = b.unit AND (l.available > 0 OR l.pending > 0)
    WHERE b.unit = 1
) lot ON lot.customer_id = seat.customer_id
WHERE seat.family_id = %(family)s AND seat.left_at IS NULL
GROUP BY seat.customer_id, seat.shares, seat.narrowed, seat.joined_at, seat.id ORDER BY seat.joined_at, seat.id
""",
    {"family": 1, "at": "2026-03-10T04:00Z"},
)
STATEMENTS = [POOL]
