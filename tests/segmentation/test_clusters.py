"""Clusters: exact small examples, groups that are apart are found again, names that last from night to night."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from crm.jobs import runner
from crm.jobs.models import Job
from crm.org.models import Store
from crm.privacy import erasing
from customers import histories, nights
from customers.merging import merge
from customers.models import Customer, Purchase
from segmentation.clusters import choosing, drifting, limits, matching, naming, step
from segmentation.clusters.scaling import Scaling
from segmentation.models import Cluster, ClusterCount, ClusterFit, ClusterMember, ClusterSettings
from tests.night.helpers import run_night
from tests.segmentation.crowds import GROUPS, crowd, refuse

ON = date(2026, 3, 9)


# The mathematics.


def test_the_silhouette_of_four_by_hand() -> None:
    """Points 0, 1 and 10, 12: s = (b - a) / max(a, b) is 10/11, 9/10, 15/19 … by hand."""
    points, labels = np.array([[0.0], [1.0], [10.0], [12.0]]), np.array([0, 0, 1, 1])
    by_hand = [(11 - 1) / 11, (10 - 1) / 10, (9.5 - 2) / 9.5, (11.5 - 2) / 11.5]
    assert choosing.silhouettes_of(points, {2: labels}) == {2: round(sum(by_hand) / 4, 4)}


def test_the_silhouette_is_that_of_others() -> None:
    rng = np.random.default_rng(3)
    points, labels = rng.normal(size=(200, 5)), rng.integers(0, 4, 200)
    assert choosing.silhouettes_of(points, {4: labels})[4] == pytest.approx(
        silhouette_score(points, labels), abs=1e-4
    )


@pytest.mark.parametrize("k", [3, 4, 6, 8])
def test_the_number_of_groups_that_are_apart_is_found(k: int) -> None:
    rng = np.random.default_rng(k)
    middle = rng.normal(size=(k, 6)) * 8
    points = middle[rng.integers(0, k, 1200)] + rng.normal(size=(1200, 6))
    found = choosing.choose(points)
    assert len(found.centres) == k
    assert max(found.silhouettes, key=lambda one: found.silhouettes[one]) == k
    assert found.stabilities[k] > 0.99
    nearest = ((found.centres[:, None] - middle) ** 2).sum(axis=2).min(axis=0)
    assert nearest.max() < 0.2


def test_the_same_points_give_the_same_centres() -> None:
    points = np.random.default_rng(1).normal(size=(2000, 8))
    one, other = choosing.choose(points), choosing.choose(points)
    assert (one.centres == other.centres).all()
    assert one.silhouettes == other.silhouettes


def test_a_number_that_a_person_wants_is_taken() -> None:
    points = np.random.default_rng(1).normal(size=(500, 4))
    assert len(choosing.choose(points, 12).centres) == 12
    assert set(choosing.choose(points, 2).silhouettes) == {2, *range(3, 11)}


def test_matching_by_hand() -> None:
    """Ten customers. Old A is now 1 but for one who went to 0; old B is 0; of old C half are in 2, half in 0."""
    old = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
    new = np.array([1, 1, 1, 0, 0, 0, 0, 0, 2, 0])
    points = np.array([[0.0]] * 4 + [[5.0]] * 4 + [[9.0], [5.0]])
    # Overlaps: A&1 3/4, B&0 4/6, C&2 1/2
    assert matching.match(old, new, points, 3, 3) == {1: 0, 0: 1, 2: 2}


def test_who_shares_too_little_is_another() -> None:
    old, new = np.zeros(10, dtype=int), np.array([0] + [1] * 9)
    points = np.zeros((10, 1))
    assert matching.match(old, new, points, 1, 2) == {1: 0}
    old, new = np.array([0] + [1] * 9), np.array([0] * 9 + [1])
    assert matching.match(old, new, points, 2, 2) == {0: 1}


def test_scaling_by_hand() -> None:
    """Two traits: visits compared by logarithm, a share drawn to everybody's by four imagined visits."""
    traits = np.array([[0.0, 0.0], [np.e - 1, 1.0]])
    scaling = Scaling.learnt(["frequency", "weekend_share"], traits, np.array([4, 4]))
    assert scaling.prior[1] == 0.5
    # shares (4·0 + 4·0.5) / 8 = 0.25 and 0.75; logs 0 and 1; edges one hundredth inside
    assert scaling.low == pytest.approx([0.01, 0.255])
    assert scaling.standard(traits, np.array([4, 4])) == pytest.approx(
        np.array([[-1.0, -1.0], [1.0, 1.0]]), abs=1e-6
    )


