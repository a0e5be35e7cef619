"""What the night measures of a segment, to the last figure; scope, sources of other scores, archived segments."""

from decimal import Decimal
from typing import Any

import pytest

from crm.org.models import Staff, Store
from customers import nights
from customers.models import Customer, Night
from segmentation.models import NightCuts, Segment, SegmentNight, Standing, TargetCount, TargetNight
from segmentation.targets import candidates, counting, figures, measures
from segmentation.targets.measures import Source
from tests import cast
from tests.segmentation import markets
from tests.segmentation.markets import ON

pytestmark = pytest.mark.django_db


@pytest.fixture
def tea(harbour: Store, uptown: Store, monkeypatch: pytest.MonkeyPatch) -> Segment:
    monkeypatch.setattr(counting, "FEWEST_PEERS", 3)
    monkeypatch.setattr(measures, "_sources", {})
    return markets.tea_people(harbour, uptown)[0]


def of(viewer: Staff, segment: Segment) -> figures.Figures:
    found = figures.measured(viewer)
    assert found is not None
    told = found.of(("segment", segment.pk))
    assert told is not None
    return told


def test_every_figure_of_a_segment(tea: Segment, max_: Staff, marta: Staff, uma: Staff) -> None:
    cast.night(ON)
    whole, own, other = (of(person, tea) for person in (max_, marta, uma))
    assert (whole.customers, own.customers, other.customers) == (5, 4, 1)
    assert (own.sums.month_ago, own.sums.quarter_ago) == (3, 3)  # A, B, C; and A, B, E
    assert own.growth == pytest.approx(1 / 3)
    assert (other.growth, other.month_growth) == (0.0, 0.0)
    assert (whole.sums.buyers, whole.revenue, own.revenue, other.revenue) == (
        4, Decimal("810.00"), Decimal("780.00"), Decimal("30.00"),
    )  # fmt: skip
    assert (own.value, own.per_head) == (195.0, 195.0)
    assert (whole.share_of_revenue, whole.share_of_customers) == (
        1.0,
        1.25,
    )  # F never bought and is in no group
    assert (own.sums.churn, own.sums.churn_of, own.churn) == (1.0, 2, 0.5)  # A stays, C is dormant
    assert other.churn is None  # D was not there yet
    assert (own.sums.reach_any, own.sums.reach_sms, own.sums.reach_phone, own.sums.reach_email) == (
        1,
        1,
        0,
        0,
    )
    assert (whole.reach, own.reach, other.reach) == (0.2, 0.25, 0.0)
    assert (own.sums.breadth, own.sums.breadth_of) == (3, 6)  # tea and bread: A both, B tea, C neither
    assert (own.breadth, other.breadth, whole.breadth) == (0.5, 1.0, 0.625)
    assert (own.sums.rhythm_of, own.rhythm) == (
        1,
        pytest.approx(6 * 10 / 91),
    )  # A: six days, one in ten expected
    assert other.rhythm is None
    assert (own.sums.peers, own.sums.peers_of) == (Decimal("780.00"), Decimal("150.00"))
    assert own.peers == pytest.approx(5.2)
    assert other.peers is None


def test_too_few_peers_say_nothing(harbour: Store, uptown: Store, max_: Staff) -> None:
    one, _people = markets.tea_people(harbour, uptown)
    cast.night(ON)
    assert of(max_, one).peers is None


def test_groups_add_up_to_everybody_who_bought(tea: Segment, max_: Staff, marta: Staff) -> None:
    cast.night(ON)
    for viewer, customers, revenue in ((max_, 4, "810.00"), (marta, 3, "780.00")):
        found = figures.measured(viewer)
        assert found is not None
        assert (found.customers, found.revenue) == (customers, Decimal(revenue))
        assert (found.night.on, found.churn_by, found.value_by) == (ON, "own", "own")


def test_growth_of_a_group_needs_a_night_of_then(tea: Segment, harbour: Store, max_: Staff) -> None:
    SegmentNight.objects.all().delete()
    Night.objects.all().delete()
    cast.night("2026-02-08")
    cast.night(ON)
    basis = TargetNight.objects.latest("night_id")
    assert (str(basis.month_on), basis.quarter_on) == ("2026-02-08", None)
    found = figures.measured(max_)
    assert found is not None
    then = [sums.month_ago for (kind, _pk), sums in found.sums.items() if kind == "group"]
    assert sum(n or 0 for n in then) == 3  # A, B and C had bought by then
    assert {sums.quarter_ago for (kind, _pk), sums in found.sums.items() if kind == "group"} == {None}


