"""Spending with the family: own points first, then the others', those that end first first, whosesoever they are.

One transaction. Everybody drawn from has a movement of the own account with its own traces; `FamilyRedemption` is the
whole and `FamilyPart` its parts. Locks: the gate, the customer, the family's row (shared), the balances in the order of
their customers. The same source gets the same answer for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from crm.audit import trail
from crm.lib import prepared
from crm.lib.statements import Statement
from loyalty import ledger
from loyalty.families import roster
from loyalty.ledger import Cause, InsufficientPoints, Posted, SourceConflict, accounts, upkeep
from loyalty.ledger.accounts import Account
from loyalty.ledger.moving import POINTS, checked
from loyalty.models import FamilyPart, FamilyRedemption, Kind


@dataclass(frozen=True)
class Part:
    """What came from one person."""

    customer_id: int
    movement_id: int
    points: int


@dataclass(frozen=True)
class Spent:
    """`redemption_id` is 0 where own points were enough: then it is a plain redemption, the one part."""

    customer_id: int
    redemption_id: int
    points: int
    parts: tuple[Part, ...]
    is_new: bool = True


def redeem(customer_id: int, points: int, cause: Cause) -> Spent:
    """Spend points, of the family's too where the own are not enough. Raises InsufficientPoints, SourceConflict."""
    checked(points)
    with transaction.atomic():
        owner = accounts.present(customer_id)
        known, family_id = _before(owner, cause.source)
        if known:
            return again(owner, known, points)
        for other in accounts.sides(owner, POINTS)[1:]:  # with whom they were one when it was asked for
            if known := _before(other, cause.source)[0]:
                return again(other, known, points)
        if family_id is None:
            return _plain(owner, points, cause)
        prepared.rows(_SHARED, {"family": family_id})
        return _spend(owner, family_id, points, cause)


def redeem_alone(customer_id: int, points: int, cause: Cause, *, unit: int = POINTS) -> Posted:
    """Spend own points. A number that was spent with the family is not another thing: SourceConflict."""
    with transaction.atomic():
        done = ledger.redeem(customer_id, points, cause, unit=unit)
        if (
            done.is_new and unit == POINTS
        ):  # asked under the lock of the account, which the family's spending takes
            for one in accounts.sides(done.customer_id, POINTS):
                if _before(one, cause.source)[0]:
                    raise SourceConflict
        return done


def again(owner: int, redemption_id: int, points: int | None = None) -> Spent:
    """What was answered. Raises SourceConflict."""
    whole = FamilyRedemption.objects.get(customer=owner, pk=redemption_id)
    if points not in {None, whole.points}:
        raise SourceConflict
    rows = FamilyPart.objects.filter(redemption_id=whole.pk).order_by("place")
    parts = tuple(Part(one.customer_id, one.movement_id, one.points) for one in rows)
    return Spent(owner, whole.pk, whole.points, parts, is_new=False)


def shares(own: Account, others: Iterable[Account], points: int, cause: Cause) -> dict[int, int]:
    """Points to take by customer: own first, then of the others' lots the first to end, then the first issued.

    Within one person that is the order in which the ledger spends, so a number says it all. Raises InsufficientPoints.
    """
    own_part = min(points, own.spendable(cause.at))
    taken, rest = {own.customer_id: own_part}, points - own_part
    lots = sorted(
        (lot.ends_at, lot.id, account.customer_id, lot.available)
        for account in others
        if not account.debt
        for lot in account.usable(cause.at)
    )
    for _ends_at, _lot, who, available in lots:
        part = min(rest, available)
        taken[who] = taken.get(who, 0) + part
        rest -= part
    if rest:
        raise InsufficientPoints(points - rest)
    return {who: part for who, part in taken.items() if part}


def _spend(owner: int, family_id: int, points: int, cause: Cause) -> Spent:
    who = _sharing(family_id, owner)
    held = {number: accounts.locked(number, POINTS) for number in sorted({owner, *who})}
    known, still = _before(owner, cause.source)  # somebody was quicker with the same source while we waited
    if known:
        return again(owner, known, points)
    own = held.pop(owner)
    if still != family_id or ledger.booked(own, Kind.REDEEM, cause.source):
        return _plain(owner, points, cause)
    for account in (own, *held.values()):
        upkeep.bring_up_to_date(account, cause.at, cause.by)
    if own.spendable(cause.at) >= points:
        return _plain(owner, points, cause)
    return _write(owner, family_id, shares(own, held.values(), points, cause), cause)


def _write(owner: int, family_id: int, taken: dict[int, int], cause: Cause) -> Spent:
    whole = FamilyRedemption.objects.create(
        customer_id=owner, family_id=family_id, source=cause.source, points=sum(taken.values()),
        store_id=cause.store_id, redeemed_at=cause.at, actor=trail.actor_name(cause.by),
    )  # fmt: skip
    parts = [
        _part(whole, place, who, part, cause)
        for place, (who, part) in enumerate(sorted(taken.items(), key=lambda one: (one[0] != owner, one[0])))
    ]
    FamilyPart.objects.bulk_create(
        FamilyPart(
            customer_id=one.customer_id, redemption_id=whole.pk, spender_id=owner, place=place,
            movement_id=one.movement_id, points=one.points,
        )
        for place, one in enumerate(parts)
    )  # fmt: skip
    return Spent(owner, whole.pk, whole.points, tuple(parts))


def _part(whole: FamilyRedemption, place: int, who: int, points: int, cause: Cause) -> Part:
    purchase = cause.purchase_id if who == whole.customer_id else None
    why = Cause(f"family:{whole.pk}/{place}", cause.at, cause.by, cause.store_id, purchase)
    done = ledger.redeem(who, points, why)
    if not done.is_new:
        raise SourceConflict
    return Part(who, done.movement_id, points)


def _plain(owner: int, points: int, cause: Cause) -> Spent:
    done = ledger.redeem(owner, points, cause)
    only = Part(done.customer_id, done.movement_id, done.points)
    return Spent(done.customer_id, 0, done.points, (only,), is_new=done.is_new)


def _before(owner: int, source: str) -> tuple[int | None, int | None]:
    """What this source has done with the family, and in which family they are."""
    found = prepared.row(BEFORE.sql, {"customer": owner, "source": source})
    return (found[0], found[1]) if found else (None, None)


def _sharing(family_id: int, owner: int) -> list[int]:
    found = roster.seats(family_id).filter(shares=True, narrowed=0).exclude(customer=owner)
    return list(found.values_list("customer_id", flat=True))


BEFORE = Statement(
    "families.before",
    """
SELECT (SELECT id FROM loyalty_familyredemption WHERE customer_id = %(customer)s AND source = %(source)s),
    (SELECT family_id FROM loyalty_familyseat WHERE customer_id = %(customer)s AND left_at IS NULL)
""",
    {"customer": 1, "source": "till:1"},
)
_SHARED = "SELECT id FROM loyalty_family WHERE id = %(family)s FOR SHARE"
STATEMENTS = [BEFORE]
