"""Giving back what was spent with the family, whole or in part: to everybody's same lots, which keep their ends.

Backwards, as it was taken: of a part the others get theirs first, those whose lots end last before the rest, and who
spent gets the own points back last. What came from somebody who was erased since comes back to nobody.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import F

from crm.lib import prepared
from crm.lib.statements import Statement
from loyalty import ledger
from loyalty.families.refusals import FamilyIsWhole
from loyalty.families.spending import Part
from loyalty.ledger import Cause, NothingToContinue, SourceConflict, accounts
from loyalty.ledger.accounts import NEVER
from loyalty.ledger.moving import POINTS, checked
from loyalty.models import FamilyPart, FamilyRedemption


class GivenBack(NamedTuple):
    """What came back, and the movement of each to whom something did."""

    points: int
    parts: tuple[Part, ...]
    is_new: bool = True


class _Left(NamedTuple):
    """What of a part is in a lot and was not given back yet."""

    ends_at: datetime
    lot_id: int
    points: int
    customer_id: int
    movement_id: int
    place: int


def give_back(customer_id: int, redemption_id: int, cause: Cause, *, points: int | None = None) -> GivenBack:
    """All that is left of it, or a part, once a source. Raises NothingToContinue, SourceConflict, Erased."""
    if points is not None:
        checked(points)
    with transaction.atomic():
        owner = accounts.present(customer_id)
        mine = _locked(owner)
        if (whole := mine.get(redemption_id)) is None:
            raise NothingToContinue
        if before := _before(mine, cause.source):
            if before.keys() != {whole.pk} or points not in {None, before[whole.pk].points}:
                raise SourceConflict
            return before[whole.pk]
        return _give_back(whole, _left(whole), points, cause)


def refuse_part(customer_id: int, movement_id: int) -> None:
    """For doors that give back one movement. Raises FamilyIsWhole."""
    if FamilyPart.objects.filter(customer=customer_id, movement=movement_id).exists():
        raise FamilyIsWhole


def all_back(whole: FamilyRedemption) -> GivenBack:
    """All that came back of it so far."""
    rows = prepared.rows(ALL_BACK.sql, {"redemption": whole.pk})
    parts = tuple(Part(customer_id, movement_id, points) for customer_id, movement_id, points in rows)
    return GivenBack(sum(one.points for one in parts), parts)


def left(whole: FamilyRedemption) -> int:
    """How much of it can still come back."""
    return sum(one.points for one in _left(whole))


def _give_back(whole: FamilyRedemption, lots: list[_Left], points: int | None, cause: Cause) -> GivenBack:
    there = sum(one.points for one in lots)
    wanted = there if points is None else points
    if not 0 < wanted <= there:
        raise NothingToContinue
    for number in sorted({one.customer_id for one in lots}):
        accounts.locked(number, POINTS)
    parts = [_back(one, share, cause) for one, share in sorted(_shares(whole, lots, wanted).items())]
    FamilyRedemption.objects.filter(customer=whole.customer_id, pk=whole.pk).update(
        given_back=F("given_back") + wanted
    )
    return GivenBack(wanted, tuple(parts))


_Of = tuple[int, int, int]  # customer, movement, place


def _shares(whole: FamilyRedemption, lots: Iterable[_Left], points: int) -> dict[_Of, int]:
    """The others first, then who spent; of each the lots that end last, as `ledger.reverse` gives them back."""
    lots = sorted(
        lots, key=lambda one: (one.customer_id != whole.customer_id, one.ends_at, one.lot_id), reverse=True
    )
    found: dict[_Of, int] = {}
    for one in lots:
        share = min(points, one.points)
        points -= share
        if share:
            of = (one.customer_id, one.movement_id, one.place)
            found[of] = found.get(of, 0) + share
    return found


def _back(of: _Of, points: int, cause: Cause) -> Part:
    customer_id, movement_id, place = of
    why = Cause(f"{cause.source}/{place}", cause.at, cause.by, cause.store_id)
    done = ledger.reverse(customer_id, movement_id, why, points=points)
    if not done.is_new:  # this source has given back something else
        raise SourceConflict
    return Part(customer_id, done.movement_id, points)


def _left(whole: FamilyRedemption) -> list[_Left]:
    rows = prepared.rows(LEFT.sql, {"redemption": whole.pk})
    return [_Left(ends_at or NEVER, lot, int(points), *of) for ends_at, lot, points, *of in rows]


def _locked(owner: int) -> dict[int, FamilyRedemption]:
    """All that they spent with the family: a number gives one of it back, and of two who ask at once one is first."""
    rows = FamilyRedemption.objects.select_for_update(of=("self",)).filter(customer=owner).order_by("pk")
    return {one.pk: one for one in rows}


def _before(wholes: Iterable[int], source: str) -> dict[int, GivenBack]:
    """By redemption, what this source gave back."""
    found: dict[int, list[Part]] = {}
    for pk, *part in prepared.rows(BEFORE.sql, {"redemptions": list(wholes), "source": source}):
        found.setdefault(pk, []).append(Part(*part))
    return {
        pk: GivenBack(sum(one.points for one in parts), tuple(parts), is_new=False)
        for pk, parts in found.items()
    }


LEFT = Statement(
    "families.left",
    """
SELECT CASE WHEN l.is_extended THEN b.extended_to ELSE l.expires_at END, t.lot_id, -sum(t.available)::bigint,
    p.customer_id, p.movement_id, p.place
FROM loyalty_familypart p
JOIN customers_customer c ON c.id = p.customer_id AND c.erased_at IS NULL
JOIN loyalty_movement m ON m.customer_id = p.customer_id
    AND (m.id = p.movement_id OR (m.of_id = p.movement_id AND m.kind = 10))
JOIN loyalty_trace t ON t.customer_id = m.customer_id AND t.movement_id = m.id
JOIN loyalty_lot l ON l.customer_id = t.customer_id AND l.id = t.lot_id
JOIN loyalty_balance b ON b.customer_id = l.customer_id AND b.unit = l.unit
WHERE p.redemption_id = %(redemption)s
GROUP BY p.customer_id, p.movement_id, p.place, t.lot_id, l.is_extended, l.expires_at, b.extended_to
HAVING sum(t.available) < 0
""",
    {"redemption": 1},
)
BEFORE = Statement(
    "families.given_back",
    """
SELECT p.redemption_id, m.customer_id, m.id, -m.contra
FROM loyalty_familypart p
JOIN loyalty_movement m ON m.customer_id = p.customer_id AND m.of_id = p.movement_id AND m.kind = 10
    AND m.source = concat(%(source)s::text, '/', p.place)
WHERE p.redemption_id = ANY(%(redemptions)s::bigint[]) ORDER BY m.customer_id, m.id
""",
    {"redemptions": [1], "source": "till:1/back"},
)
ALL_BACK = Statement(
    "families.all_back",
    """
SELECT m.customer_id, m.id, -m.contra
FROM loyalty_familypart p
JOIN loyalty_movement m ON m.customer_id = p.customer_id AND m.of_id = p.movement_id AND m.kind = 10
WHERE p.redemption_id = %(redemption)s ORDER BY m.customer_id, m.id
""",
    {"redemption": 1},
)
STATEMENTS = [LEFT, BEFORE, ALL_BACK]
