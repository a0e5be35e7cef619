"""Free trials: a reward without points so many times a year, counted, also by many at once."""

from datetime import datetime
from decimal import Decimal
from functools import partial

import pytest

from crm.org.models import Staff, Store
from customers import merging
from customers.models import Customer
from loyalty import ledger, rewards
from loyalty.evaluation import Asked, evaluate
from loyalty.ledger import Cause, InsufficientPoints, NewLot
from loyalty.models import Benefit, BenefitKind, Movement, Redemption, Reward, RewardKind, Tier
from loyalty.rewards import catalogue
from tests.customers.test_merge_races import in_threads
from tests.loyalty.test_tiers import at_noon, ladder


def tried(by: Staff, times: int = 2) -> Reward:
    terms = {"kind": RewardKind.DISCOUNT, "amount": Decimal(5), "points": 100}
    found = catalogue.define(code="tea", name="Tea", terms=terms, by=by, at=at_noon("2026-01-01"))
    base = Tier.objects.get(scheme=ladder(), rank=0)
    Benefit.objects.create(tier=base, kind=BenefitKind.FREE_TRIAL, value=times, reward=found)
    return found


def why(on: str, source: str, store: Store) -> Cause:
    return Cause(source, at_noon(on), "till:1", store_id=store.pk)


def costs(who: Customer, store: Store, at: datetime) -> list[tuple[int, int, bool]]:
    asked = Asked(store, 1, at, (), customer_id=who.pk)
    return [(one.points, one.trials, one.refused is None) for one in evaluate(asked).prizes]


@pytest.mark.django_db
def test_free_so_often_a_year_then_for_points(irina: Customer, max_: Staff, harbour: Store) -> None:
    tea, at = tried(max_), at_noon("2026-03-10")
    assert costs(irina, harbour, at) == [(0, 2, True)]
    first = rewards.redeem(irina.pk, tea, why("2026-03-10", "a", harbour))
    again = rewards.redeem(irina.pk, tea, why("2026-03-10", "a", harbour))
    assert (first.is_new, again.is_new, again.redemption) == (True, False, first.redemption)
    assert (first.redemption.points, first.redemption.trial_year) == (0, 2026)
    second = rewards.redeem(irina.pk, tea, why("2026-12-31", "b", harbour)).redemption
    assert costs(irina, harbour, at) == [(100, 0, False)]
    with pytest.raises(InsufficientPoints):
        rewards.redeem(irina.pk, tea, why("2026-12-31", "c", harbour))
    rewards.cancel(irina.pk, second.pk, why("2026-12-31", "back", harbour))
    assert costs(irina, harbour, at) == [(0, 1, True)]
    rewards.redeem(irina.pk, tea, why("2026-12-31", "d", harbour))
    assert rewards.redeem(irina.pk, tea, why("2027-01-01", "e", harbour)).redemption.trial_year == 2027
    assert not Movement.objects.exists()
    ledger.earn(irina.pk, [NewLot(150)], why("2026-12-31", "receipt:1", harbour))
    assert rewards.redeem(irina.pk, tea, why("2026-12-31", "f", harbour)).redemption.points == 100


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_as_many_are_free_as_there_are(irina: Customer, max_: Staff, harbour: Store) -> None:
    tea = tried(max_, times=1)

    refused = []

    def take(number: int) -> None:
        try:
            rewards.redeem(irina.pk, tea, why("2026-03-10", f"till:{number}", harbour))
        except InsufficientPoints:
            refused.append(number)

    in_threads(*[partial(take, number) for number in range(4)])
    assert (len(refused), Redemption.objects.filter(trial_year=2026).count()) == (3, 1)


def test_a_trial_sent_again_after_the_two_have_parted_is_the_same(
    irina: Customer, yusuf: Customer, max_: Staff, ana: Staff, harbour: Store
) -> None:
    tea = tried(max_)
    done = merging.merge(irina, yusuf, by=ana, at=at_noon("2026-03-10"), reason="one", is_confirmed=True)
    first = rewards.redeem(irina.pk, tea, why("2026-03-11", "a", harbour))
    merging.unmerge(done, by=ana, at=at_noon("2026-03-12"))
    again = rewards.redeem(yusuf.pk, tea, why("2026-03-11", "a", harbour))
    assert (again.is_new, again.redemption.pk) == (False, first.redemption.pk)
