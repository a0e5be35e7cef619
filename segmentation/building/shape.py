"""The shape of what is written: groups, conditions, places. What has another shape is left out, never believed."""

import json
import re
from collections.abc import Iterator
from typing import Any

from crm.lib.refusals import Fault
from segmentation.segments.reading import DEEPEST, GROUPS, MOST_CONDITIONS

Json = dict[str, Any]
LONGEST = 200_000  # characters of a description that comes from a browser
PARTS = {
    "attribute": ("attribute", "is", "value"),
    "did": ("did", "where", "when", "count", "is", "value"),
    "first": ("first", "then", "within_days"),
    "member_of": ("member_of",),
}
DEED = ("did", "where", "when")
_NUMBER = re.compile(r"[0-9]{1,3}")  # not isdigit(): "²" is one, and no number


def how_of(node: Json) -> str:
    """Which group a node is, or "" for a condition."""
    return next((how for how in GROUPS if how in node), "")


def children(node: Json) -> list[Json]:
    how = how_of(node)
    return node[how] if how else []


def kind_of(condition: Json) -> str:
    """The word that says what sort of condition this is, or ""."""
    return next((kind for kind in PARTS if kind in condition), "")


def loaded(text: str) -> Json:
    """What a page sent along; an empty group where that is no description."""
    return rooted(_parsed(text))


def is_understood(text: str) -> bool:
    """Whether all that a page sent along is in what `loaded` makes of it: what is saved must not mean less."""
    given = _parsed(text)
    return given is not None and _is_whole(given, _tidy(given, 1))


def _is_whole(given: Any, kept: Any) -> bool:
    if given is kept:
        return True
    if isinstance(given, dict):
        return isinstance(kept, dict) and all(
            name in kept and _is_whole(part, kept[name]) for name, part in given.items()
        )
    if isinstance(given, list):
        return isinstance(kept, list) and len(given) == len(kept) and all(map(_is_whole, given, kept))
    return bool(given == kept)


def _parsed(text: str) -> Any:
    """None where it is no JSON."""
    try:
        given = json.loads(text) if 0 < len(text) <= LONGEST else None
        json.dumps(given, ensure_ascii=False).encode()  # half a character cannot be shown
    except (ValueError, RecursionError):
        return None
    return given


def rooted(given: Any) -> Json:
    """The description with a group outermost."""
    node = _tidy(given, 1)
    if node is None:
        return {"all": []}
    return node if how_of(node) else {"all": [node]}


def _tidy(given: Any, depth: int) -> Json | None:
    if not isinstance(given, dict):
        return None
    if how := how_of(given):
        if depth > DEEPEST:
            return None
        found = given[how] if isinstance(given[how], list) else []
        nodes = (_tidy(child, depth + 1) for child in found[:MOST_CONDITIONS])
        return {how: [node for node in nodes if node is not None]}
    kind = kind_of(given)
    if not kind or not isinstance(given[kind], dict if kind == "first" else str):
        return None
    node = {part: given[part] for part in PARTS[kind] if part in given}
    if kind == "first":
        return node | {"first": _deed(node["first"]), "then": _deed(node.get("then"))}
    return node | _deed(node) if kind == "did" else node


def _deed(given: Any) -> Json:
    given = given if isinstance(given, dict) else {}
    rows = given.get("where")
    where = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    when = given.get("when")
    deed: Json = {"did": str(given.get("did", ""))}
    deed |= {"where": where} if where else {"where": []}
    return deed | {"when": when if isinstance(when, dict) and len(when) == 1 else {}}


def walk(node: Json, place: str = "") -> Iterator[tuple[str, Json]]:
    """All nodes with their places, the outermost first."""
    yield place, node
    for number, child in enumerate(children(node)):
        yield from walk(child, below(place, number))


def below(place: str, number: int) -> str:
    return f"{place}-{number}" if place else str(number)


def number_of(text: str) -> int | None:
    """The number that a text is, or None."""
    return int(text) if _NUMBER.fullmatch(text) else None


def way_to(place: str) -> list[int] | None:
    """The numbers of a place, from the outermost group on; None where it is no place. "" is the outermost group."""
    way = [number_of(part) for part in place.split("-")] if place else []
    found = [number for number in way if number is not None]
    return found if len(found) == len(way) <= DEEPEST else None


def depth_of(place: str) -> int:
    """In how many groups a place stands."""
    return len(way_to(place) or ())


def at(tree: Json, place: str) -> Json | None:
    """The node at a place, or None."""
    way = way_to(place)
    if way is None:
        return None
    node = tree
    for number in way:
        found = children(node)
        if number >= len(found):
            return None
        node = found[number]
    return node


def by_place(faults: tuple[Fault, ...]) -> dict[str, list[tuple[str, str]]]:
    """Faults of a description as `reading.read` names them: place to (part, sentence)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for fault in faults:
        parts, way = [part for part in fault.pointer.split("/") if part], []
        while len(parts) > 1 and parts[0] in GROUPS and parts[1].isdigit():
            way.append(parts[1])
            parts = parts[2:]
        found.setdefault("-".join(way), []).append(("/".join(parts), fault.detail))
    return found
