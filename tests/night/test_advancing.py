"""States brought forward from what is new alone are what a rebuild gives, whatever came when; few are computed anew."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from crm.lib.columns import Columns
from crm.org.models import Store
from customers import advancing, states
from customers.models import Customer, LifecycleRules, Purchase, PurchaseState, StaleState
from segmentation import schemes
from tests.night.helpers import buy, people, proven, run_night

MONDAY = date(2026, 3, 9)
STATE = (
    "first_on",
    "last_on",
    "comeback_on",
    "count",
    "spent",
    "window_first_on",
    "window_count",
    "window_spent",
    "next_on",
)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch, chain: object) -> LifecycleRules:
    """Short times, so that a few weeks see everything happen; never a rebuild for the number of changes."""
    monkeypatch.setattr(states, "REBUILD_SHARE", 0)
    monkeypatch.setattr(states, "SLICE", 7)
    schemes.groups()
    schemes.change(by="system:test", window_days=20)
    return LifecycleRules.objects.create(new_days=3, dormant_days=5, lost_days=9, won_back_days=4)


@pytest.fixture
def computed_anew(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Customers whose whole history was read."""
    seen: list[int] = []
    compute = states.compute_listed

    def listed(cursor: Any, basis: states.Basis, ids: Any) -> dict[str, Any]:
        seen.extend(ids.tolist())
        return compute(cursor, basis, ids)

    monkeypatch.setattr(states, "compute_listed", listed)
    return seen


def state_of(customer: Customer) -> dict[str, Any]:
    return PurchaseState.objects.filter(customer=customer).values(*STATE).get()


@pytest.mark.parametrize("seed", range(6))
def test_night_after_night_it_is_the_rebuild(harbour: Store, seed: int) -> None:
    some_nights(harbour, seed)


@pytest.mark.django_db(transaction=True)
def test_it_is_the_rebuild_with_slices_side_by_side_and_on_disk(
    harbour: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Columns.__init__, "__defaults__", (0,))
    some_nights(harbour, seed=6)


def some_nights(harbour: Store, seed: int) -> None:
    rng = random.Random(seed)
    who = people(16, harbour)
    buy([(rng.choice(who).pk, day(-rng.randint(0, 40)), rng.randint(0, 900), 0) for _ in range(40)], harbour)
    on = 0
    run_night(day(on))
    for _ in range(8):
        nights = rng.choice([1, 1, 1, 2, 5, 15, 30])
        rows = []
        for _ in range(rng.randint(0, 12)):
            # Mostly of these days; some late, some of a future that the night does not know yet.
            at = on + rng.choice(
                [1, nights, nights, rng.randint(1, nights), rng.randint(-30, 0), nights + rng.randint(1, 4)]
            )
            cents = rng.choice([0, 100, rng.randint(1, 900)])
            rows.append((rng.choice(who[:10]).pk, day(at), cents, rng.choice([0, 0, 0, cents])))
        buy(rows, harbour)
        give_back(rng)
        on += nights
        run_night(day(on))
        assert proven()
        assert not StaleState.objects.exists()


def give_back(rng: random.Random) -> None:
    for purchase in Purchase.objects.order_by("?")[: rng.choice([0, 0, 1])]:
        Purchase.objects.filter(pk=purchase.pk).update(returned=purchase.amount)
        StaleState.objects.create(customer_id=purchase.customer_id)


def test_a_new_day_is_added_and_an_old_one_leaves(harbour: Store, computed_anew: list[int]) -> None:
    irina = people(1, harbour)[0]
    buy([(irina.pk, day(-19), 1000, 0), (irina.pk, day(-18), 700, 0), (irina.pk, day(0), 500, 100)], harbour)
    run_night(day(0))
    assert computed_anew == []  # the first night computes everybody
    buy([(irina.pk, day(1), 250, 0), (irina.pk, day(3), 9900, 0)], harbour)
    run_night(day(1))
    assert state_of(irina) == {
        "first_on": day(-19), "last_on": day(1), "comeback_on": day(0), "count": 4, "spent": 23.5,
        "window_first_on": day(-18), "window_count": 3, "window_spent": 13.5, "next_on": day(3),
    }  # fmt: skip
    assert computed_anew == []


def test_the_next_purchase_in_the_window_may_be_far(harbour: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advancing, "NEXT_VISIT", timedelta(days=5))
    irina, yusuf = people(2, harbour)
    buy([(who.pk, day(-19), 1000, 0) for who in (irina, yusuf)], harbour)
    buy([(irina.pk, day(-12), 500, 0), (yusuf.pk, day(-16), 500, 0)], harbour)
    run_night(day(0))
    run_night(day(1))
    assert {who: state_of(who)["window_first_on"] for who in (irina, yusuf)} == {
        irina: day(-12),
        yusuf: day(-16),
    }
    assert proven()


