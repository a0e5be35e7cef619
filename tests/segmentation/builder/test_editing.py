"""What the buttons of the builder do to a description; the description that came in stays as it was."""

from copy import deepcopy
from typing import Any

import pytest

from segmentation.building import editing
from segmentation.building.shape import at, by_place, loaded, rooted
from segmentation.segments import reading
from segmentation.segments.reading import DEEPEST


def one(name: str) -> dict[str, Any]:
    return {"member_of": name}


A, B, C, D = (one(name) for name in "abcd")


@pytest.mark.parametrize(
    ("tree", "act", "place", "then", "to"),
    [
        ({"all": [A, B]}, "up", "1", {"all": [B, A]}, "0"),
        ({"all": [A, B]}, "down", "0", {"all": [B, A]}, "1"),
        ({"all": [A, {"any": [B, C]}]}, "up", "1-0", {"all": [A, B, {"any": [C]}]}, "1"),
        ({"all": [{"any": [B, C]}, A]}, "down", "0-1", {"all": [{"any": [B]}, C, A]}, "1"),
        ({"all": [{"any": [B]}, A]}, "into", "1", {"all": [{"any": [B, A]}]}, "0-1"),
        ({"all": [A, B]}, "wrap", "1", {"all": [A, {"any": [B]}]}, "1-0"),
        ({"any": [A]}, "wrap", "0", {"any": [{"all": [A]}]}, "0-0"),
        ({"all": [A, {"any": [B, C]}, D]}, "unwrap", "1", {"all": [A, B, C, D]}, "1"),
        ({"all": [A, B]}, "copy", "0", {"all": [A, A, B]}, "1"),
        ({"all": [A, B]}, "remove", "0", {"all": [B]}, "0"),
        ({"all": [A, {"any": [B]}]}, "remove", "1-0", {"all": [A, {"any": []}]}, "1"),
        ({"all": [A]}, "group", "", {"all": [A, {"any": []}]}, "1"),
        ({"any": [A]}, "group", "", {"any": [A, {"all": []}]}, "1"),
    ],
)
def test_what_a_button_does(tree: Any, act: str, place: str, then: Any, to: str) -> None:
    before = deepcopy(tree)
    assert editing.act(tree, act, place) == (then, to)
    assert tree == before


@pytest.mark.parametrize(
    ("act", "place"),
    [
        ("up", "0"),
        ("down", "1"),
        ("into", "0"),
        ("into", "1"),
        ("up", "7"),
        ("up", "0-3"),
        ("remove", ""),
        ("burn", "0"),
    ],
)
def test_what_cannot_be_done_changes_nothing(act: str, place: str) -> None:
    tree = {"all": [A, B]}
    assert editing.act(tree, act, place)[0] == {"all": [A, B]}


@pytest.mark.django_db
def test_no_button_nests_deeper_than_can_be_read() -> None:
    """Whatever is pressed, `reading` finds nothing too deep."""
    tree: Any = {"all": [{"attribute": "x", "is": "yes"}]}
    place = "0"
    for _press in range(12):
        tree, place = editing.act(tree, "wrap", place)
        tree, _to = editing.act(tree, "group", place.rpartition("-")[0])
        assert rooted(tree) == tree
    assert len(place.split("-")) == DEEPEST
    with pytest.raises(reading.InvalidSegment) as refusal:
        reading.read(tree)
    assert {fault.detail for fault in refusal.value.faults} == {"There is no such attribute."}


def test_groups_turn_into_another_kind() -> None:
    node: Any = {"all": [A]}
    editing.turn(node, "none")
    assert node == {"none": [A]}
    editing.turn(node, "some")
    assert node == {"none": [A]}


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", {"all": []}),
        ("nonsense", {"all": []}),
        ("[1, 2]", {"all": []}),
        ("[" * 5000, {"all": []}),
        ('{"member_of": "a"}', {"all": [A]}),
        ('{"any": [{"member_of": "a", "also": 1}, 7, {"what": 1}, {"member_of": 3}]}', {"any": [A]}),
        ('{"all": 4}', {"all": []}),
        ('{"all": [{"member_of": "\\ud800"}]}', {"all": []}),
    ],
)
def test_only_what_has_the_shape_of_a_description_is_taken(text: str, tree: Any) -> None:
    assert loaded(text) == tree


def test_a_behaviour_has_always_its_parts() -> None:
    assert loaded('{"did": "bought", "where": 4, "when": [1]}') == {
        "all": [{"did": "bought", "where": [], "when": {}}]
    }
    assert loaded('{"first": {"did": "bought"}, "within_days": 3}') == {
        "all": [
            {
                "first": {"did": "bought", "where": [], "when": {}},
                "then": {"did": "", "where": [], "when": {}},
                "within_days": 3,
            }
        ]
    }


@pytest.mark.django_db
def test_faults_are_told_by_place() -> None:
    given = {"all": [{"any": [{"attribute": "gone", "is": "yes"}]}, {"member_of": "nobody"}]}
    with pytest.raises(reading.InvalidSegment) as refusal:
        reading.read(given)
    found = by_place(refusal.value.faults)
    assert set(found) == {"0-0", "1"}
    assert at(given, "0-0") == {"attribute": "gone", "is": "yes"}
    assert found["0-0"] == [("", "There is no such attribute.")]