def test_a_night_again_replaces_and_a_dead_one_leaves_nothing(tea: Segment) -> None:
    from segmentation.targets import step

    cast.night(ON)
    rows = TargetCount.objects.count()
    cast.night(ON)
    assert TargetCount.objects.filter(night=nights.published()).count() == rows
    step.take_back(nights.published().pk)  # type: ignore[union-attr]
    assert TargetCount.objects.count() == rows


def test_archived_segments_and_merged_people_are_not_measured(
    tea: Segment, max_: Staff, harbour: Store
) -> None:
    old = markets.segment("Old")
    markets.inside(old, Customer.objects.get(name="A"), "2025-11-05")
    Segment.objects.filter(pk=old.pk).update(archived_at=markets.moment("2026-01-01"))
    Customer.objects.filter(name="F").update(merged_into=Customer.objects.get(name="A"))
    cast.night(ON)
    assert not TargetCount.objects.filter(segment=old).exists()
    assert of(max_, tea).customers == 4


def test_scores_of_others_replace_our_own_once_they_serve(
    tea: Segment, max_: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Odd and even row numbers stand for a table of scores; C has none."""
    monkeypatch.setattr(measures, "_sources", {})
    sql = """SELECT id, CASE name WHEN 'A' THEN 0.1 WHEN 'B' THEN 0.9 ELSE 0.5 END::float8 FROM customers_customer
             WHERE id >= %(low)s AND id < %(high)s AND name <> 'C' AND %(night)s = 77"""
    measures.offer(Source("forecast", "churn", "Will leave", sql, lambda _night: 77))
    measures.offer(Source("later", "value", "Worth", sql, lambda _night: None))
    cast.night(ON)
    basis = TargetNight.objects.get(night=nights.published())
    assert (basis.churn_by, basis.value_by) == ("forecast", "own")
    told = of(max_, tea)
    assert (told.sums.churn_of, told.churn) == (4, pytest.approx((0.1 + 0.9 + 0.5 + 0.5) / 4))
    assert measures.label_of("churn", "forecast") == "Will leave"


def test_a_table_of_generations_is_offered_in_a_line(
    tea: Segment, max_: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standings stand for scores: the recency of those who were scored by the newest fit."""
    monkeypatch.setattr(measures, "_sources", {})
    measures.offer_scores(
        "recency", "value", "Recency", table="segmentation_standing", column="r", fits=NightCuts
    )
    cast.night(ON)
    assert TargetNight.objects.get(night=nights.published()).value_by == "recency"
    scores = Standing.objects.filter(customer__name__in="ABCD").values_list("r", flat=True)
    assert (of(max_, tea).sums.value_of, of(max_, tea).sums.value) == (4, float(sum(scores)))
    assert of(max_, tea).per_head == 162.0


def test_candidates_are_groups_and_segments_that_one_may_see(
    tea: Segment, max_: Staff, marta: Staff, calling: Any
) -> None:
    markets.segment("Mine", owner=max_, is_shared=False)
    names = {person: {one.name for one in candidates.market(person).candidates} for person in (max_, marta)}
    assert {"Champions", "Tea people", "Mine"} <= names[max_]
    assert "Mine" not in names[marta]
    assert candidates.find(marta, tea.public_id) == tea
    assert candidates.find(marta, Segment.objects.get(name="Mine").public_id) is None
    assert candidates.find(marta, "dragons") is None


def test_scores_are_those_of_the_viewers_stores(tea: Segment, max_: Staff, marta: Staff) -> None:
    cast.night(ON)
    whole, own = (candidates.market(person).named(tea.public_id) for person in (max_, marta))
    assert whole is not None
    assert own is not None
    assert whole.scores.factors["size"] == 100.0  # five, and no group has more than four
    assert whole.scores.attractiveness is not None
    assert candidates.market(marta).named("promising").scores.attractiveness is None  # type: ignore[union-attr]
    assert own.figures is not None
    assert own.figures.customers == 4