def test_categories_weigh_as_a_block() -> None:
    codes = ["spend", *(f"category:{n}" for n in range(1, 9))]
    scaling = Scaling.learnt(codes, np.random.default_rng(1).random((50, 9)), np.full(50, 3))
    assert sum(weight**2 for weight in scaling.weight[1:]) == pytest.approx(2)
    assert scaling.weight[0] == 1


def test_what_is_the_same_for_all_tells_nothing() -> None:
    scaling = Scaling.learnt(["recency"], np.full((9, 1), 3.0), np.full(9, 1))
    assert not scaling.points(np.array([[50.0]]), np.array([1])).any()


def test_names() -> None:
    profiles = [
        {"weekend_share": 1.2, "basket_amount": 0.9, "basket_lines": 1.0, "category:7": -2.0},
        {"weekend_share": 1.1, "basket_lines": 0.8, "online_share": -0.4},
        {"frequency": 0.2},
    ]
    found = naming.named(profiles)
    assert found == [
        ["weekend_share+", "basket_lines+"],
        ["weekend_share+", "basket_lines+", "online_share-"],
        [],
    ]
    told = [naming.sentence(codes, {}) for codes in found]
    assert told == ["Weekend, many items", "Weekend, many items, in the store", "Like everybody"]
    assert naming.sentence(["category:7+"], {7: "Wine"}) == "Wine"


def test_no_two_clusters_have_the_same_name() -> None:
    """Nothing stands out of three, and two share all of their strongest traits."""
    assert [naming.sentence(codes, {}) for codes in naming.named([{}, {}, {}])] == [
        "Like everybody", "Like everybody 2", "Like everybody 3",
    ]  # fmt: skip
    alike = {"weekend_share": 3.0, "spend": 2.5, "frequency": 2.0, "online_share": 1.5, "recency": 1.0}
    found = naming.named([alike] * 5)
    assert [naming.sentence(codes, {}) for codes in found] == [
        "Weekend, big spenders", "Weekend, big spenders, frequent visits",
        "Weekend, big spenders, frequent visits, online", "Weekend, big spenders, frequent visits, online 2",
        "Weekend, big spenders, frequent visits, online 3",
    ]  # fmt: skip
    assert naming.named([alike] * 5, found) == found
    assert naming.named([{"spend": 2.0}, {}], [["#2"], None]) == [["spend+"], []]


def test_a_name_stays_while_it_is_true() -> None:
    profiles = [{"weekend_share": 0.2, "spend": 2.0}, {"weekend_share": -0.2, "spend": 2.0}]
    assert naming.named(profiles, [["weekend_share+"], ["weekend_share+"]]) == [
        ["weekend_share+"],
        ["spend+"],
    ]


# The nights.


@pytest.fixture
def three_groups(harbour: Store, monkeypatch: pytest.MonkeyPatch, from_one: None) -> dict[str, list[int]]:
    monkeypatch.setattr(histories, "RANGE", 50)
    monkeypatch.setattr(step, "RANGE", 50)
    monkeypatch.setattr("segmentation.clusters.measuring.RANGE", 50)
    monkeypatch.setattr(limits, "FEWEST", 60)
    return crowd(40, of=harbour, until=ON)


def clusters_of(ids: list[int]) -> set[int]:
    rows = ClusterMember.objects.at(nights.published().pk).filter(customer__in=ids)  # type: ignore[union-attr]
    found = list(rows.values_list("cluster", flat=True))
    assert len(found) == len(ids)
    return set(found)


