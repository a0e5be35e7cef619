"""The churn step of the night: on a chain that lives for a year, on one of nobody, resumed and taken back."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from crm.jobs import runner
from crm.jobs.models import State
from crm.lib.spells import day_number
from crm.org.models import Store
from customers import histories, nights, states
from customers.histories import Histories
from customers.models import Customer
from segmentation import generations, reporting
from segmentation.churn import modelling, risks, step
from segmentation.churn.catalogue import REASONS
from segmentation.models import ChurnModel, ChurnNight, ChurnScore
from tests.night.helpers import buy, people, run_night
from tests.segmentation.shopping import refuse

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch, from_one: None) -> None:
    monkeypatch.setattr(states, "SLICE", 30)
    monkeypatch.setattr(histories, "RANGE", 20)


@pytest.fixture
def chain_of_sixty(harbour: Store) -> list[Customer]:
    """Each comes every 3 to 12 days for a year; every third stopped at some time."""
    found = people(60, harbour)
    rows = []
    for n, person in enumerate(found):
        end = 40 + 5 * n if n % 3 == 0 else 0
        rows += [
            (person.pk, ON - timedelta(days=back), 1000 + n, 0) for back in range(364, end - 1, -(3 + n % 10))
        ]
    buy(rows, harbour)
    return found


def test_everybody_has_a_score_whose_reasons_add_up(chain_of_sixty: list[Customer]) -> None:
    job = run_night(ON)
    assert job.steps.get(name="churn").done == 60
    (model,), (night,) = ChurnModel.objects.all(), ChurnNight.objects.all()
    assert (model.trained_on, model.serves in {"recency", "overdue", "bgnbd"}) == (ON, True)
    assert (night.customers, sum(night.histogram), night.model_id) == (60, 60, model.pk)
    scores = list(ChurnScore.objects.order_by("customer"))
    assert [score.customer_id for score in scores] == [person.pk for person in chain_of_sixty]
    told = np.array([score.probability for score in scores])
    points = np.array([score.points for score in scores])
    assert points.shape == (60, len(REASONS))
    assert np.abs(model.average + points.sum(axis=1) - told).max() < 1e-6
    assert night.expected == pytest.approx(told.sum(), abs=1e-3)
    stopped = np.arange(60) % 3 == 0
    assert told[stopped & (np.arange(60) > 10)].min() > told[~stopped].max()


def test_what_is_at_stake_is_the_spending_of_late(chain_of_sixty: list[Customer]) -> None:
    run_night(ON)
    score = ChurnScore.objects.get(customer=chain_of_sixty[1])  # every four days 10.01
    horizon = ChurnModel.objects.get().horizon_days
    expected = score.probability * 42 * 10.01 * horizon / 168
    assert float(score.at_stake) == pytest.approx(expected, abs=0.01)


def test_a_model_serves_for_a_week(chain_of_sixty: list[Customer]) -> None:
    for later in (0, 1, 6, 7):
        run_night(ON + timedelta(days=later))
    assert list(ChurnModel.objects.order_by("pk").values_list("trained_on", flat=True)) == [
        ON,
        ON + timedelta(days=7),
    ]
    assert ChurnNight.objects.count() == 4
    # Two generations at most: the served one and the one before, whose rows the next night removes.
    assert ChurnScore.objects.values("night").distinct().count() == 2
    assert ChurnScore.objects.filter(night=nights.published()).count() == 60


@pytest.mark.parametrize(("late", "behind"), [(0, 0), (3, 3), (7, 7), (20, 7)])
def test_a_night_looks_from_the_last_day_with_receipts(
    late: int, behind: int, harbour: Store, tmp_path: Path
) -> None:
    (person,) = people(1, harbour)
    buy([(person.pk, ON - timedelta(days=late), 500, 0)], harbour)
    assert modelling.day_of(Histories(ON, tmp_path).sold) == day_number(ON) - behind


@pytest.mark.parametrize(
    ("age", "psi", "due"), [(6, 0.0, False), (7, 0.0, True), (2, 0.3, True), (1, 0.3, False), (3, 0.2, False)]
)
def test_when_a_night_trains(age: int, psi: float, due: bool) -> None:
    model = ChurnModel(trained_on=ON - timedelta(days=age))
    assert modelling.is_due(model, ChurnNight(drift={"recency": psi}, customers=1000), ON) is due
    assert modelling.is_due(model, ChurnNight(drift={"recency": psi}, customers=999), ON) is (age == 7)
    assert modelling.is_due(None, None, ON)


def test_a_chain_of_nobody_has_no_scores(chain: object) -> None:
    run_night(ON)
    assert (ChurnModel.objects.count(), ChurnNight.objects.count(), ChurnScore.objects.count()) == (0, 0, 0)
    assert risks.serving() is None


def test_a_chain_of_a_week_has_no_scores(harbour: Store) -> None:
    (person,) = people(1, harbour)
    buy([(person.pk, ON - timedelta(days=back), 500, 0) for back in range(7)], harbour)
    run_night(ON)
    assert (ChurnModel.objects.count(), ChurnScore.objects.count()) == (0, 0)


def test_who_objects_to_a_profile_has_no_score(
    chain_of_sixty: list[Customer],
) -> None:
    theirs = chain_of_sixty[7]
    refuse(theirs)
    run_night(ON)
    assert ChurnScore.objects.count() == 59
    assert not ChurnScore.objects.filter(customer=theirs).exists()
    assert risks.told(theirs) is None
    night = ChurnNight.objects.get()
    assert (night.customers, sum(night.histogram)) == (59, 59)


def test_who_is_gone_at_the_moment_of_writing_has_no_score(
    chain_of_sixty: list[Customer], noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erased, and merged away, after the night has read all receipts."""
    erased, loser, survivor = chain_of_sixty[:3]
    real = modelling.trained

    def gone_meanwhile(*args: Any) -> Any:
        Customer.objects.filter(pk=erased.pk).update(erased_at=noon)
        Customer.objects.filter(pk=loser.pk).update(merged_into=survivor)
        return real(*args)

    monkeypatch.setattr(modelling, "trained", gone_meanwhile)
    run_night(ON)
    scored = set(ChurnScore.objects.values_list("customer", flat=True))
    assert scored == {person.pk for person in chain_of_sixty[2:]}
    assert ChurnNight.objects.get().customers == 58


