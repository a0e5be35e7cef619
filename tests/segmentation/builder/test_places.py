"""Whatever a browser sends, a page of the builder comes back: what is no place is none."""

import json
from typing import Any

import pytest
from django.http import QueryDict
from django.utils.http import urlencode
from hypothesis import given, settings
from hypothesis import strategies as some

from segmentation.building.editing import ACTS
from segmentation.building.shape import at, way_to
from segmentation.segments.reading import DEEPEST
from segmentation.views.buildershown import Page
from segmentation.views.nameable import Nameable
from segmentation.views.writing import Writing

pytestmark = pytest.mark.django_db

AGE = {"attribute": "person.age", "is": "at_least", "value": "3"}
BOUGHT = {
    "did": "bought",
    "where": [{"field": "is_discounted", "is": "yes"}],
    "count": "times",
    "is": "is",
    "value": 1,
}
THEN = {"first": BOUGHT, "then": BOUGHT, "within_days": 3}
TREE = {"all": [AGE, {"any": [BOUGHT, {"none": [THEN]}]}, {"member_of": "seg_1"}]}


@pytest.mark.parametrize(
    ("place", "way"),
    [
        ("", []), ("0", [0]), ("1-0", [1, 0]), ("²", None), ("abc", None), ("-", None), ("0-", None), ("-1", None),
        ("٣", None), ("1 ", None), ("0--1", None), ("9999", None),
        ("-".join("0" * DEEPEST), [0] * DEEPEST), ("-".join("0" * (DEEPEST + 1)), None),
    ],
)  # fmt: skip
def test_a_place_is_numbers_and_nothing_else(place: str, way: list[int] | None) -> None:
    assert way_to(place) == way


def test_what_is_no_place_has_nothing_there() -> None:
    assert at(TREE, "") is TREE
    assert at(TREE, "1-0") is BOUGHT
    assert (at(TREE, "abc"), at(TREE, "7"), at(TREE, "0-0")) == (None, None, None)


@pytest.mark.parametrize(
    "pressed",
    [
        {"do": "up:abc"}, {"do": "remove:²"}, {"do": "group:x"}, {"do": "widen:c1-0.where.²"},
        {"do": "widen:c².where.0"}, {"do": "widen:c1-1-0.first.where.x"},
    ],
)  # fmt: skip
def test_a_button_of_nowhere_changes_nothing(pressed: dict[str, str]) -> None:
    writing = Writing.of(told(TREE))
    assert writing.after(told(TREE, **pressed)) == writing


def test_what_is_added_nowhere_stands_last() -> None:
    pressed = told(TREE, add="attribute:person.age", into="²")
    assert len(Writing.of(pressed).after(pressed).tree["all"]) == 4


def told(tree: Any, **fields: str) -> QueryDict:
    text = tree if isinstance(tree, str) else json.dumps(tree)
    return QueryDict(urlencode({"tree": text, **fields}, doseq=True))


NONSENSE = some.text(max_size=8) | some.sampled_from(["²", "٣", "abc", "-", "0-", "c", ".", "c0.where"])
PLACE = some.lists(some.integers(0, 12), max_size=10).map(lambda way: "-".join(map(str, way))) | NONSENSE
NAME = some.sampled_from([*ACTS, "undo", "pick", "widen", ""]) | NONSENSE
PART = (
    some.sampled_from(["", ".where.0", ".first.where.0", ".then.where.1", ".where.²", ".where", "."])
    | NONSENSE
)
BUTTON = some.builds(
    lambda name, c, place, part: f"{name}:{c}{place}{part}", NAME, some.sampled_from(["", "c"]), PLACE, PART
)
KIND = (
    some.sampled_from(["attribute:person.age", "did:bought", "then:returned", "member_of:x", "attribute:x"])
    | NONSENSE
)
VALUE = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | NONSENSE,
    lambda one: some.lists(one, max_size=3) | some.dictionaries(NONSENSE, one, max_size=2),
    max_leaves=4,
)
PARTS = [
    "attribute",
    "did",
    "first",
    "then",
    "member_of",
    "is",
    "value",
    "where",
    "when",
    "count",
    "within_days",
    "field",
]
BENT = some.recursive(
    some.sampled_from([AGE, BOUGHT, THEN, {"member_of": "x"}])
    | some.dictionaries(some.sampled_from(PARTS), VALUE, max_size=5)
    | some.builds(
        lambda one, part, value: {**one, part: value},
        some.sampled_from([AGE, BOUGHT]),
        some.sampled_from(PARTS),
        VALUE,
    ),
    lambda one: some.builds(
        lambda how, of: {how: of}, some.sampled_from(["all", "any", "none"]), some.lists(one, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(tree=BENT | NONSENSE, button=BUTTON, add=some.just("") | KIND, into=PLACE, before=BENT | NONSENSE)
def test_no_button_of_no_description_raises(tree: Any, button: str, add: str, into: str, before: Any) -> None:
    before = before if isinstance(before, str) else json.dumps(before)
    pressed = told(tree, do=button, add=add, into=into, before=before)
    writing = Writing.of(pressed).after(pressed)
    shown = Page({}, Nameable([])).node(writing.tree)
    assert shown.kind == "group"
    Writing.of(told(writing.tree))  # what is shown can be sent again