def test_groups_that_are_apart_are_found_again(three_groups: dict[str, list[int]]) -> None:
    run_night(ON)
    fit = ClusterFit.objects.get()
    assert (fit.why, fit.sample, len(fit.clusters)) == ("first", 120, 3)
    found = [clusters_of(three_groups[group]) for group in GROUPS]
    assert [len(one) for one in found] == [1, 1, 1]
    assert len(set.union(*found)) == 3
    assert fit.silhouettes["3"] == max(fit.silhouettes.values())
    early, weekend, online = (str(one.pop()) for one in found)
    assert fit.shares == {
        early: pytest.approx(1 / 3),
        weekend: pytest.approx(1 / 3),
        online: pytest.approx(1 / 3),
    }
    names = {pk: naming.sentence(codes, {}) for pk, codes in fit.words.items()}
    assert len(set(names.values())) == 3


def test_sums_are_those_of_the_members(three_groups: dict[str, list[int]]) -> None:
    run_night(ON)
    fit = ClusterFit.objects.get()
    everybody = ClusterCount.objects.get(cluster=None)
    assert everybody.customers == 120
    for row in ClusterCount.objects.exclude(cluster=None):
        ids = ClusterMember.objects.filter(cluster=row.cluster_id).values_list("customer", flat=True)
        bought = Purchase.objects.filter(customer__in=ids)
        assert row.customers == 40
        assert row.revenue == sum(one.amount for one in bought)
        assert row.traits["frequency"][0] == pytest.approx(bought.count() / 40)
        online = bought.filter(channel=2).count() / bought.count()
        assert row.traits["online_share"][0] == pytest.approx(online)
    assert set(everybody.traits) == set(fit.scaling["codes"])


def test_a_second_night_writes_nothing_and_learns_nothing(three_groups: dict[str, list[int]]) -> None:
    run_night(ON)
    before = list(ClusterMember.objects.order_by("customer").values_list("customer", "cluster", "night"))
    run_night(ON + timedelta(days=1))
    assert (
        list(ClusterMember.objects.order_by("customer").values_list("customer", "cluster", "night")) == before
    )
    assert ClusterFit.objects.count() == 1
    assert ClusterCount.objects.filter(cluster=None).count() == 2


def test_a_week_later_the_clusters_are_learnt_anew_and_are_the_same(
    three_groups: dict[str, list[int]], harbour: Store
) -> None:
    run_night(ON)
    words = ClusterFit.objects.get().words
    before = {group: clusters_of(ids) for group, ids in three_groups.items()}
    newly = crowd(15, of=harbour, until=ON + timedelta(days=6), seed=5)
    run_night(ON + timedelta(days=7))
    fit = ClusterFit.objects.order_by("-night").first()
    assert fit is not None
    assert fit.why == "due"
    assert fit.words == words
    for group in GROUPS:
        assert clusters_of(three_groups[group]) == before[group] == clusters_of(newly[group])
    assert Cluster.objects.count() == 3


