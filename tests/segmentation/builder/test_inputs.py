"""From the fields of the form to the description, and what is finished of it."""

from typing import Any

import pytest
from django.http import QueryDict

from segmentation.building import beginning
from segmentation.building.difference import difference
from segmentation.building.finishing import finished, is_unfinished, without_empty
from segmentation.building.inputs import absorbed, is_never

pytestmark = pytest.mark.django_db  # the chain's own fields are attributes, too


def told(text: str) -> QueryDict:
    return QueryDict(text)


def absorbs(condition: dict[str, Any], text: str) -> dict[str, Any]:
    """What becomes of the one condition of a description."""
    found: dict[str, Any] = absorbed({"all": [condition]}, told(text))["all"][0]
    return found


AGE = {"attribute": "person.age", "is": "at_least", "value": "30"}
STAGE = {"attribute": "life.stage", "is": "any_of", "value": ["1"]}
SEEN = {"attribute": "purchases.last_on", "is": "last_days", "value": 30}
BOUGHT = {
    "did": "bought", "where": [{"field": "product", "is": "any_of", "value": ["7"]}], "when": {"last_days": 90},
    "count": "times", "is": "at_least", "value": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "text", "then"),
    [
        (AGE, "c0.is=at_least&c0.value=41", {**AGE, "value": "41"}),
        (AGE, "c1.is=at_least&c1.value=41", AGE),
        (AGE, "c0.is=between&c0.value=41", {**AGE, "is": "between", "value": ["41", ""]}),
        (
            {**AGE, "is": "between", "value": ["1", "2"]},
            "c0.is=between&c0.value.0=3&c0.value.1=4",
            {**AGE, "is": "between", "value": ["3", "4"]},
        ),
        (
            {**AGE, "is": "between", "value": ["1", "2"]},
            "c0.is=at_most&c0.value.0=3&c0.value.1=4",
            {**AGE, "is": "at_most", "value": "3"},
        ),
        (AGE, "c0.is=known&c0.value=41", {"attribute": "person.age", "is": "known"}),
        ({"attribute": "person.age", "is": "known"}, "c0.is=is", {**AGE, "is": "is", "value": ""}),
        (AGE, "c0.is=starts_with&c0.value=41", {**AGE, "value": "41"}),
        (STAGE, "c0.is=any_of&c0.value=2&c0.value=3&c0.value=2", {**STAGE, "value": ["2", "3"]}),
        (STAGE, "c0.is=none_of", {**STAGE, "is": "none_of", "value": []}),
        (SEEN, "c0.is=longer_ago&c0.value=45", {**SEEN, "is": "longer_ago", "value": 45}),
        (SEEN, "c0.is=last_days&c0.value=a+week", {**SEEN, "value": "a week"}),
        (SEEN, "c0.is=before&c0.value=45", {**SEEN, "is": "before", "value": ""}),
        ({"member_of": "a"}, "c0.member_of=b", {"member_of": "b"}),
    ],
)
def test_a_question_takes_what_stands_in_its_fields(condition: Any, text: str, then: Any) -> None:
    assert absorbs(condition, text) == then


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("c0.is=at_most&c0.value=4", {"is": "at_most", "value": "4"}),
        ("c0.is=never&c0.value=4", {"is": "at_most", "value": 0}),
        ("c0.is=between&c0.value=4", {"is": "between", "value": ["4", ""]}),
        ("c0.is=at_least&c0.value=4&c0.count=amount", {"is": "at_least", "value": "", "count": "amount"}),
        ("c0.when=ever&c0.when.days=90", {"when": {}}),
        ("c0.when=longer_ago&c0.when.days=20", {"when": {"longer_ago": 20}}),
        ("c0.when=between&c0.when.days=20", {"when": {"between": ["", ""]}}),
        ("c0.where.0.is=none_of&c0.where.0.value=8", {
            "where": [{"field": "product", "is": "none_of", "value": ["8"]}]}),
        ("c0.narrow=is_discounted", {
            "where": [BOUGHT["where"][0], {"field": "is_discounted", "is": "yes"}]}),
        ("c0.narrow=nothing", {}),
    ],
)  # fmt: skip
def test_a_behaviour_takes_how_often_when_and_which(text: str, changed: Any) -> None:
    assert absorbs(BOUGHT, text) == BOUGHT | changed


def test_after_never_comes_once() -> None:
    never = BOUGHT | {"is": "at_most", "value": 0}
    assert absorbs(never, "c0.is=at_least") == BOUGHT | {"value": "1"}
    assert absorbs(never, "c0.is=never") == never


