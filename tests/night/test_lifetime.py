"""The lifetime step: a chain of the model's own customers, small and empty chains, resuming, and what is replaced."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from crm.jobs import runner
from crm.jobs.claim import Claim
from crm.org.models import Store
from customers import histories, nights, states
from customers.models import Customer, Purchase
from segmentation import generations
from segmentation.lifetime import grouping
from segmentation.lifetime.bgnbd import Params, probability_alive
from segmentation.models import LifetimeFit, LifetimeScore, LifetimeSum
from tests.night.helpers import buy, people, run_night

ON = date(2026, 3, 10)
DAYS = 420


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch, chain: object, from_one: None) -> None:
    monkeypatch.setattr(states, "SLICE", 100)
    for module in (histories, grouping):
        monkeypatch.setattr(module, "RANGE", 70)


def crowd(store: Store, size: int, *, seed: int = 1, other: Store | None = None) -> list[Customer]:
    """Customers who live by BG/NBD, seen for up to 420 days."""
    rng = np.random.default_rng(seed)
    who = people(size - size // 4, store) + people(size // 4, other or store)
    rows = []
    for person in who:
        day, rate, leave = int(rng.integers(0, DAYS - 60)), rng.gamma(1.2, 1 / 30), rng.beta(0.8, 6)
        at = float(day)
        while at < DAYS:
            rows.append((person.pk, ON - timedelta(days=DAYS - 1 - int(at)), int(rng.integers(500, 9000)), 0))
            if rng.random() < leave:
                break
            at += rng.exponential(1 / rate)
    buy(rows, store)
    return who


def test_a_night_fits_and_scores_everybody(harbour: Store, uptown: Store) -> None:
    who = crowd(harbour, 400, other=uptown)
    run_night(ON)
    fit = generations.serving(LifetimeFit)
    assert fit is not None
    assert (fit.customers, fit.days, fit.why, fit.why_value) == (400, 419, "", "")
    assert fit.search["agreeing"] == fit.search["starts"] == 4
    assert fit.repeaters == sum(score.alive < 1000 for score in LifetimeScore.objects.all())
    assert LifetimeScore.objects.count() == 400
    assert set(LifetimeScore.objects.values_list("night", flat=True)) == {fit.night_id}
    for score in LifetimeScore.objects.filter(customer__in=who[::40]):
        assert 0 <= score.alive <= 1000
        assert 0 <= score.purchases_30 <= score.purchases_90 <= score.purchases_365
        assert 0 <= score.value_30 <= score.value_90 <= score.value_365
    sums = {row.store_id: row for row in LifetimeSum.objects.all()}
    assert {store: row.customers for store, row in sums.items()} == {harbour.pk: 300, uptown.pk: 100}
    total = sum(LifetimeScore.objects.values_list("value_365", flat=True))
    assert sum(row.value_365 for row in sums.values()) == total > 0
    assert sum(row.alive for row in sums.values()) == LifetimeScore.objects.filter(alive__gte=500).count()


def test_a_score_is_what_the_fit_says_of_the_receipts(harbour: Store, irina: Customer) -> None:
    """Irina: three days within forty, two receipts on one of them, one of them a future one that does not count."""
    crowd(harbour, 300)
    first = ON - timedelta(days=100)
    later = (first + timedelta(days=40), first + timedelta(days=20), first, ON + timedelta(days=1))
    buy([(irina.pk, day, 1000, 0) for day in (first, *later)], harbour)
    buy([(irina.pk, first + timedelta(days=60), 700, 700)], harbour)  # brought back
    run_night(ON)
    fit, score = LifetimeFit.objects.get(), LifetimeScore.objects.get(customer=irina)
    alive = float(probability_alive(Params(fit.r, fit.alpha, fit.a, fit.b), 2, 40, 100))
    assert score.alive == round(1000 * alive)
    # three days with 40.00 in all: 13.33 a day, drawn towards the chain's mean
    p, q, v = fit.spend_p, fit.spend_q, fit.spend_v
    each = p * (v + 40) / (3 * p + q - 1)
    assert float(score.value_90) == pytest.approx(score.purchases_90 / 100 * each, rel=0.01)


def test_what_was_expected_is_compared_with_what_came(harbour: Store) -> None:
    crowd(harbour, 400)
    run_night(ON)
    tracking = LifetimeFit.objects.get().tracking
    assert tracking["until"] == str(ON - timedelta(days=133))  # a third of what was seen, whole weeks
    weeks = tracking["weeks"]
    assert len(weeks) == 60
    assert weeks[-1][0] == str(ON)
    assert [date.fromisoformat(day).weekday() for day, *_ in weeks] == [ON.weekday()] * 60
    assert tracking["until"] in [day for day, *_ in weeks]
    held = tracking["holdout"]
    assert held["days"] == 133
    assert sum(n for _day, n, _m in weeks[-19:]) == held["actual"] == sum(row[2] for row in held["by_count"])
    assert held["expected"] == pytest.approx(held["actual"], rel=0.25)
    assert sum(row[1] for row in held["by_count"]) == tracking["customers"]
    assert sum(n for _x, n, _m in tracking["counts"]) == tracking["customers"]
    assert sum(m for _x, _n, m in tracking["counts"]) == pytest.approx(tracking["customers"], abs=1)
    # people who came after the calibration are not among them
    assert tracking["customers"] < 400


def test_with_fifty_customers_averages_speak_and_say_so(harbour: Store) -> None:
    crowd(harbour, 50)
    run_night(ON)
    fit = LifetimeFit.objects.get()
    assert (fit.customers, fit.why, fit.why_value, fit.r, fit.spend_p) == (50, "few", "few", None, None)
    assert fit.tracking == {}
    scores = list(LifetimeScore.objects.all())
    assert len(scores) == 50
    assert {score.alive for score in scores} == {None}
    assert all(0 < score.purchases_30 < score.purchases_365 for score in scores)
    assert [row.alive for row in LifetimeSum.objects.all()] == [None]


def test_days_of_which_no_receipts_have_come_in_are_nobodys_absence(harbour: Store) -> None:
    crowd(harbour, 300)
    run_night(ON)
    before = written()
    run_night(ON + timedelta(days=9))
    last = LifetimeFit.objects.latest("night")
    assert last.until == Purchase.objects.latest("business_date").business_date < ON + timedelta(days=9)
    assert written() == before


def test_averages_by_hand(harbour: Store) -> None:
    """Two people, 100 and 50 days known; one came again once. 1.5 purchases in 150 days: one in 100 days."""
    anna, bert = people(2, harbour)
    buy([(anna.pk, ON - timedelta(days=100), 1000, 0), (anna.pk, ON, 3000, 0)], harbour)
    buy([(bert.pk, ON - timedelta(days=50), 2000, 0)], harbour)
    run_night(ON)
    fit = LifetimeFit.objects.get()
    assert (fit.rate, fit.value, fit.days) == (0.01, 20.0, 101)
    scores = {score.customer_id: score for score in LifetimeScore.objects.all()}
    # 90 · (1 + 1) / (100 + 100) and 90 · (1 + 0) / (100 + 50), each worth 20.00
    assert (scores[anna.pk].purchases_90, scores[anna.pk].value_90) == (90, Decimal("18.00"))
    assert (scores[bert.pk].purchases_90, scores[bert.pk].value_90) == (60, Decimal("12.00"))
    # nobody was ever seen for a year: nothing is said of one
    assert scores[anna.pk].purchases_365 is scores[anna.pk].value_365 is None
    assert [row.value_365 for row in LifetimeSum.objects.all()] == [None]


@pytest.mark.parametrize("days_ago", [None, 0])
def test_with_nobody_or_on_the_first_day_nothing_is_said(harbour: Store, days_ago: int | None) -> None:
    who = people(60, harbour)
    if days_ago is not None:
        buy([(one.pk, ON, 1000, 0) for one in who], harbour)
    run_night(ON)
    assert (LifetimeFit.objects.count(), LifetimeScore.objects.count(), LifetimeSum.objects.count()) == (
        0,
        0,
        0,
    )
    assert generations.serving(LifetimeFit) is None


def test_when_nobody_has_come_again(harbour: Store) -> None:
    who = people(200, harbour)
    buy([(one.pk, ON - timedelta(days=n), 1000, 0) for n, one in enumerate(who)], harbour)
    run_night(ON)
    fit = LifetimeFit.objects.get()
    assert (fit.repeaters, fit.why, fit.why_value) == (0, "few", "same")
    assert fit.rate == 0.5 / sum(range(200))
    assert set(LifetimeScore.objects.values_list("purchases_30", flat=True)) == {0}


def test_the_next_night_replaces_the_scores_and_keeps_the_fits(harbour: Store) -> None:
    who = crowd(harbour, 200)
    run_night(ON)
    before = nights.published()
    buy([(who[0].pk, ON + timedelta(days=1), 5000, 0)], harbour)
    run_night(ON + timedelta(days=1))
    after = nights.published()
    assert before is not None
    assert after is not None
    assert list(LifetimeFit.objects.order_by("night").values_list("night", flat=True)) == [
        before.pk,
        after.pk,
    ]
    run_night(ON + timedelta(days=2))
    # two generations at most: readers' and the newest
    assert before.pk not in set(LifetimeScore.objects.values_list("night", flat=True))
    assert LifetimeFit.objects.count() == 3


def test_an_erased_or_merged_customer_has_no_value(harbour: Store) -> None:
    who = crowd(harbour, 200)
    Customer.objects.filter(pk=who[3].pk).update(merged_into=who[4].pk)
    run_night(ON)
    assert not LifetimeScore.objects.filter(customer=who[3]).exists()
    assert LifetimeSum.objects.get().customers == LifetimeScore.objects.count() == 199


class Killed(Exception):
    pass


def test_a_step_that_dies_anywhere_ends_in_the_same_rows(
    harbour: Store, uptown: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(harbour, 250, other=uptown)
    run_night(ON)
    expected = written()
    commits = 0
    update = Claim._update

    def count(self: Claim, **values: Any) -> None:
        nonlocal commits
        update(self, **values)
        if "checkpoint" in values:
            commits += 1
            if commits == fatal:
                raise Killed

    monkeypatch.setattr(Claim, "_update", count)
    for fatal in range(1, 9):
        commits = 0
        job = nights.start(ON, "system:test", steps=("lifetime",))
        ended = runner.run_until_ended(job)
        if commits >= fatal:
            assert ended.is_ended
        assert written() == expected, fatal


def written() -> list[Any]:
    """What readers see, but for the night's number."""
    fit = generations.serving(LifetimeFit)
    assert fit is not None
    columns = ("customer", "alive", "purchases_30", "purchases_365", "value_90", "value_365")
    scores = LifetimeScore.objects.filter(night=fit.night_id).order_by("customer").values_list(*columns)
    sums = LifetimeSum.objects.filter(night=fit.night_id).order_by("store")
    return [
        (fit.r, fit.alpha, fit.spend_v),
        *scores,
        *sums.values_list("store", "customers", "alive", "value_30"),
    ]