@pytest.fixture
def two_groups(harbour: Store, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """In two clusters, and sixty who are of neither."""
    monkeypatch.setattr(limits, "FEWEST", 60)
    found = crowd(50, of=harbour, until=ON, groups=("early", "weekend"))
    ClusterSettings.objects.create(wanted=2, relearn_days=366)
    run_night(ON)
    return found | crowd(60, of=harbour, until=ON + timedelta(days=1), groups=("online",), seed=9)


def test_a_new_kind_of_customers_is_drift(two_groups: dict[str, list[int]]) -> None:
    for days in (1, 2):
        run_night(ON + timedelta(days=days))
    first, second = ClusterFit.objects.order_by("night")
    assert (first.why, second.why, second.night.on) == ("first", "drift", ON + timedelta(days=2))
    assert drifting.has_drifted(*drifting.drift(first, second.night_id))


def test_a_new_kind_of_customers_becomes_a_cluster_beside_the_old_ones(
    two_groups: dict[str, list[int]],
) -> None:
    before = {group: clusters_of(two_groups[group]) for group in ("early", "weekend")}
    ClusterSettings.objects.create(wanted=3, relearn_days=366)
    run_night(ON + timedelta(days=1))
    assert ClusterFit.objects.get(night__on=ON + timedelta(days=1)).why == "asked"
    assert {group: clusters_of(two_groups[group]) for group in before} == before
    assert clusters_of(two_groups["online"]) not in before.values()
    assert Cluster.objects.filter(ended_night=None).count() == 3


def test_a_cluster_that_nobody_is_like_any_more_ends(
    two_groups: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody but the weekend shoppers still comes: two clusters of them, of which one is the old one."""
    monkeypatch.setattr(limits, "FEWEST", 40)
    others = Purchase.objects.filter(customer__in=two_groups["early"] + two_groups["online"])
    others.update(business_date=ON - timedelta(days=800))
    ended, staying = (clusters_of(two_groups[group]) for group in ("early", "weekend"))
    ClusterSettings.objects.create(wanted=2, relearn_days=366)
    run_night(ON + timedelta(days=1), rebuild=True)
    assert ClusterFit.objects.get(night__on=ON + timedelta(days=1)).sample == 50
    living = set(Cluster.objects.filter(ended_night=None).values_list("pk", flat=True))
    assert len(living) == 2
    assert len(living & staying) == 1
    assert living.isdisjoint(ended)
    assert clusters_of(two_groups["weekend"]) == living


@pytest.mark.parametrize("n", [0, 1, 50])
def test_too_few(n: int, harbour: Store) -> None:
    crowd(n, of=harbour, until=ON, groups=("early",))
    run_night(ON)
    assert not ClusterFit.objects.exists()
    assert not ClusterMember.objects.exists()
    assert ClusterCount.objects.get().customers == n


def test_who_objects_to_a_profile_is_in_no_cluster(
    three_groups: dict[str, list[int]], noon: datetime
) -> None:
    run_night(ON)
    who = Customer.objects.get(pk=three_groups["early"][0])
    refuse(who, noon)
    run_night(ON + timedelta(days=1))
    assert not ClusterMember.objects.filter(customer=who).exists()
    assert ClusterMember.objects.count() == 119


def test_two_who_are_one_are_in_one_cluster_and_who_is_erased_in_none(
    three_groups: dict[str, list[int]], noon: datetime
) -> None:
    run_night(ON)
    survivor, loser, gone = (Customer.objects.get(pk=pk) for pk in three_groups["online"][:3])
    merge(survivor, loser, by="system:test", at=noon)
    erasing.erase(gone.pk, by="system:test", at=noon)
    assert not ClusterMember.objects.filter(customer=gone).exists()
    run_night(ON + timedelta(days=1))
    assert clusters_of([survivor.pk]) == clusters_of(three_groups["online"][3:])
    now = ClusterMember.objects.at(nights.published().pk)  # type: ignore[union-attr]
    assert not now.filter(customer__in=[loser, gone]).exists()
    assert ClusterMember.objects.get(customer=loser).ended_night == nights.published().pk  # type: ignore[union-attr]
    assert ClusterCount.objects.order_by("-night").filter(cluster=None).first().customers == 118  # type: ignore[union-attr]


def test_a_killed_step_ends_as_if_it_had_not_been(
    three_groups: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = step._write, []

    def failing(*args: object) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(step, "_write", failing)
    job = runner.run_until_ended(nights.start(ON, "system:test"))
    assert job.state == "done"
    assert ClusterFit.objects.count() == 1
    assert ClusterMember.objects.count() == 120
    assert ClusterCount.objects.get(cluster=None).customers == 120
    assert [len(clusters_of(three_groups[group])) for group in GROUPS] == [1, 1, 1]


def test_an_unpublished_night_is_taken_back(three_groups: dict[str, list[int]]) -> None:
    run_night(ON)
    night = nights.published()
    assert night is not None
    step.take_back(night.pk)
    for model in (Cluster, ClusterCount, ClusterFit, ClusterMember):
        assert not model.objects.exists()


def test_the_same_data_give_the_same_clusters(three_groups: dict[str, list[int]]) -> None:
    run_night(ON)
    first = ClusterFit.objects.get()
    ClusterSettings.objects.create()
    Job.objects.all().delete()
    run_night(ON)
    second = ClusterFit.objects.order_by("-night").first()
    assert second is not None
    assert (second.centres, second.silhouettes, second.clusters) == (
        first.centres,
        first.silhouettes,
        first.clusters,
    )