@pytest.mark.parametrize(("pause", "comeback"), [(9, None), (10, day(1))])
def test_a_comeback_is_told_by_the_pause_before_it(harbour: Store, pause: int, comeback: date | None) -> None:
    irina = people(1, harbour)[0]
    buy([(irina.pk, day(1 - pause), 1000, 0)], harbour)
    run_night(day(0))
    buy([(irina.pk, day(1), 100, 0)], harbour)
    run_night(day(1))
    assert state_of(irina)["comeback_on"] == comeback
    run_night(day(4))
    assert state_of(irina)["comeback_on"] == comeback  # four days: 1 to 4
    run_night(day(5))
    assert state_of(irina)["comeback_on"] is None


def test_what_changes_an_older_day_is_computed_anew(harbour: Store, computed_anew: list[int]) -> None:
    irina, yusuf, anna = people(3, harbour)
    buy([(who.pk, day(-i), 1000, 0) for i in range(3) for who in (irina, yusuf, anna)], harbour)
    run_night(day(0))
    buy([(irina.pk, day(0), 100, 0), (anna.pk, day(1), 100, 0)], harbour)  # Irina's till was a day late
    StaleState.objects.create(customer_id=yusuf.pk)
    newcomer = people(1, harbour)[0]
    buy([(newcomer.pk, day(1), 100, 0)], harbour)
    run_night(day(1))
    assert computed_anew == [irina.pk, yusuf.pk, newcomer.pk]
    assert proven()


def test_a_late_till_is_no_late_till_for_who_was_not_looked_at_since(
    harbour: Store, computed_anew: list[int]
) -> None:
    irina = people(1, harbour)[0]
    buy([(irina.pk, day(-1), 1000, 0)], harbour)
    run_night(day(0))
    run_night(day(3))
    buy([(irina.pk, day(2), 100, 0)], harbour)
    run_night(day(4))
    assert computed_anew == []
    assert (state_of(irina)["count"], state_of(irina)["last_on"]) == (2, day(2))


def test_the_same_day_twice_is_not_counted_twice(harbour: Store) -> None:
    irina = people(1, harbour)[0]
    buy([(irina.pk, day(-1), 1000, 0)], harbour)
    run_night(day(0))
    buy([(irina.pk, day(1), 100, 0)], harbour)
    run_night(day(1))
    buy([(irina.pk, day(1), 40, 0)], harbour)  # of a day that the state knows already
    run_night(day(1))
    assert (state_of(irina)["count"], float(state_of(irina)["spent"])) == (3, 11.4)


def test_states_that_do_not_say_their_date_are_computed_anew(
    harbour: Store, computed_anew: list[int]
) -> None:
    """As an earlier release left them."""
    irina = people(1, harbour)[0]
    buy([(irina.pk, day(-1), 1000, 0)], harbour)
    run_night(day(0))
    PurchaseState.objects.update(as_on=None)
    buy([(irina.pk, day(1), 100, 0)], harbour)
    run_night(day(1))
    assert computed_anew == [irina.pk]
    assert proven()


def test_a_date_before_what_it_counts_is_a_fault(harbour: Store) -> None:
    irina = people(1, harbour)[0]
    buy([(irina.pk, day(-1), 1000, 0)], harbour)
    run_night(day(0))
    for wrong in (day(-2), day(1), None):
        PurchaseState.objects.update(as_on=wrong)
        assert not proven()
    run_night(day(0), rebuild=True)
    assert proven()
    assert PurchaseState.objects.get().as_on == day(0)


def test_the_readings_are_narrow(harbour: Store) -> None:
    """Of a long history only what arrived and what left is read."""
    irina = people(1, harbour)[0]
    buy([(irina.pk, day(-i), 100, 0) for i in range(60)], harbour)
    run_night(day(0))
    buy([(irina.pk, day(1), 100, 0)], harbour)
    basis = states.Basis(day(1), 20, 9, 4)
    with connection.cursor() as cursor:
        cursor.execute(advancing._ARRIVED, {"ids": [irina.pk]})
        assert cursor.fetchall() == [(irina.pk, day(1), 100)]
        start = basis.values["start"]
        cursor.execute(
            advancing._LEFT, {"ids": [irina.pk], "start": start, "until": start + advancing.NEXT_VISIT}
        )
        assert cursor.fetchall() == [(irina.pk, 1, 100, day(-18))]
