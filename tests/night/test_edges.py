"""Whole nights of chains at the edge: of nobody, of one, where all refuse a profile, where all were erased."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from crm.jobs.models import State
from crm.lib.owned import Owned
from crm.org.models import Staff, Store
from crm.privacy import erasing
from crm.schedule import NIGHT
from customers import histories, nights, states
from customers.models import Category, Customer, Lifecycle, Persona
from segmentation import generations, panels
from segmentation.churn import risks
from segmentation.clusters import limits, measuring, training
from segmentation.clusters import step as clusters
from segmentation.lifetime import grouping, reading
from segmentation.models import (
    CellCount,
    ChurnScore,
    ClusterCount,
    ClusterMember,
    DueGood,
    LifetimeFit,
    LifetimeScore,
    LifetimeSum,
    ProductFit,
    Recommendation,
    Segment,
    SegmentSpell,
    SegmentVersion,
    Standing,
    StockFigure,
    TargetCount,
    TargetNight,
)
from segmentation.products import step as products
from segmentation.targets import step as targets
from tests import cast
from tests.night.helpers import buy, people, run_night
from tests.segmentation.shopping import refuse

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 10)
PERSONAL = (Persona, LifetimeScore, ChurnScore, Recommendation, DueGood)


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch, chain: object, from_one: None) -> None:
    """Four customers a slice and two a part, so that some ranges are of nobody."""
    monkeypatch.setattr(states, "SLICE", 4)
    for module in (histories, grouping, products, clusters, measuring, targets):
        monkeypatch.setattr(module, "RANGE", 2)


def regulars(n: int, store: Store) -> list[Customer]:
    """Each buys tea every ten days for 200 days, the last time four days before the night."""
    drinks = Category.objects.create(path="food/drinks", name="Drinks")
    cast.product("TEA", "Tea", category=drinks)
    found = people(n, store)
    for person in found:
        for back in range(4, 200, 10):
            cast.purchase(person, at=store, on=ON - timedelta(days=back), lines=[("TEA", "1", "4.00")])
    return found


def everybody() -> Segment:
    segment = Segment.objects.create(name="Everybody")
    SegmentVersion.objects.create(segment=segment, number=1, definition={"all": []})
    return segment


def nobody(store: Store, _noon: datetime) -> None:
    pass


def strangers(store: Store, _noon: datetime) -> None:
    people(9, store)


def one(store: Store, _noon: datetime) -> None:
    regulars(1, store)


def one_among_many_ranges(store: Store, _noon: datetime) -> None:
    """Eight without a receipt before, one buyer, eight after."""
    people(8, store)
    regulars(1, store)
    people(8, store)


def all_refuse(store: Store, _noon: datetime) -> None:
    for person in regulars(9, store):
        refuse(person)


def a_range_refuses(store: Store, _noon: datetime) -> None:
    for person in regulars(9, store)[:6]:
        refuse(person)


def all_erased(store: Store, noon: datetime) -> None:
    for person in regulars(9, store):
        erasing.erase(person.pk, by="system:test", at=noon)


def all_brought_back(store: Store, _noon: datetime) -> None:
    buy([(person.pk, ON - timedelta(days=3), 500, 500) for person in people(3, store)], store)


def all_days_ahead(store: Store, _noon: datetime) -> None:
    buy([(person.pk, ON + timedelta(days=5), 500, 0) for person in people(3, store)], store)


@pytest.mark.parametrize(
    ("chain_of", "profiled", "expected"),
    [
        (nobody, 0, 0), (strangers, 0, 0), (one, 1, 1), (one_among_many_ranges, 1, 1), (all_refuse, 0, 9),
        (a_range_refuses, 3, 9), (all_erased, 0, 0), (all_brought_back, 0, 0), (all_days_ahead, 0, 0),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_the_whole_night_is_published(
    chain_of: Callable[[Store, datetime], None], profiled: int, expected: int, harbour: Store, noon: datetime
) -> None:
    """Twice, the second time over what the first one wrote."""
    chain_of(harbour, noon)
    segment = everybody()
    for on in (ON, ON + timedelta(days=1)):
        job = run_night(on)
        assert {step.name for step in job.steps.filter(state=State.DONE)} == {name for name, *_ in NIGHT}
        night = nights.published()
        assert night is not None
        assert night.on == on
        assert TargetNight.objects.filter(night=night).count() == 1
        fit = generations.serving(ProductFit)
        assert fit is not None
        assert fit.night_id == night.pk
        for model in (LifetimeScore, Recommendation):
            assert model._default_manager.filter(night=night).count() == profiled
        assert Persona.objects.filter(ended_night=None).count() == profiled
        assert sum(LifetimeSum.objects.filter(night=night).values_list("customers", flat=True)) == expected
    assert SegmentSpell.objects.filter(segment=segment, ended_at=None).count() == len(living())


@pytest.fixture
def clustered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FEWEST", 5)


def test_a_night_after_an_erasure_writes_nothing_about_the_erased(
    harbour: Store, noon: datetime, marta: Staff, clustered: None
) -> None:
    """Their receipts stay and are read again, also by a night that computes all personas anew."""
    who = regulars(9, harbour)
    everybody()
    run_night(ON)
    gone = who[4]
    before = about(gone)
    assert set(before) == {*PERSONAL, ClusterMember, Standing, SegmentSpell}
    erasing.erase(gone.pk, by="system:test", at=noon)
    assert set(about(gone)) == {Standing, SegmentSpell}
    run_night(ON + timedelta(days=1), rebuild=True)
    now = nights.published()
    assert now is not None
    assert about(gone) == {Standing: before[Standing], SegmentSpell: before[SegmentSpell]}
    assert not SegmentSpell.objects.filter(customer=gone, ended_at=None).exists()
    churn, everyone = risks.serving(), [person.pk for person in who if person != gone]
    assert churn is not None
    assert (churn.night_id, churn.customers, sum(churn.histogram)) == (now.pk, 8, 8)
    assert sorted(risks.at_risk(marta, churn, 0).values_list("customer", flat=True)) == everyone
    assert LifetimeSum.objects.get(night=now).customers == 8
    assert sum(row.customers for row in StockFigure.objects.filter(night=now)) == 8
    assert ClusterCount.objects.get(night=now, cluster=None).customers == 8
    of_everybody = TargetCount.objects.get(night=now, segment__isnull=False)
    assert (of_everybody.customers, of_everybody.churn_of) == (8, 8)
    assert sum(CellCount.objects.filter(night=now).values_list("customers", flat=True)) == 8
    for model in (Standing, Lifecycle):
        assert not model._default_manager.filter(customer=gone, ended_night=None).exists()


def test_who_is_erased_while_a_night_runs_is_in_no_cluster(
    harbour: Store, noon: datetime, clustered: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After everybody was measured, before the first member is written."""
    who, real = regulars(9, harbour), training.learn

    def gone_meanwhile(*args: Any, **more: Any) -> Any:
        erasing.erase(who[4].pk, by="system:test", at=noon)
        return real(*args, **more)

    monkeypatch.setattr(training, "learn", gone_meanwhile)
    run_night(ON)
    members = set(ClusterMember.objects.values_list("customer", flat=True))
    assert members == {person.pk for person in who if person != who[4]}


