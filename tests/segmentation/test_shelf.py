"""The shelf answers as the database does: every attribute, every operator, every behaviour it knows."""

import os
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crm.demo import loader
from crm.org.models import Region, Store
from customers import nights
from customers.attributes import OPERATORS, Kind, Moment, Operator, registry
from customers.histories import Histories
from customers.models import Customer, CustomField, Line, Purchase
from segmentation.following import looking
from segmentation.segments import compiling, evaluating
from segmentation.segments.compiling import Reach
from segmentation.segments.reading import read
from segmentation.segments.tree import Group, Is, conditions, to_json
from segmentation.shelf import answering, laying, purchases
from segmentation.shelf.answering import Standing
from segmentation.shelf.columns import UNKNOWN, Numbers
from tests import cast
from tests.night.helpers import run_night
from tests.segmentation.world import World

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 10)
TREES = int(os.environ.get("SEGMENT_TREES", "150"))


def test_every_attribute(tmp_path: Path) -> None:
    loader.load(tmp_path, small=True, watcher=lambda *_: None)
    last = Purchase.objects.order_by("-business_date").values_list("business_date", flat=True)[0]
    run_night(last)
    moment = Moment(last + timedelta(days=1), nights.published().pk)
    standing = answering.standing(moment)
    assert standing is not None
    missing = []
    for attribute in registry.attributes():
        if attribute.kind == Kind.TEXT:
            continue
        if standing.shelf.column(attribute, moment) is None:
            missing.append(attribute.code)
        for operator in OPERATORS[attribute.kind]:
            for value in values(attribute, operator, last):
                tree = Group("all", (Is(attribute.code, operator, value),))
                assert standing.ids(tree).tolist() == evaluating.ids(tree, moment), (
                    attribute.code,
                    operator,
                    value,
                )
    assert missing == []


def wrong(standing: Standing, tree: Any) -> list[Any]:
    """The conditions that are answered differently."""
    asked = [Group("all", (one,)) for one in conditions(tree)]
    return [
        to_json(one) for one in asked if standing.ids(one).tolist() != evaluating.ids(one, standing.moment)
    ]


def values(attribute: Any, operator: Operator, on: date) -> list[Any]:
    if operator.takes == "nothing":
        return [None]
    if operator.takes == "days":
        return [1, 30, 200]
    if attribute.kind == Kind.DATE:
        days = (on - timedelta(days=100), on - timedelta(days=10))
        return [days] if operator.takes == "two" else list(days)
    if attribute.kind in (Kind.NUMBER, Kind.MONEY):
        some = (Decimal(0), Decimal(1), Decimal("2.5"), Decimal(30), Decimal(-1))
        return [(Decimal(1), Decimal(40))] if operator.takes == "two" else list(some)
    options = list(attribute.options()) if attribute.options else ["x"]
    return (
        [tuple(sorted(options[:2])), tuple(sorted(options[-3:])), ("nobody",)] if options else [("nobody",)]
    )


DEEDS = [
    {"did": "purchase"},
    {"did": "purchase", "when": {"last_days": 30}},
    {"did": "purchase", "when": {"longer_ago": 60}},
    {"did": "purchase", "where": [{"field": "weekday", "is": "any_of", "value": ["5", "6"]}]},
    {"did": "purchase", "where": [{"field": "amount", "is": "at_least", "value": "40.10"}], "when": {"last_days": 90}},
    {"did": "purchase", "where": [{"field": "amount", "is": "between", "value": [10, 40]}]},
    {"did": "purchase", "where": [{"field": "hour", "is": "at_least", "value": 18}]},
    {"did": "purchase", "where": [{"field": "store", "is": "none_of", "value": ["STORE"]}], "when": {"last_days": 200}},
    {"did": "purchase", "where": [{"field": "region", "is": "any_of", "value": ["REGION"]}]},
    {"did": "bought", "where": [{"field": "category", "is": "any_of", "value": ["ROOT"]}], "when": {"last_days": 90}},
    {"did": "bought", "where": [{"field": "category", "is": "none_of", "value": ["ROOT", "LEAF"]}]},
    {"did": "bought", "where": [{"field": "brand", "is": "any_of", "value": ["BRAND"]}]},
    {"did": "bought", "where": [{"field": "product", "is": "any_of", "value": ["PRODUCT"]}]},
    {"did": "bought", "where": [{"field": "is_discounted", "is": "yes"}], "when": {"last_days": 14}},
    {"did": "bought", "where": [{"field": "category", "is": "any_of", "value": ["LEAF"]},
                                {"field": "store", "is": "any_of", "value": ["STORE"]},
                                {"field": "channel", "is": "any_of", "value": ["1"]}]},
    {"did": "touch"},
]  # fmt: skip


