"""Settling what waits: both get their points when the friend's first purchase can no longer be returned.

Each referral is a transaction in which both members are locked, and its points have the source "referral:<id>", so that
nothing is given twice, however often this runs.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import F

from crm.audit import trail
from crm.org.models import Chain
from customers import present
from customers.models import Customer, Purchase
from customers.receiving.database import in_transaction
from loyalty import endings, ledger
from loyalty.accrual import reading, rulesets
from loyalty.ledger import Cause, NewLot
from loyalty.models import Ending, Referral, ReferralState
from loyalty.referrals import checks

BY = "system:referral"


class _Case(NamedTuple):
    """`first`: the friend's first purchase that did not come back whole, if there is one."""

    row: Referral
    referrer: Customer | None
    friend: Customer
    first: Purchase | None


def settle(one: Referral, *, on: date, at: datetime, by: Any = BY) -> ReferralState:
    """What has become of it by this day."""
    return in_transaction(lambda _cur: _settle(one, on, at, by))


def _settle(one: Referral, on: date, at: datetime, by: Any) -> ReferralState:
    case = held(one)
    if case is None:  # the friend was erased
        mine = Referral.objects.filter(customer=one.customer_id, pk=one.pk, settled_at__isnull=True)
        mine.update(
            state=ReferralState.CANCELLED, why=["gone"], settled_at=at, settled_by=trail.actor_name(by)
        )
        return ReferralState.CANCELLED
    row = case.row
    if row.state == ReferralState.FLAGGED and is_back(row):
        _begin_again(row)
    if row.state == ReferralState.PAID and is_back(row):
        take_back(case, at, by)
    elif row.state == ReferralState.WAITING and not _waits(case, on):
        row.purchase = case.first
        if why := _nothing(case):
            end(row, ReferralState.CANCELLED, [why], at, by)
        elif (found := checks.flags(row, case.referrer, case.friend)) and case.referrer:  # type: ignore[arg-type]
            row.state, row.why = ReferralState.FLAGGED, found
            row.save(update_fields=["state", "why", "purchase_id"])
        else:
            pay(case, at, by)
    return ReferralState(row.state)


def held(one: Referral) -> _Case | None:
    """It and both members, locked in the order of their numbers. None: the friend was erased."""
    friend, referrer = present.living(one.customer_id), present.living(one.referrer_id)
    if friend is None:
        return None
    for number in sorted({friend.pk, *([referrer.pk] if referrer else [])}):
        reading.lock(number)
    row = (
        Referral.objects.select_for_update(of=("self",))
        .select_related("terms")
        .get(customer=friend.pk, pk=one.pk)
    )
    kept = Purchase.objects.filter(customer=friend.pk, returned__lt=F("amount"))
    return _Case(row, referrer, friend, kept.order_by("business_date", "occurred_at", "pk").first())


def _begin_again(row: Referral) -> None:
    """Nothing was given for the purchase that came back: the next one counts, as if this one had not been."""
    row.state, row.why, row.purchase = ReferralState.WAITING, [], None
    row.save(update_fields=["state", "why", "purchase_id"])


def _waits(case: _Case, on: date) -> bool:
    """Whether time will tell more: no purchase yet, or one that can still be returned."""
    last = case.row.came_on + timedelta(days=case.row.terms.within_days)
    if case.referrer is None or _is_second(case):
        return False
    if case.first is None:
        return on <= last
    if not case.row.came_on <= case.first.business_date <= last:
        return False
    programme = rulesets.book().programme_on(case.first.business_date)
    return programme is None or on <= case.first.business_date + timedelta(days=programme.pending_days)


def _nothing(case: _Case) -> str:
    """Why no points are given, as a code; "" where they are."""
    row, first = case.row, case.first
    last = row.came_on + timedelta(days=row.terms.within_days)
    reasons = (
        ("gone", case.referrer is None),
        ("second", _is_second(case)),
        ("returned", first is None and _has_bought(case)),
        ("late", first is None or first.business_date > last),
        ("known", first is not None and first.business_date < row.came_on),
        ("small", first is not None and _kept(first) < row.terms.least),
    )
    return next((code for code, is_so in reasons if is_so), "")


def _is_second(case: _Case) -> bool:
    """Of two who became one both may have been brought along: the earlier counts."""
    others = Referral.objects.filter(customer=case.friend.pk, pk__lt=case.row.pk)
    return others.exclude(state__in=[ReferralState.CANCELLED, ReferralState.REFUSED]).exists()


def _has_bought(case: _Case) -> bool:
    return Purchase.objects.filter(customer=case.friend.pk).exists()


def _kept(first: Purchase) -> Any:
    return first.amount - first.returned


def is_back(row: Referral) -> bool:
    """Everything of the purchase was brought back after all, later than the window says."""
    bought = Purchase.objects.filter(customer=row.customer_id, pk=row.purchase_id or 0).first()
    return bought is not None and _kept(bought) <= 0


def pay(case: _Case, at: datetime, by: Any) -> None:
    """Points for both, in the order of their numbers, as the locks are."""
    row, terms = case.row, case.row.terms
    assert case.referrer is not None
    shares = [
        (case.referrer.pk, terms.points_referrer, f"referral:{row.pk}"),
        (case.friend.pk, terms.points_friend, f"referral:{row.pk}/friend"),
    ]
    booked = {source: _earn(who, points, source, at, by) for who, points, source in sorted(shares)}
    row.referrer_movement_id = booked[shares[0][2]]
    row.movement_id = booked[shares[1][2]]
    end(row, ReferralState.PAID, row.why, at, by)


def _earn(who: int, points: int, source: str, at: datetime, by: Any) -> int | None:
    if not points:
        return None
    zone = ZoneInfo(Chain.current().timezone)
    on = at.astimezone(zone).date()
    programme = rulesets.book().programme_on(on)
    if programme is None:
        return ledger.earn(who, [NewLot(points)], Cause(source, at, by)).movement_id
    ending = Ending.MONTHS if programme.ending == Ending.ACTIVITY else programme.ending
    lot = NewLot(points, endings.expires_at(ending, programme.ending_count, on, zone))
    return ledger.earn(who, [lot], Cause(source, at, by)).movement_id


def take_back(case: _Case, at: datetime, by: Any) -> None:
    """The points of both go; what was spent is owed."""
    row = case.row
    taken = [(row.customer_id, row.movement_id)]
    if case.referrer is not None:
        taken.append((case.referrer.pk, row.referrer_movement_id))
    for who, movement in sorted((who, movement) for who, movement in taken if movement):
        ledger.claw_back(who, movement, Cause(f"referral:{row.pk}/back/{movement}", at, by))
    end(row, ReferralState.CANCELLED, ["returned"], at, by)


def end(row: Referral, state: ReferralState, why: Iterable[str], at: datetime, by: Any) -> None:
    row.state, row.why = state, list(why)
    row.settled_at, row.settled_by = at, trail.actor_name(by)
    row.save()