def test_who_is_erased_after_the_night_is_in_no_list_and_no_count(
    chain_of_sixty: list[Customer], noon: datetime, marta: Any
) -> None:
    run_night(ON)
    night = risks.serving()
    assert night is not None
    Customer.objects.filter(pk=chain_of_sixty[0].pk).update(erased_at=noon)
    refuse(chain_of_sixty[1])
    assert set(risks.at_risk(marta, night, 0).values_list("customer", flat=True)) == {
        person.pk for person in chain_of_sixty[2:]
    }
    assert risks.spread(marta, night).customers == 59


def test_a_killed_night_goes_on_with_its_own_model(
    chain_of_sixty: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at the second slice: the second attempt trains nothing, writes the rest, and ends as if undisturbed."""
    run_night(ON)
    expected, sums = written(), summed()
    ChurnScore.objects.all().delete()
    ChurnNight.objects.all().delete()
    ChurnModel.objects.all().delete()
    real, trained = generations.replace_part, modelling.trained
    calls: dict[str, int] = {"slices": 0, "trainings": 0}

    def dies(*args: Any) -> bool:
        if args[2].table != "segmentation_churnscore":  # other steps write scores in this way, too
            return real(*args)
        calls["slices"] += 1
        if calls["slices"] == 2:
            raise OSError("killed")
        return real(*args)

    def counts(*args: Any) -> Any:
        calls["trainings"] += 1
        return trained(*args)

    monkeypatch.setattr(generations, "replace_part", dies)
    monkeypatch.setattr(modelling, "trained", counts)
    job = runner.run_until_ended(nights.start(ON, "system:test", rebuild=True))
    assert job.state == State.DONE, job.error
    assert calls == {"slices": 4, "trainings": 1}  # two slices of thirty; one died and was done again
    assert (written(), summed()) == (expected, sums)


def written() -> list[Any]:
    rows = ChurnScore.objects.order_by("customer")
    return list(rows.values_list("customer", "probability", "at_stake", "points"))


def summed() -> dict[str, Any]:
    return ChurnNight.objects.values("customers", "expected", "histogram", "drift", "weights").get()


def test_taking_back_leaves_the_published_scores(chain_of_sixty: list[Customer]) -> None:
    run_night(ON)
    kept = ChurnScore.objects.count()
    published = nights.published()
    assert published is not None
    step.take_back(published.pk + 1)
    assert (ChurnScore.objects.count(), ChurnModel.objects.count()) == (kept, 1)
    step.take_back(published.pk)
    assert (ChurnScore.objects.count(), ChurnModel.objects.count(), ChurnNight.objects.count()) == (0, 0, 0)


def test_the_panel_tells_reasons_that_add_up(chain_of_sixty: list[Customer]) -> None:
    run_night(ON)
    told = risks.told(chain_of_sixty[3])
    assert told is not None
    assert told.night == ON
    assert told.usual + sum(one.points for one in told.reasons) + told.rest == pytest.approx(
        told.probability, abs=1e-6
    )


def test_whoever_sees_a_part_counts_its_own(
    chain_of_sixty: list[Customer], uptown: Store, marta: Any, ana: Any
) -> None:
    Customer.objects.filter(pk__in=[one.pk for one in chain_of_sixty[:10]]).update(home_store=uptown)
    run_night(ON)
    night = risks.serving()
    assert night is not None
    whole, part = risks.spread(ana, night), risks.spread(marta, night)
    assert (whole.customers, part.customers) == (60, 50)
    own = ChurnScore.objects.filter(customer__in=chain_of_sixty[10:])
    assert part.expected == pytest.approx(sum(score.probability for score in own))
    assert sum(part.histogram) == 50
    assert set(risks.at_risk(marta, night, 0).values_list("customer", flat=True)) == {
        p.pk for p in chain_of_sixty[10:]
    }


def test_the_report_for_people_is_of_tables() -> None:
    found = {
        "serves": "recency",
        "why": None,
        "means": {"forest": {"auc": 0.9, "brier": None}, "recency": {"auc": 0.75, "brier": 0.1}},
        "hold_out": {"actual": 12, "by_count": [{"before": 0, "actual": 51}, {"before": 10, "actual": 1.25}]},
        "learnt_at": ["2026-01-12", "2026-02-09"],
    }
    assert reporting.lines(found) == [
        "serves: recency",
        "means:",
        "            auc  brier",
        "  forest    0.9      –",
        "  recency  0.75    0.1",
        "hold_out:",
        "  actual: 12",
        "  by_count:",
        "    before  actual",
        "    0           51",
        "    10        1.25",
        "learnt_at: 2026-01-12, 2026-02-09",
    ]


def test_the_report_is_json_of_the_back_test(
    chain_of_sixty: list[Customer], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("score_report", json=True)
    assert json.loads(capsys.readouterr().out)["churn"] is None
    run_night(ON)
    call_command("score_report", json=True)
    found = json.loads(capsys.readouterr().out)["churn"]
    model = ChurnModel.objects.get()
    assert (found["night"], found["serves"], found["horizon_days"]) == (
        "2026-03-10",
        model.serves,
        model.horizon_days,
    )
    assert found["back_test"] == model.tested
    assert set(found["means"]) == set(model.tested) == {"bgnbd", "overdue", "recency"}
    call_command("score_report")
    assert f"serves: {model.serves}" in capsys.readouterr().out