def test_behaviours(tmp_path: Path) -> None:
    loader.load(tmp_path, small=True, watcher=lambda *_: None)
    last = Purchase.objects.order_by("-business_date").values_list("business_date", flat=True)[0]
    run_night(last)
    moment = Moment(last + timedelta(days=1), nights.published().pk)
    standing = answering.standing(moment)
    assert standing is not None
    chosen = some()
    for deed in (fill(one, chosen) for one in DEEDS):
        offered = registry.behaviour(deed["did"])
        for measure in offered.measures:
            for operator, value in (
                ("at_least", 1),
                ("at_least", 3),
                ("at_most", 0),
                ("between", [1, 50]),
                ("is", 2),
            ):
                tree = read({"all": [deed | {"count": measure.code, "is": operator, "value": value}]})
                assert standing.ids(tree).tolist() == evaluating.ids(tree, moment), (
                    deed,
                    measure.code,
                    operator,
                )
        for days in (1, 7, 60):
            tree = read({"all": [{"first": deed, "then": fill(DEEDS[9], chosen), "within_days": days}]})
            assert standing.ids(tree).tolist() == evaluating.ids(tree, moment), (deed, days)


def some() -> dict[str, str]:

    line = Line.objects.filter(product__brand__isnull=False, product__category__isnull=False).select_related(
        "product__category", "purchase"
    )[0]
    leaf = line.product.category
    root = leaf
    while root.parent:
        root = root.parent
    store = Store.objects.get(pk=line.purchase.store_id)
    return {
        "STORE": str(store.pk),
        "REGION": str(store.region_id),
        "ROOT": str(root.pk),
        "LEAF": str(leaf.pk),
        "BRAND": str(line.product.brand_id),
        "PRODUCT": str(line.product_id),
    }


def fill(given: Any, chosen: dict[str, str]) -> Any:
    if isinstance(given, dict):
        return {key: fill(value, chosen) for key, value in given.items()}
    if isinstance(given, list):
        return [fill(value, chosen) for value in given]
    return chosen.get(given, given)


@pytest.mark.parametrize("seed", range(3))
def test_random_trees(seed: int, tmp_path: Path) -> None:
    """Over a random chain, as the database says it; whoever changed since the shelf was laid, too."""
    world = World(seed)
    answering.opened.cache_clear()
    name = f"test-{seed}"
    shelf = laying.lay(answering.home() / name, world.moment)
    purchases.lay(shelf, Histories(world.moment.on, tmp_path))
    laying.finish(shelf, world.moment)
    standing = Standing(answering.opened(name), world.moment, [])
    patched = Standing(answering.opened(name), world.moment, sorted(one.pk for one in world.people[::3]))
    stores = frozenset(store.pk for store in world.stores[:2])
    for _ in range(TREES):
        tree = world.tree()
        expected = evaluating.ids(tree, world.moment)
        assert standing.ids(tree).tolist() == expected, wrong(standing, tree)
        assert patched.ids(tree).tolist() == expected, to_json(tree)
        scoped = compiling.counts([tree], world.moment, Reach(store_ids=stores))
        assert patched.counts([tree, tree], stores) == [evaluating.rows(scoped)[0][0]] * 2, to_json(tree)


