"""Taking a reward for points, and cancelling it.

One transaction: the points leave through the ledger (which locks the gate, the customer and the account, in this
order), the family's too where the own are not enough; then the stock gives one, then a voucher's coupon is issued.
Whatever refuses takes all of it back.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils import formats

from crm.audit import trail
from loyalty import ledger
from loyalty.coupons import giving
from loyalty.coupons.fitting import Names
from loyalty.coupons.refusals import CannotVoid
from loyalty.coupons.windows import zone_of
from loyalty.families import returning, spending
from loyalty.families.spending import Spent
from loyalty.ledger import Cause, SourceConflict, accounts
from loyalty.ledger.accounts import present
from loyalty.models import Redemption, RedemptionState, Reward, RewardKind, RewardTerms, Unit
from loyalty.rewards import catalogue, stock, wholes
from loyalty.rewards.refusals import (
    CouponWasUsed,
    NoSuchRedemption,
    NotReady,
    RewardEnded,
    RewardGivenBack,
    RewardLimit,
    RewardNotForTier,
    RewardNotHere,
    RewardNotNow,
    RewardRefused,
    StoreNeeded,
)
from loyalty.tiers import early_days, tier_at, trials

AT_ONCE = {RewardKind.DISCOUNT, RewardKind.VOUCHER}  # nothing is left to hand over


@dataclass(frozen=True)
class Taken:
    """`is_new` is false when the same source had taken it before."""

    redemption: Redemption
    is_new: bool = True


def redeem(customer_id: int, reward: Reward, cause: Cause, *, tier: str = "") -> Taken:
    """Take a reward, in the store of the cause. `tier` is the member's; without it, it is looked up.

    Raises what the reward refuses (`refusals`), InsufficientPoints, SourceConflict, Erased.
    """
    with transaction.atomic():
        owner = present(customer_id)
        mine = Redemption.objects.filter(customer_id=owner, reward=reward)
        known = _known(owner, reward, cause)
        if known and known.state == RedemptionState.CANCELLED:
            raise RewardGivenBack
        if known:
            return Taken(known, is_new=False)
        terms = _terms(reward, cause)
        is_free = trials.left(owner, reward.pk, cause.at) > 0
        if is_free:  # one after the other, then looked at again
            accounts.locked(owner, Unit.POINTS)
            if known := _known(owner, reward, cause):
                return Taken(known, is_new=False)
            is_free = trials.left(owner, reward.pk, cause.at) > 0
        paid = None if is_free else _pay(owner, reward, terms, cause)
        if paid and not paid.is_new:
            # Somebody was quicker while we waited for the account, or it stands with whom they were one.
            theirs = Redemption.objects.filter(customer_id=paid.customer_id, reward=reward)
            known = theirs.filter(source=cause.source).select_related("terms", "coupon").first()
            if known is None:
                raise SourceConflict
            return Taken(known, is_new=False)
        if terms.tiers and not tier:
            tier = tier_at([owner], cause.at).get(owner, "")
        _check(owner, terms, cause, tier)
        taken = mine.exclude(state=RedemptionState.CANCELLED).count()
        if terms.per_customer is not None and taken >= terms.per_customer:
            raise RewardLimit(terms.per_customer)
        return Taken(_take(owner, reward, terms, paid, cause))


def cancel(customer_id: int, redemption_id: int, cause: Cause, *, waiting: bool = False) -> Redemption:
    """Points, stock and coupon are as before. Cancelled before: nothing changes. `waiting`: only what was not handed
    over yet.

    Raises CouponWasUsed, NoSuchRedemption, NotReady.
    """
    with transaction.atomic():
        owner = present(customer_id)
        rows = Redemption.objects.select_for_update(of=("self",)).filter(customer_id=owner, pk=redemption_id)
        found = rows.select_related("reward", "terms").first()
        if found is None:
            raise NoSuchRedemption
        if found.state == RedemptionState.CANCELLED:
            return found
        if waiting and found.state != RedemptionState.READY:
            raise NotReady
        if found.coupon_id:
            try:
                giving.void(owner, found.coupon_id, by=cause.by, at=cause.at)
            except CannotVoid:
                raise CouponWasUsed from None
        _give_back(found, Cause(f"reward:{found.pk}:cancel", cause.at, cause.by, cause.store_id))
        if found.reward.is_counted and found.store_id:
            stock.give_back(found.reward_id, found.store_id)
        found.state, found.state_at = RedemptionState.CANCELLED, cause.at
        found.state_by = trail.actor_name(cause.by)
        Redemption.objects.filter(customer_id=owner, pk=found.pk).update(
            state=found.state, state_at=found.state_at, state_by=found.state_by
        )
        trail.record("reward.cancel", found, by=cause.by, store_id=found.store_id)
    return found


def misfit(
    terms: RewardTerms,
    store_id: int | None,
    on: date,
    tier: str,
    names: Names | None = None,
    *,
    early: int = 0,
) -> RewardRefused | None:
    """Why a reward is not given in this store, on its day, to this tier; None: it is. `early`: days before others."""
    if (terms.from_on and on < terms.from_on - timedelta(days=early)) or (terms.to_on and on > terms.to_on):
        shown = [
            formats.date_format(day, "DATE_FORMAT") if day else "…" for day in (terms.from_on, terms.to_on)
        ]
        return RewardNotNow(*shown)
    if terms.only_stores and store_id not in terms.only_stores:
        return RewardNotHere((names or Names()).stores(terms.only_stores))
    if terms.tiers and tier not in terms.tiers:
        return RewardNotForTier(", ".join(terms.tiers))
    return None


def _known(owner: int, reward: Reward, cause: Cause) -> Redemption | None:
    """The same was asked for before, maybe when the owner was one with somebody from whom they are parted now."""
    sides = accounts.sides(owner, Unit.POINTS)
    rows = Redemption.objects.filter(customer_id__in=sides, reward=reward, source=cause.source)
    return rows.select_related("terms", "coupon").first()


def _terms(reward: Reward, cause: Cause) -> RewardTerms:
    fresh = Reward.objects.get(pk=reward.pk)
    terms = catalogue.terms_at(fresh, cause.at)
    if terms is None or (fresh.ended_at and fresh.ended_at <= cause.at):
        raise RewardEnded
    if fresh.is_counted and cause.store_id is None:
        raise StoreNeeded
    return terms


def _check(owner: int, terms: RewardTerms, cause: Cause, tier: str) -> None:
    on = cause.at.astimezone(zone_of(cause.store_id)).date()
    is_too_early = terms.from_on is not None and on < terms.from_on  # for most
    early = early_days(owner, cause.at) if is_too_early else 0
    if refused := misfit(terms, cause.store_id, on, tier, early=early):
        raise refused


def _pay(owner: int, reward: Reward, terms: RewardTerms, cause: Cause) -> Spent:
    source = wholes.source_of(reward.pk, cause.source)
    return spending.redeem(
        owner, terms.points, Cause(source, cause.at, cause.by, cause.store_id, cause.purchase_id)
    )


def _give_back(found: Redemption, cause: Cause) -> None:
    """Its points, to the same lots: of everybody's, where the family paid. What came from somebody who was erased
    since comes back to nobody. A free trial has none."""
    if found.movement_id is not None:
        ledger.reverse(found.customer_id, found.movement_id, cause)
    elif (whole := wholes.whole_of(found)) is not None and returning.left(whole):
        returning.give_back(found.customer_id, whole.pk, cause)


def _paid_by(reward: Reward, paid: Spent | None, cause: Cause) -> str:
    """What a voucher's coupon comes from, in few letters."""
    if paid is None:
        return f"free:{reward.pk}:{sha256(cause.source.encode()).hexdigest()[:40]}"
    return f"family:{paid.redemption_id}" if paid.redemption_id else str(paid.parts[0].movement_id)


def _take(owner: int, reward: Reward, terms: RewardTerms, paid: Spent | None, cause: Cause) -> Redemption:
    """`paid`: None where it is free."""
    movement_id = paid.parts[0].movement_id if paid and not paid.redemption_id else None
    if reward.is_counted:
        assert cause.store_id
        stock.take(reward.pk, cause.store_id)
    coupon = None
    if terms.coupon is not None:
        source = f"reward:{_paid_by(reward, paid, cause)}"
        coupon = giving.issue(owner, terms.coupon, Cause(source, cause.at, cause.by, cause.store_id))
    state = RedemptionState.HANDED if terms.kind in AT_ONCE else RedemptionState.READY
    actor = trail.actor_name(cause.by)
    return Redemption.objects.create(
        customer_id=owner, reward=reward, terms=terms, store_id=cause.store_id, purchase_id=cause.purchase_id,
        movement_id=movement_id, coupon=coupon, source=cause.source, money=terms.money,
        points=terms.points if paid else 0, trial_year=None if paid else trials.year_of(cause.at),
        redeemed_at=cause.at, actor=actor, state=state, state_at=cause.at, state_by=actor,
    )  # fmt: skip
