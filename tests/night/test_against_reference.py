"""Night after night, with late tills, returns and skipped nights: what is published is what the reference says."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from crm.org.models import Store
from customers import bought, stages, states, whole
from customers.models import Customer, LifecycleRules, Purchase, StaleState
from segmentation import schemes, standings
from segmentation.models import Scheme, Standing
from tests.night.helpers import buy, fingerprint, forget_nights, people, proven, purchases_frame, run_night
from tests.segmentation import reference

FIRST = date(2025, 6, 2)
SAME_AFTER_REBUILD = ("state", "basis", "lifecycle", "standing", "published")


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "SLICE", 40)
    monkeypatch.setattr(states, "CHUNK", 13)


@pytest.mark.parametrize("seed", range(2))
def test_every_night_is_the_reference(harbour: Store, uptown: Store, chain: object, seed: int) -> None:
    rng = random.Random(seed)
    everybody = people(60, harbour) + people(20, uptown) + people(5, None)
    settings = drawn_scheme(rng)
    on = FIRST
    trade(rng, everybody, harbour, FIRST - timedelta(days=400), FIRST, n=400)
    for _ in range(6):
        run_night(on)
        check(on, settings)
        day = on + timedelta(days=rng.choice([1, 1, 1, 2, 9, 40]))
        trade(rng, everybody, harbour, on + timedelta(days=1), day, n=40)
        trade(
            rng, everybody, harbour, day - timedelta(days=30), day + timedelta(days=2), n=5
        )  # late, and of tomorrow
        give_back(rng)
        on = day
    assert proven()
    run_night(on)
    check(on, settings)
    kept = fingerprint()
    run_night(on, rebuild=True)  # the same date again, from scratch
    assert {name: kept[name] for name in SAME_AFTER_REBUILD} == {
        name: fingerprint()[name] for name in SAME_AFTER_REBUILD
    }


def drawn_scheme(rng: random.Random) -> reference.Settings:
    schemes.groups()
    Scheme.objects.all().delete()
    buckets = rng.choice([3, 5, 10])
    found = reference.Settings(
        window_days=rng.choice([90, 365]), buckets=buckets, axis=rng.choice(["f", "fm"])
    )
    schemes.change(by="system:test", window_days=found.window_days, buckets=buckets, axis=found.axis)
    return found


def trade(rng: random.Random, who: list[Customer], at: Store, first: date, last: date, *, n: int) -> None:
    days = (last - first).days
    rows = []
    for _ in range(n):
        customer = who[int(len(who) * rng.random() ** 2)]
        cents = rng.choice([0, 50, 1999, rng.randint(1, 30_000)])
        back = rng.choice([0, 0, 0, 0, cents, cents // 2])
        rows.append((customer.pk, first + timedelta(days=rng.randint(0, max(days, 0))), cents, back))
    buy(rows, at)


def give_back(rng: random.Random) -> None:
    """Some receipts are returned in full, some days are emptied of purchases (as a merge does)."""
    some = rng.sample(list(Purchase.objects.order_by("pk")), 6)
    for purchase in some[:4]:
        Purchase.objects.filter(pk=purchase.pk).update(returned=purchase.amount)
    Purchase.objects.filter(pk__in=[purchase.pk for purchase in some[4:]]).delete()
    StaleState.objects.bulk_create([StaleState(customer_id=purchase.customer_id) for purchase in some])


def check(on: date, settings: reference.Settings) -> None:
    expected = reference.standings(purchases_frame(), on, settings)
    rows = Standing.objects.at(published_number()).values_list(
        "customer_id", "r", "f", "m", "x", "group__code", "value_class"
    )
    found = pd.DataFrame(sorted(rows), columns=["customer", *expected.columns]).set_index("customer")
    pd.testing.assert_frame_equal(
        found, expected, check_dtype=False, check_index_type=False, check_names=False
    )


def published_number() -> int:
    from customers import nights

    night = nights.published()
    assert night is not None
    return night.pk


@pytest.mark.parametrize("seed", [1])
def test_lives_are_the_same_whether_nights_were_skipped_or_not(
    harbour: Store, chain: object, seed: int
) -> None:
    rng = random.Random(seed)
    rules = LifecycleRules.objects.create(new_days=3, dormant_days=5, lost_days=9, won_back_days=4)
    who = people(30, harbour, since=FIRST)
    trade(rng, who, harbour, FIRST - timedelta(days=10), FIRST + timedelta(days=50), n=200)
    Purchase.objects.all().update(returned=0)
    last = FIRST + timedelta(days=32)
    dense = [FIRST + timedelta(days=i) for i in range(33)]
    sparse = sorted({FIRST, last, *rng.sample(dense, 4)})
    expected = lives_by_reference(last, rules)
    for dates in (dense, sparse, [last]):
        forget_nights()
        StaleState.objects.all().delete()
        for on in dates:
            run_night(on)
        assert {c.pk: spells_of(c) for c in who} == expected


def lives_by_reference(last: date, rules: LifecycleRules) -> dict[int, list[tuple[str, date, date | None]]]:
    wanted = reference.Rules(rules.new_days, rules.dormant_days, rules.lost_days, rules.won_back_days)
    frame = purchases_frame()
    return {
        customer.pk: reference.life(
            [day for day in frame.day[frame.customer == customer.pk] if day <= last], FIRST, last, wanted
        )
        for customer in Customer.objects.all()
    }


def spells_of(customer: Customer) -> list[tuple[str, date, date | None]]:
    from customers.models import Stage

    return [(Stage(s.stage).name, s.began_on, s.ended_on) for s in reversed(stages.life_of(customer))]


def test_an_explanation_shows_the_figures_behind_the_scores(harbour: Store, chain: object) -> None:
    who = people(5, harbour)
    on = FIRST
    buy([(who[i].pk, on - timedelta(days=10 * i), 1000 * (i + 1), 0) for i in range(5)], harbour)
    buy([(who[0].pk, on - timedelta(days=100), 5000, 1000)], harbour)
    run_night(on)
    found = standings.explain(who[0])
    assert found is not None
    assert [(s.measure, s.value, s.score, s.above, s.up_to) for s in found.scores] == [
        ("recency", 0, 5, None, 0),
        ("frequency", 2, 5, 1, None),
        ("monetary", 50, 4, 40, 50),
    ]
    assert found.last_on == on
    assert found.night.computed_at is not None
    assert found.night.published_at is not None
    assert found.night.computed_at <= found.night.published_at
    assert found.group.code == "champions"


def test_the_page_and_the_explanation_count_alike(harbour: Store, chain: object) -> None:
    """Late receipts, those before the window and those given back whole stay out of what the night counted."""
    who = people(2, harbour)
    days = [(0, 0), (400, 0), (10, 1000)]
    buy([(who[0].pk, FIRST - timedelta(days=before), 1000, back) for before, back in days], harbour)
    run_night(FIRST)
    buy([(who[0].pk, FIRST, 7000, 0)], harbour)
    for one in who:
        told = whole.read(one, months_since=FIRST)
        assert told.night is not None
        assert told.counted == bought.counted(one, told.night)
    assert whole.read(who[0], months_since=FIRST).counted == bought.Counted(FIRST, 1, Decimal(10))
    assert whole.read(who[1], months_since=FIRST).counted == bought.Counted(None, 0, Decimal(0))
