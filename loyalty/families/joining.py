"""Coming into a family, what one shares, and going. Each needs the person's own word; who took it, when and how stays.

Whoever changes a family has its row alone (`roster.lock`), so that it is never fuller than it may be, and nobody spends
what somebody has just stopped sharing.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from crm.audit import trail
from customers.models import Customer
from loyalty.coupons import codes
from loyalty.families import roster
from loyalty.families.refusals import (
    MOST,
    FamilyIsFull,
    InAFamily,
    NoSuchInvite,
    NotInAFamily,
    NotTheHead,
    WithThemselves,
)
from loyalty.ledger.accounts import present
from loyalty.models import Family, FamilyInvite, FamilySeat, JoinedBy, Left

INVITED_FOR = timedelta(hours=48)


def join(
    customer_id: int, other_id: int, *, way: JoinedBy, by: Any, at: datetime, shares: bool = True
) -> FamilySeat:
    """Take `customer_id` into the family of `other_id`, who agrees too; without one, the two are a family from now on.

    Raises InAFamily, FamilyIsFull, WithThemselves, Erased.
    """
    with transaction.atomic():
        who, other = _alone(customer_id, other_id)
        if who == other:
            raise WithThemselves
        if roster.seat_of(who):
            raise InAFamily
        theirs = roster.seat_of(other) or _found(other, way=way, by=by, at=at)
        return _take_in(who, theirs.family_id, way=way, by=by, at=at, shares=shares)


def invite(customer_id: int, *, by: Any, at: datetime) -> FamilyInvite:
    """A code for one person, from the head of a family; who is in none begins one. Raises NotTheHead, FamilyIsFull."""
    with transaction.atomic():
        (who,) = _alone(customer_id)
        mine = roster.seat_of(who) or _found(who, way=JoinedBy.CODE, by=by, at=at)
        roster.lock(mine.family_id)
        if roster.head_of(mine.family_id) != who:
            raise NotTheHead
        if roster.seats(mine.family_id).count() >= MOST:
            raise FamilyIsFull
        FamilyInvite.objects.filter(customer_id=who, used_at__isnull=True, until__gt=at).update(until=at)
        return FamilyInvite.objects.create(
            code=codes.new(), family_id=mine.family_id, customer_id=who, made_at=at, until=at + INVITED_FOR
        )


def accept(customer_id: int, text: str, *, by: Any, at: datetime, shares: bool = True) -> FamilySeat:
    """Join by a code, once. Raises NoSuchInvite, InAFamily, FamilyIsFull, Erased."""
    code = codes.normalised(text)
    if code is None:
        raise NoSuchInvite
    with transaction.atomic():
        (who,) = _alone(customer_id)
        known = FamilyInvite.objects.select_for_update().filter(code=code).first()
        if known is None or known.used_at or known.until <= at:
            raise NoSuchInvite
        host = roster.seat_of(present(known.customer_id))
        if host is None or host.family_id != known.family_id:  # who invited has left
            raise NoSuchInvite
        seat = _take_in(who, known.family_id, way=JoinedBy.CODE, by=by, at=at, shares=shares)
        FamilyInvite.objects.filter(code=code).update(used_at=at)
        return seat


def share(customer_id: int, shares: bool, *, by: Any, at: datetime) -> FamilySeat:
    """Say whether the others may spend one's points. Raises NotInAFamily."""
    with transaction.atomic():
        seat = _mine(customer_id)
        if seat.is_sharing != shares or seat.shares != shares:
            seat.shares, seat.shares_at, seat.narrowed = shares, at, 0
            seat.save(update_fields=["shares", "shares_at", "narrowed"])
            _record("family.share", seat, by, shares=shares)
        return seat


def leave(customer_id: int, *, by: Any, at: datetime) -> FamilySeat:
    """Go, at once. Everybody keeps the own points. Raises NotInAFamily."""
    with transaction.atomic():
        seat = _mine(customer_id)
        end(seat, Left.LEFT, by=by, at=at)
        _record("family.leave", seat, by)
        return seat


def end(seat: FamilySeat, why: Left, *, by: Any, at: datetime) -> None:
    seat.left_at, seat.left_by, seat.why = at, trail.actor_name(by), why
    seat.save(update_fields=["left_at", "left_by", "why"])


def _found(who: int, *, way: JoinedBy, by: Any, at: datetime) -> FamilySeat:
    family = Family.objects.create(founded_at=at, founded_by=trail.actor_name(by))
    return _sit(who, family.pk, way=way, by=by, at=at, shares=True)


def _take_in(who: int, family_id: int, *, way: JoinedBy, by: Any, at: datetime, shares: bool) -> FamilySeat:
    """`who` is locked, so nobody else gives them a place meanwhile."""
    if roster.seat_of(who):
        raise InAFamily
    roster.lock(family_id)
    if roster.seats(family_id).count() >= MOST:
        raise FamilyIsFull
    return _sit(who, family_id, way=way, by=by, at=at, shares=shares)


def _sit(who: int, family_id: int, *, way: JoinedBy, by: Any, at: datetime, shares: bool) -> FamilySeat:
    seat = FamilySeat.objects.create(
        customer_id=who, family_id=family_id, joined_at=at, joined_by=trail.actor_name(by), way=way, shares=shares,
        shares_at=at,
    )  # fmt: skip
    _record("family.join", seat, by, way=way.value, shares=shares)
    return seat


def _alone(*customer_ids: int) -> list[int]:
    """Who they are now, locked in the order of their numbers: nobody else changes in which family they are."""
    found = [present(number) for number in customer_ids]
    list(
        Customer.objects.select_for_update(no_key=True).filter(pk__in=found).order_by("pk").values_list("pk")
    )
    return found


def _mine(customer_id: int) -> FamilySeat:
    """Somebody's place, with the family locked."""
    (who,) = _alone(customer_id)
    if (seat := roster.seat_of(who)) is None:
        raise NotInAFamily
    roster.lock(seat.family_id)
    return seat


def _record(act: str, seat: FamilySeat, by: Any, **details: Any) -> None:
    trail.record(
        act, f"customers.customer:{seat.customer_id}", by=by, details={"family": seat.family_id, **details}
    )
