"""What can be done to a description: add, move, wrap, turn, copy, remove. Each takes a tree and a place, changes the
tree, and says where the reader is then."""

from collections.abc import Callable
from copy import deepcopy

from segmentation.building.shape import Json, at, below, children, depth_of, how_of, way_to
from segmentation.segments.reading import DEEPEST, GROUPS

Act = Callable[[Json, str], str]


def parent(place: str) -> tuple[str, int]:
    """The place of the group that something stands in, and its number there. Not of the outermost group."""
    *way, last = way_to(place) or [0]
    return "-".join(map(str, way)), last


def add(tree: Json, place: str, node: Json) -> str:
    """Last into the group at the place."""
    group = at(tree, place)
    if group is None or not how_of(group):
        return place
    children(group).append(node)
    return below(place, len(children(group)) - 1)


def add_group(tree: Json, place: str) -> str:
    """A group of the other kind, so that it means something: any in all, all in any."""
    group = at(tree, place)
    other = "all" if group and how_of(group) != "all" else "any"
    return add(tree, place, {other: []}) if depth_of(place) + 2 <= DEEPEST else place


def up(tree: Json, place: str) -> str:
    """Before the one before; the first of a group goes out of it."""
    return _move(tree, place, -1)


def down(tree: Json, place: str) -> str:
    """After the one after; the last of a group goes out of it."""
    return _move(tree, place, 1)


def _move(tree: Json, place: str, by: int) -> str:
    outer, number = parent(place)
    row = _row(tree, outer)
    if 0 <= number + by < len(row):
        row[number], row[number + by] = row[number + by], row[number]
        return below(outer, number + by)
    if not outer:
        return place
    outest, at_number = parent(outer)
    to = at_number + (by > 0)
    _row(tree, outest).insert(to, row.pop(number))
    return below(outest, to)


def into(tree: Json, place: str) -> str:
    """Into the group just before it, as the last."""
    outer, number = parent(place)
    row = _row(tree, outer)
    if number == 0 or not how_of(row[number - 1]) or depth_of(place) + 1 + _height(row[number]) > DEEPEST:
        return place
    node = row.pop(number)
    return add(tree, below(outer, number - 1), node)


def wrap(tree: Json, place: str) -> str:
    """Into a group of its own, of the kind that the group around is not."""
    outer, number = parent(place)
    row = _row(tree, outer)
    if depth_of(place) + 1 + _height(row[number]) > DEEPEST:
        return place
    around = at(tree, outer) or {}
    row[number] = {"all" if how_of(around) != "all" else "any": [row[number]]}
    return below(place, 0)


def unwrap(tree: Json, place: str) -> str:
    """What is in the group takes its place."""
    outer, number = parent(place)
    row = _row(tree, outer)
    row[number : number + 1] = children(row[number]) if how_of(row[number]) else [row[number]]
    return below(outer, number) if number < len(row) else outer


def copy(tree: Json, place: str) -> str:
    outer, number = parent(place)
    row = _row(tree, outer)
    row.insert(number + 1, deepcopy(row[number]))
    return below(outer, number + 1)


def remove(tree: Json, place: str) -> str:
    outer, number = parent(place)
    row = _row(tree, outer)
    del row[number]
    return below(outer, min(number, len(row) - 1)) if row else outer


def turn(node: Json, how: str) -> None:
    """A group becomes another kind of group."""
    was = how_of(node)
    if was and how in GROUPS and how != was:
        node[how] = node.pop(was)


def _row(tree: Json, place: str) -> list[Json]:
    return children(at(tree, place) or {})


def _height(node: Json) -> int:
    """How many groups stand in each other here."""
    return max((_height(child) for child in children(node)), default=0) + bool(how_of(node))


ACTS: dict[str, Act] = {
    "up": up, "down": down, "into": into, "wrap": wrap, "unwrap": unwrap, "copy": copy, "remove": remove,
    "group": add_group,
}  # fmt: skip


def act(tree: Json, name: str, place: str) -> tuple[Json, str]:
    """The description after an act, and where the reader is then; the tree that came in stays as it was."""
    changed = deepcopy(tree)
    if name not in ACTS or at(changed, place) is None or (not place and name != "group"):
        return tree, place
    return changed, ACTS[name](changed, place)
