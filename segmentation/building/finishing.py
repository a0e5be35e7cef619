"""What of a description is finished: the rest is left out of the count, and refused when it is saved."""

from typing import Any

from segmentation.building.shape import Json, children, how_of, kind_of


def finished(tree: Json) -> tuple[Json, int]:
    """The description without conditions that still miss something, and how many these are.

    A group that has nothing in it (any more) asks nothing: it goes, too, of whatever kind it is. Where nothing is asked
    at all everybody is in it.
    """
    kept, missing = _finished(tree)
    return kept or {"all": []}, missing


def _finished(node: Json) -> tuple[Json | None, int]:
    how = how_of(node)
    if not how:
        return (None, 1) if is_unfinished(node) else (node, 0)
    found = [_finished(child) for child in children(node)]
    kept = [child for child, _missing in found if child is not None]
    return ({how: kept} if kept else None), sum(missing for _child, missing in found)


def without_empty(tree: Json) -> Json:
    """The description without groups that have nothing in them, as it is counted."""
    return _without_empty(tree) or {"all": []}


def _without_empty(node: Json) -> Json | None:
    how = how_of(node)
    if not how:
        return node
    kept = [child for one in children(node) if (child := _without_empty(one)) is not None]
    return {how: kept} if kept else None


def is_unfinished(condition: Json) -> bool:
    """Whether something that it wants was not told yet. Wrong is another matter."""
    kind = kind_of(condition)
    if kind == "first":
        deeds = (condition["first"], condition["then"])
        return any(_is_open(deed) for deed in deeds) or _is_blank(condition.get("within_days"))
    if kind == "did":
        return _is_open(condition) or _is_blank(condition.get("value"))
    return not condition.get(kind) or ("value" in condition and _is_blank(condition["value"]))


def _is_open(deed: Json) -> bool:
    rows = deed.get("where", [])
    times = deed.get("when", {}).values()
    return (
        not deed.get("did")
        or any("value" in row and _is_blank(row["value"]) for row in rows)
        or any(_is_blank(value) for value in times)
    )


def _is_blank(value: Any) -> bool:
    if isinstance(value, list):
        return not value or any(_is_blank(one) for one in value)
    return value is None or value == ""
