"""Reading definitions: what the registry does not know is refused."""

from typing import Any

import pytest

from crm.org.models import Staff
from customers.attributes import Operator
from segmentation.segments.reading import InvalidSegment, read
from segmentation.segments.tree import Did, Group, Is

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "given",
    [
        {"attribute": "person.age; DROP", "is": "known"},
        {"attribute": "person.age", "is": "at_least", "value": "1; DROP"},
        {"attribute": "person.age", "is": "= 1 OR", "value": 1},
        {"did": "bought'", "is": "at_least", "value": 1},
        {"did": "bought", "count": "sum(1)", "is": "at_least", "value": 1},
        {"did": "bought", "where": [{"field": "1=1", "is": "known"}], "is": "at_least", "value": 1},
        {"did": "bought", "when": {"last_days": "1"}, "is": "at_least", "value": 1},
        {"member_of": "seg_1 OR 1=1"},
        {"attribute": "person.occupation", "is": "is", "value": "nul\0"},
    ],
)
def test_what_the_registry_does_not_know_is_refused(given: dict[str, Any], chain: Any) -> None:
    with pytest.raises(InvalidSegment):
        read(given)


def faults(given: Any, viewer: Any, saved: Any = None) -> list[tuple[str, str]]:
    with pytest.raises(InvalidSegment) as refusal:
        read(given, viewer, saved)
    return [(fault.pointer, fault.detail) for fault in refusal.value.faults]


def bought(**more: Any) -> dict[str, Any]:
    return {"did": "bought", "is": "at_least", "value": 1} | more


@pytest.mark.parametrize(
    ("given", "pointer", "why"),
    [
        (bought(value=-1), "/value", "A number from 0 on is wanted here."),
        (bought(count="days", value=-1), "/value", "A number from 0 on is wanted here."),
        (
            {"attribute": "person.age", "is": "at_least", "value": -5},
            "/value", "A number from 0 to 150 is wanted here.",
        ),
        (
            {"attribute": "churn.probability", "is": "between", "value": [50, 5000]},
            "/value", "A number from 0 to 100 is wanted here.",
        ),
        ({"attribute": "rfm.r", "is": "at_least", "value": 9}, "/value", "A number from 1 to 5 is wanted here."),
        ({"attribute": "person.home_store", "is": "any_of", "value": ["zzz"]}, "/value",
         "There is no such choice: zzz."),
        (
            bought(where=[{"field": "brand", "is": "none_of", "value": ["7", "8"]}]),
            "/where/0/value", "There is no such choice: 7, 8.",
        ),
        (
            {"did": "purchase", "is": "at_least", "value": 1,
             "where": [{"field": "hour", "is": "at_least", "value": 24}]},
            "/where/0/value", "A number from 0 to 23 is wanted here.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_to_its_author(
    given: dict[str, Any], pointer: str, why: str, max_: Staff
) -> None:
    assert faults({"all": [given]}, max_) == [(f"/all/0{pointer}", why)]
    assert isinstance(read(given), Is | Did)  # what was saved before stays what it is


def test_what_can_be_is_not(max_: Staff) -> None:
    for value in (0, 50, 100):
        read({"attribute": "churn.probability", "is": "at_least", "value": value}, max_)
    read(bought(count="amount", value=-20), max_)  # a sum of money can be below nothing
    read(bought(**{"is": "at_most", "value": 0}), max_)


def test_a_group_needs_a_condition(max_: Staff) -> None:
    assert read({"all": []}, max_) == Group("all")
    for how in ("any", "none"):
        assert faults({how: []}, max_) == [(f"/{how}", "A group needs a condition.")]
    assert faults({"all": [{"all": []}]}, max_) == [("/all/0/all", "A group needs a condition.")]
    assert read({"all": [{"any": []}]}) == Group("all", (Group("any"),))


def test_a_choice_that_is_gone_may_stay_where_it_was(max_: Staff) -> None:
    """Only there: it is not to be chosen again, nor by another question."""
    tagged = {"attribute": "person.tags", "is": "has_any", "value": ["41"]}
    again = {"all": [tagged | {"is": "has_none"}]}
    assert faults(again, max_) == [("/all/0/value", "There is no such choice: 41.")]
    assert read(again, max_, tagged) == Group("all", (Is("person.tags", Operator.HAS_NONE, ("41",)),))
    assert faults(tagged | {"value": ["41", "42"]}, max_, tagged) == [
        ("/value", "There is no such choice: 42.")
    ]
    where = [{"field": "store", "is": "any_of", "value": ["41"]}]
    assert faults(bought(where=where), max_, tagged) == [("/where/0/value", "There is no such choice: 41.")]
    assert read(bought(where=where), max_, {"any": [{"first": bought(where=where), "then": {}}]}) is not None
