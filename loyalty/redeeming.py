"""Spending for somebody who stands there: points, a reward (coupons: `vouchers`); and giving back what was spent."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from crm.audit.trail import actor_name
from crm.lib.refusals import Refusal
from crm.org.models import Staff, Store
from customers.models import Channel
from loyalty import coupons, ledger, rewards
from loyalty.coupons.fitting import Names
from loyalty.evaluation import Asked, prizes
from loyalty.evaluation.person import Person
from loyalty.evaluation.prizes import Prize
from loyalty.families import returning, spending
from loyalty.families.returning import GivenBack
from loyalty.families.spending import Spent
from loyalty.glanceparts import Moved, Together
from loyalty.ledger import Cause, Posted
from loyalty.models import (
    CouponUse,
    FamilyRedemption,
    Kind,
    Movement,
    Redemption,
    RedemptionState,
    Reward,
)
from loyalty.tiers import early_days, tier_at

DAY = timedelta(days=1)
_TOKEN = re.compile(r"[0-9a-f]{32}")


class FormInvalid(Refusal):
    code = "form_invalid"


class RewardIsWhole(Refusal):
    """Points that bought a reward come back with it, all of them."""

    code = "reward_is_whole"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("These points bought a reward: it is given back whole."))


def redeem(
    customer_id: int, points: int, *, token: str, at: datetime, by: Any, store_id: int | None
) -> Spent:
    """Spend points once a token, of the family's too where the own are not enough: what one form sends twice is spent
    once. Raises InsufficientPoints."""
    return spending.redeem(customer_id, points, Cause(source_of(token), at, by, store_id=store_id))


def give_back(customer_id: int, spent: int, *, at: datetime, by: Any, store_id: int | None) -> int:
    """All that is left of a redemption, to the same lots; of points that bought a reward, the reward is cancelled. The
    points that came back. Done twice, the second changes nothing. Raises CouponWasUsed, FamilyIsWhole."""
    cause = Cause(f"counter:{Movement(pk=spent).public_id}/back", at, by, store_id=store_id)
    returning.refuse_part(customer_id, spent)
    taken = Redemption.objects.filter(customer_id=customer_id, movement_id=spent).first()
    if taken:
        return int(rewards.cancel(customer_id, taken.pk, cause).points)
    return ledger.reverse(customer_id, spent, cause).points


def give_family_back(
    customer_id: int, redemption_id: int, *, at: datetime, by: Any, store_id: int | None
) -> int:
    """The same of what was spent with the family: everybody gets back what was theirs. Raises NothingToContinue,
    CouponWasUsed."""
    source = f"counter:{FamilyRedemption(pk=redemption_id).public_id}/back"
    return reverse_family(customer_id, redemption_id, Cause(source, at, by, store_id)).points


def reverse_family(
    customer_id: int, redemption_id: int, cause: Cause, *, points: int | None = None
) -> GivenBack:
    """What was spent with the family, or a part; of points that bought a reward, the reward is cancelled. Raises
    NothingToContinue, SourceConflict, RewardIsWhole, CouponWasUsed."""
    whole = FamilyRedemption.objects.filter(customer=customer_id, pk=redemption_id).first()
    taken = rewards.taken_with(whole) if whole else None
    if whole is None or taken is None:
        return returning.give_back(customer_id, redemption_id, cause, points=points)
    if points not in {None, taken.points}:
        raise RewardIsWhole
    was_cancelled = taken.state == RedemptionState.CANCELLED
    rewards.cancel(customer_id, taken.pk, cause)
    return returning.all_back(whole)._replace(is_new=not was_cancelled)


def reverse(customer_id: int, spent: Movement, cause: Cause, *, points: int | None = None) -> Posted:
    """Give back a redemption or a part; of points that bought a reward, the reward is cancelled. Raises
    NothingToContinue, RewardIsWhole, CouponWasUsed, FamilyIsWhole."""
    returning.refuse_part(customer_id, spent.pk)
    taken = Redemption.objects.filter(customer_id=customer_id, movement_id=spent.pk).first()
    if taken is None:
        return ledger.reverse(customer_id, spent.pk, cause, points=points, unit=spent.unit)
    if points not in {None, taken.points}:
        raise RewardIsWhole
    was_cancelled = taken.state == RedemptionState.CANCELLED
    rewards.cancel(customer_id, taken.pk, cause)
    back = Movement.objects.get(customer=customer_id, of=spent.pk, kind=Kind.REVERSAL)
    return Posted(back.pk, Kind.REVERSAL, taken.points, is_new=not was_cancelled, customer_id=customer_id)


def rewards_for(customer_id: int, spendable: int, store: Store, at: datetime) -> list[Prize]:
    """All rewards that are given now, with what speaks against each in this store. `spendable`: with the family. A few
    statements."""
    asked = Asked(store, Channel.STORE, at, (), customer_id=customer_id)
    who = Person(
        customer_id, spendable=spendable, tiers=tier_at([customer_id], at), early=early_days(customer_id, at)
    )
    return prizes.of(asked, who, Names())


def take_reward(
    customer_id: int,
    reward: Reward,
    *,
    token: str,
    at: datetime,
    by: Any,
    store_id: int | None,
    door: str = "counter",
) -> Redemption:
    """Take a reward once a token. `door`: where they are. Raises what rewards refuse, InsufficientPoints."""
    return rewards.redeem(
        customer_id, reward, Cause(source_of(token, door), at, by, store_id=store_id)
    ).redemption


def give_use_back(staff: Staff, customer_id: int, use_id: int, *, at: datetime) -> CouponUse | None:
    """A use of today, in one's stores or by oneself; None: there is no such use. Done twice, the same."""
    use = CouponUse.objects.filter(customer_id=customer_id, pk=use_id, redeemed_at__gte=at - DAY).first()
    if use is None or not (use.store_id in staff.scope() or use.actor == actor_name(staff)):
        return None
    return coupons.reverse(
        customer_id, use.pk, Cause(f"counter:{use.public_id}/back", at, staff, use.store_id)
    )


def can_give_back(staff: Staff, spent: Moved | Together | FamilyRedemption) -> bool:
    """What was spent in one's stores, or by oneself."""
    return (spent.store_id is not None and spent.store_id in staff.scope()) or spent.actor == actor_name(
        staff
    )


def choices(spendable: int) -> list[int]:
    """Round numbers up to what is there, the largest last; all of it stands beside them."""
    rounds = [digit * 10**zeros for zeros in range(1, 9) for digit in (1, 2, 5)]
    return [number for number in rounds if number < spendable][-3:]


def offered(spendable: int) -> int:
    """What the form begins with: the largest round number, or all."""
    return (choices(spendable) or [spendable])[-1]


def source_of(token: str, door: str = "counter") -> str:
    """What one form sends twice is one thing. Raises FormInvalid."""
    if not _TOKEN.fullmatch(token):
        raise FormInvalid(_("This form is not whole. Open it again."))
    return f"{door}:{token}"