def about(customer: Customer) -> dict[Any, int]:
    """By table of the app, and of personas, how many rows there are about a customer."""
    models: list[Any] = [
        one for one in apps.get_app_config("segmentation").get_models() if issubclass(one, Owned)
    ]
    found = {one: one._base_manager.filter(customer=customer.pk).count() for one in (Persona, *models)}
    return {one: n for one, n in found.items() if n}


def test_who_objects_is_in_the_chains_sums_and_has_no_value_of_their_own(
    harbour: Store, marta: Staff, calling: Callable[..., Client]
) -> None:
    who, caller = regulars(9, harbour), calling("customers:read")
    refuse(who[4])
    run_night(ON)
    fit = LifetimeFit.objects.get()
    assert (fit.customers, LifetimeSum.objects.get().customers) == (9, 9)
    scored = LifetimeScore.objects.order_by("customer").values_list("customer", flat=True)
    assert list(scored) == [person.pk for person in who if person != who[4]]
    (each,) = set(LifetimeScore.objects.values_list("value_90", flat=True))  # they all bought alike
    assert each is not None
    assert LifetimeSum.objects.get().value_90 == 9 * each

    def told(person: Customer) -> tuple[bool, bool]:
        profile = caller.get(f"/api/v1/customers/{person.public_id}/").json()
        panel = panels.lifetime(marta, Customer.objects.get(pk=person.pk))
        return profile["lifetime"] is not None, panel is not None

    assert [told(person) for person in who[4:6]] == [(False, False), (True, True)]
    refuse(who[5])
    assert told(who[5]) == (False, False)
    ranked = reading.ranked(marta, fit).order_by("customer").values_list("customer", flat=True)
    assert list(ranked) == [person.pk for person in who if person not in who[4:6]]


def living() -> list[int]:
    return list(Customer.objects.filter(merged_into=None, erased_at=None).values_list("pk", flat=True))