def test_at_most_nothing_spent_is_not_never() -> None:
    """Who brought everything back, or had nothing to pay, did make a purchase."""
    nothing = BOUGHT | {"count": "amount", "is": "at_most", "value": "0"}
    assert not is_never(nothing)
    assert is_never(nothing | {"count": "times"})
    assert is_never({"did": "bought", "is": "at_most", "value": 0})
    assert absorbs(nothing, "c0.is=at_most&c0.value=0&c0.count=amount") == nothing
    never = nothing | {"count": "times", "value": 0}
    assert absorbs(nothing, "c0.is=never&c0.value=0&c0.count=amount") == never


def test_one_and_then_another_take_their_fields_apart() -> None:
    first = {"did": "bought", "where": [], "when": {"last_days": 90}}
    both = {"first": first, "then": {"did": "bought", "where": [], "when": {}}, "within_days": 30}
    text = "c0.first.when=ever&c0.then.did=returned&c0.then.when=last_days&c0.within_days=7"
    assert absorbs(both, text) == {
        "first": {"did": "bought", "where": [], "when": {}},
        "then": {"did": "returned", "where": [], "when": {"last_days": 90}},
        "within_days": 7,
    }


def test_groups_turn_and_keep_what_is_in_them() -> None:
    tree = {"all": [AGE, {"any": [STAGE]}]}
    found = absorbed(
        tree, told("c.how=any&c1.how=none&c1-0.is=any_of&c1-0.value=5&c0.is=at_least&c0.value=9")
    )
    assert found == {"any": [{**AGE, "value": "9"}, {"none": [{**STAGE, "value": ["5"]}]}]}
    assert tree == {"all": [AGE, {"any": [STAGE]}]}


@pytest.mark.parametrize(
    ("what", "condition"),
    [
        ("attribute:person.age", {"attribute": "person.age", "is": "at_least", "value": ""}),
        ("attribute:purchases.last_on", {"attribute": "purchases.last_on", "is": "last_days", "value": 30}),
        ("attribute:life.stage", {"attribute": "life.stage", "is": "any_of", "value": []}),
        ("attribute:person.has_email", {"attribute": "person.has_email", "is": "yes"}),
        ("did:bought", BOUGHT | {"where": []}),
        ("member_of:seg_1", {"member_of": "seg_1"}),
        ("attribute:nothing", None),
        ("did:nothing", None),
    ],
)
def test_what_a_condition_begins_with(what: str, condition: Any) -> None:
    assert beginning.begun(what) == condition


def test_what_is_not_finished_is_left_out_of_the_count() -> None:
    blank = {**AGE, "value": ""}
    tree = {"all": [AGE, {"any": [blank, {"all": []}]}, {"none": [STAGE, {**STAGE, "value": []}]}]}
    assert finished(tree) == ({"all": [AGE, {"none": [STAGE]}]}, 2)
    assert finished({"any": [blank]}) == ({"all": []}, 1)
    assert without_empty(tree) == {"all": [AGE, {"any": [blank]}, {"none": [STAGE, {**STAGE, "value": []}]}]}
    assert without_empty({"any": [{"none": []}]}) == {"all": []}


@pytest.mark.parametrize(
    ("condition", "is_open"),
    [
        (AGE, False),
        ({"attribute": "person.age", "is": "known"}, False),
        ({**AGE, "is": "between", "value": ["1", ""]}, True),
        (BOUGHT, False),
        (BOUGHT | {"value": ""}, True),
        (BOUGHT | {"when": {"between": ["2026-01-01", ""]}}, True),
        (BOUGHT | {"where": [{"field": "product", "is": "any_of", "value": []}]}, True),
        ({"first": {"did": "bought"}, "then": {"did": ""}, "within_days": 3}, True),
        ({"first": {"did": "bought"}, "then": {"did": "bought"}, "within_days": 3}, False),
        ({"member_of": ""}, True),
    ],
)
def test_what_still_misses_something(condition: Any, is_open: bool) -> None:
    assert is_unfinished(condition) is is_open


def test_what_changed_between_two_sentences() -> None:
    assert difference("aged 30 or more, in Harbour", "aged 45 or more, in Harbour") == [
        ("same", "aged "), ("gone", "30"), ("new", "45"), ("same", " or more, in Harbour"),
    ]  # fmt: skip
    assert difference("年龄至少30", "年龄至少45岁") == [("same", "年龄至少"), ("gone", "30"), ("new", "45岁")]
