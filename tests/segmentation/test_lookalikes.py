"""Look-alikes: figures by hand, members that were hidden are found, and nobody is whom it must not show."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest

from crm.jobs import runner
from crm.jobs.models import Job
from crm.org.models import Staff, Store
from crm.privacy import erasing
from customers.merging import merge
from customers.models import Customer
from segmentation.lookalikes import jobs, matches, models, quality, searching, seeds
from segmentation.lookalikes.words import Words
from segmentation.models import LookAlike, LookAlikeMatch
from tests import cast
from tests.night.helpers import run_night
from tests.segmentation import crowds

ON = date(2026, 3, 9)


def test_auc_by_hand() -> None:
    """Members 3 and 1 against 2, 1 and 0: pairs won 3 + 1 of 6, and one tie."""
    assert quality.auc(np.array([3, 1]), np.array([2, 1, 0])) == (3 + 1 + 0.5) / 6
    assert quality.auc(np.array([]), np.array([1])) == 0.5


def test_recall_by_hand() -> None:
    others = np.arange(20)  # nine in ten are below 18
    assert quality.recall(np.array([19.5, 18.5, 17.5, 3]), others) == 0.75
    assert quality.recall(np.array([18, 17, 1, 1]), others) == 0.25
    assert quality.recall(np.zeros(5), np.zeros(100)) == pytest.approx(0.1)  # nothing is known: chance


def test_what_the_set_was_made_by_is_left_out() -> None:
    rng = np.random.default_rng(1)
    is_seed = np.arange(400) % 2 == 0
    table = rng.normal(size=(400, 3))
    table[:, 0] += 8 * is_seed
    table[:, 1] += 1.0 * is_seed
    model = models.learn(table, is_seed, rng.random(400) < 0.33, ["made", "telling", "noise"])
    assert model is not None
    assert (model.figures["left_out"], model.codes) == (["made"], ["telling", "noise"])
    assert 0.65 < model.figures["auc"] < 0.85
    assert model.figures["strongest"][0] == "telling+"
    shared = model.shared(np.array([[0.0, 3.0, 0.0], [0.0, -3.0, 0.0]]), is_profile=False)
    assert shared[0][0] == "telling+"
    assert "telling+" not in shared[1]


def test_no_model_where_there_is_nothing_to_learn() -> None:
    is_seed = np.array([True, False])
    assert models.learn(np.array([[1.0], [0.0]]), is_seed, ~is_seed, ["made"]) is None


@pytest.fixture
def crowd(harbour: Store) -> Iterator[dict[str, list[int]]]:
    """Forty of each group; the set that is sought are thirty-two who buy online."""
    found = crowds.crowd(40, of=harbour, until=ON)
    seeds.offer(
        seeds.Seed(
            "given", "Given", lambda: [("online", "Some who buy online")],
            lambda _key: ("SELECT unnest(%(ids)s::bigint[]) AS customer_id", {"ids": found["online"][:32]}),
        )
    )  # fmt: skip
    yield found
    seeds._seeds.pop("given")


def search(who: Staff, **more: Any) -> LookAlike:
    asked: dict[str, Any] = {"seed": "given", "key": "online", "among": "all", "most": 100, **more}
    one = jobs.start(who, by=who, **asked)
    assert one.job is not None
    job = runner.run_until_ended(one.job)
    assert job.state == "done", job.error
    one.refresh_from_db()
    return one


def test_the_others_of_their_kind_come_first(crowd: dict[str, list[int]], max_: Staff) -> None:
    run_night(ON)
    one = search(max_)
    rows = list(LookAlikeMatch.objects.filter(lookalike=one).order_by("rank"))
    assert len(rows) == 88
    assert {row.customer_id for row in rows[:8]} == set(crowd["online"][32:])
    assert [row.rank for row in rows] == list(range(1, 89))
    assert rows[7].score > 60
    assert rows[8].score < 40
    assert one.figures["seed"] == 32
    assert (one.figures["candidates"], one.figures["found"]) == (88, 88)
    trial = one.figures["models"]["behaviour"]
    assert set(trial["left_out"]) >= {"online_share", "discount_share"}
    assert trial["auc"] > 0.8
    told = Words(rows[0].shared).of(rows[0].shared)
    assert told
    assert not rows[0].is_profile


def test_the_same_search_finds_the_same(crowd: dict[str, list[int]], max_: Staff) -> None:
    run_night(ON)
    one, other = search(max_), search(max_)
    told = [
        list(
            LookAlikeMatch.objects.filter(lookalike=row)
            .order_by("rank")
            .values_list("customer", "score", "shared")
        )
        for row in (one, other)
    ]
    assert told[0] == told[1]


def test_who_hardly_bought_is_judged_by_their_profile(
    crowd: dict[str, list[int]], max_: Staff, harbour: Store
) -> None:
    """The set is of women in their thirties; of two prospects the one who is like them comes first."""
    chance = Random(1)
    for group, ids in crowd.items():
        for pk in ids:
            is_like = group == "online" or chance.random() < 0.2
            Customer.objects.filter(pk=pk).update(
                gender="f" if is_like else "m", birthday=date(1992, 5, 1) if is_like else date(1960, 5, 1)
            )
    like = cast.customer("Like", of=harbour, gender="f", birthday=date(1990, 1, 1))
    unlike = cast.customer("Unlike", of=harbour, gender="m", birthday=date(1961, 1, 1))
    run_night(ON)
    one = search(max_, among="new")
    rows = {row.customer_id: row for row in LookAlikeMatch.objects.filter(lookalike=one)}
    assert set(rows) == {like.pk, unlike.pk}
    assert rows[like.pk].rank == 1
    assert rows[like.pk].score > 50 > rows[unlike.pk].score
    assert rows[like.pk].is_profile
    assert set(rows[like.pk].shared) == {"gender:f", "age:30"}
    assert Words(["gender:f", "age:30"]).of(["gender:f", "age:30"]) == "Female, aged 30 to 39"


def test_a_set_that_is_too_small(crowd: dict[str, list[int]], max_: Staff) -> None:
    run_night(ON)
    Customer.objects.filter(pk__in=crowd["online"][:10]).update(erased_at="2026-03-01T00:00Z")
    one = search(max_)
    assert (one.figures["seed"], one.figures["fewest"]) == (22, 30)
    assert not LookAlikeMatch.objects.exists()


def test_who_objects_is_neither_learnt_from_nor_found(
    crowd: dict[str, list[int]], max_: Staff, noon: datetime
) -> None:
    run_night(ON)
    for pk in (crowd["online"][0], crowd["online"][39]):
        crowds.refuse(Customer.objects.get(pk=pk), noon)
    one = search(max_)
    assert one.figures["seed"] == 31
    assert not LookAlikeMatch.objects.filter(customer=crowd["online"][39]).exists()
    found = crowd["online"][38]
    assert found in matches.people(max_, one).values_list("pk", flat=True)
    crowds.refuse(Customer.objects.get(pk=found), noon + timedelta(days=1))
    assert found not in matches.people(max_, one).values_list("pk", flat=True)
    assert found not in [row.customer_id for row in matches.ranked(max_, one)]


def test_it_looks_at_ones_own_stores_alone(
    crowd: dict[str, list[int]], marta: Staff, uma: Staff, max_: Staff, uptown: Store
) -> None:
    away = crowd["weekend"][0]
    Customer.objects.filter(pk=away).update(home_store=uptown)
    run_night(ON)
    one = search(marta)
    assert not LookAlikeMatch.objects.filter(customer=away).exists()
    assert [who for who in (marta, uma, max_) if one in matches.searches(who)] == [marta, max_]
    whole = search(max_)
    assert LookAlikeMatch.objects.filter(customer=away, lookalike=whole).exists()
    assert whole not in matches.searches(marta)


def test_a_killed_search_begins_again(
    crowd: dict[str, list[int]], max_: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_night(ON)
    real, calls = jobs._write, []

    def failing(*args: Any) -> None:
        real(*args)
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError

    monkeypatch.setattr(jobs, "_write", failing)
    one = search(max_)
    assert len(calls) == 2
    assert LookAlikeMatch.objects.filter(lookalike=one).count() == 88


def test_who_is_merged_or_erased_is_in_no_list(
    crowd: dict[str, list[int]], max_: Staff, noon: datetime
) -> None:
    run_night(ON)
    one = search(max_)
    survivor, loser, gone = (Customer.objects.get(pk=pk) for pk in crowd["online"][37:])
    merge(survivor, loser, by="system:test", at=noon)
    erasing.erase(gone.pk, by="system:test", at=noon)
    assert not LookAlikeMatch.objects.filter(customer__in=[loser, gone]).exists()
    assert [row.customer_id for row in matches.ranked(max_, one)[:6]].count(survivor.pk) == 1
    assert matches.people(max_, one).count() == 86


def test_who_is_erased_while_a_search_runs_is_not_found(
    crowd: dict[str, list[int]], max_: Staff, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_night(ON)
    gone, real = Customer.objects.get(pk=crowd["online"][39]), searching.Search.run

    def erased_meanwhile(self: Any) -> Any:
        found = real(self)
        erasing.erase(gone.pk, by="system:test", at=noon)
        return found

    monkeypatch.setattr(searching.Search, "run", erased_meanwhile)
    one = search(max_)
    assert not LookAlikeMatch.objects.filter(customer=gone).exists()
    assert LookAlikeMatch.objects.filter(lookalike=one).count() == 87


def test_a_search_that_is_removed_leaves_nobody(crowd: dict[str, list[int]], max_: Staff) -> None:
    run_night(ON)
    one = search(max_)
    jobs.remove(one, by=max_)
    assert not LookAlike.objects.exists()
    assert not LookAlikeMatch.objects.exists()


def test_what_cannot_be_searched(crowd: dict[str, list[int]], max_: Staff) -> None:
    with pytest.raises(jobs.SearchInvalid):
        jobs.start(max_, seed="given", key="online", among="all", most=10, by=max_)
    run_night(ON)
    with pytest.raises(seeds.SeedUnknown):
        jobs.start(max_, seed="given", key="nobody", among="all", most=10, by=max_)
    with pytest.raises(jobs.SearchInvalid):
        jobs.start(max_, seed="given", key="online", among="all", most=0, by=max_)
    assert not LookAlike.objects.exists()
    assert not Job.objects.filter(kind=jobs.KIND).exists()