def test_what_is_about_everybody_is_asked_anew_once_it_changed(
    irina: Customer, harbour: Store, uptown: Store
) -> None:
    north, south = (Region.objects.create(code=name, name=name) for name in ("North", "South"))
    Store.objects.filter(pk=harbour.pk).update(region=north)
    run_night(ON)
    looking.look()
    moment = Moment(ON + timedelta(days=1), nights.published().pk)
    trees = [
        read({"attribute": "person.region", "is": "any_of", "value": [str(one.pk)]}) for one in (north, south)
    ]
    assert [standing(moment).ids(tree).tolist() for tree in trees] == [[irina.pk], []]
    Store.objects.filter(pk=harbour.pk).update(region=south)
    assert standing(moment).tables == {"org_store"}
    assert [standing(moment).ids(tree).tolist() for tree in trees] == [[], [irina.pk]]
    run_night(ON + timedelta(days=1))
    moment = Moment(ON + timedelta(days=2), nights.published().pk)
    assert standing(moment).tables == frozenset()
    assert [standing(moment).ids(tree).tolist() for tree in trees] == [[], [irina.pk]]


def test_who_changed_while_it_was_laid_stays_changed(
    irina: Customer, harbour: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, ahead = (cast.customer(name, of=harbour) for name in ("Before", "Ahead"))
    cast.purchase(before, at=harbour, on=ON)
    cast.purchase(ahead, at=harbour, on=ON + timedelta(days=1))
    looking.look()

    def lay(*asked: Any, _lay: Any = laying.lay) -> Any:
        found = _lay(*asked)
        cast.purchase(irina, at=harbour, on=ON)
        looking.look()
        return found

    monkeypatch.setattr(laying, "lay", lay)
    run_night(ON)
    assert standing(Moment(ON + timedelta(days=1), nights.published().pk)).changed == [irina.pk, ahead.pk]
    bought = {"did": "purchase", "count": "times", "is": "at_least", "value": 1}
    once = read(bought | {"when": {"last_days": 1}})
    on = Moment(ON + timedelta(days=1), nights.published().pk)
    assert standing(on).ids(once).tolist() == [ahead.pk], "of the day after the night"
    twice = read(bought | {"when": {"last_days": 2}})
    assert standing(on).ids(twice).tolist() == [irina.pk, before.pk, ahead.pk]


def test_a_value_of_another_kind_is_unknown_and_stops_no_night(irina: Customer, harbour: Store) -> None:
    CustomField.objects.create(code="size", label="Size", kind="number")
    Customer.objects.filter(pk=irina.pk).update(custom={"size": "large"})
    run_night(ON)
    moment = Moment(ON + timedelta(days=1), nights.published().pk)
    unknown = read({"attribute": "custom.size", "is": "unknown"})
    assert standing(moment).ids(unknown).tolist() == evaluating.ids(unknown, moment) == [irina.pk]


def test_a_field_of_another_kind_is_not_taken_from_the_shelf(irina: Customer, harbour: Store) -> None:
    CustomField.objects.create(code="size", label="Size", kind="number")
    run_night(ON)
    CustomField.objects.filter(code="size").update(kind="date")
    moment = Moment(ON + timedelta(days=1), nights.published().pk)
    tree = read({"attribute": "custom.size", "is": "after", "value": "2026-01-01"})
    assert standing(moment).ids(tree).tolist() == []


@pytest.mark.parametrize("values", [np.array([UNKNOWN, 0, 5], dtype=np.int32), np.array([np.nan, -3e9, 5.0])])
def test_what_is_not_known_meets_no_limit(values: Any) -> None:
    numbers, low = Numbers(values), Decimal(-5_000_000_000)

    def told(operator: Operator, value: Any) -> list[bool]:
        return numbers.answer(operator, value, ON).tolist()

    assert told(Operator.AT_LEAST, low) == [False, True, True]
    assert told(Operator.BETWEEN, (low, Decimal(9))) == [False, True, True]
    assert told(Operator.AT_MOST, Decimal(9)) == [False, True, True]
    assert told(Operator.IS, Decimal(UNKNOWN)) == [False, False, False]
    assert told(Operator.IS_NOT, Decimal(UNKNOWN)) == [True, True, True]


def standing(moment: Moment) -> Standing:
    found = answering.standing(moment)
    assert found is not None
    return found
