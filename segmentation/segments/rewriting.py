"""The same description in fewer words: without groups that have nothing in them, and "not" within a condition."""

from decimal import Decimal
from typing import Any

from customers.attributes import Kind, Operator
from segmentation.segments.tree import Did, Group, Is, Node

EVERYBODY, NOBODY = Group("all"), Group("any")
_O = Operator
_PAIRS = (
    (_O.YES, _O.NO), (_O.KNOWN, _O.UNKNOWN), (_O.ANY_OF, _O.NONE_OF), (_O.HAS_ANY, _O.HAS_NONE), (_O.IS, _O.IS_NOT),
)  # fmt: skip
# Only these: who told no birthday is neither 30 and more nor 29 and less.
_OPPOSITES = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


def simplified(node: Node) -> Node:
    """An empty group holds for everybody or for nobody: it decides what is around it, or says nothing there."""
    if not isinstance(node, Group):
        return node
    found = [simplified(child) for child in node.of]
    deciding, idle = (NOBODY, EVERYBODY) if node.how == "all" else (EVERYBODY, NOBODY)
    if deciding in found:
        return EVERYBODY if node.how == "any" else NOBODY
    kept = tuple(child for child in found if child != idle)
    if not kept:
        return NOBODY if node.how == "any" else EVERYBODY
    return Group(node.how, kept)


def opposite(node: Node) -> Node | None:
    """The condition that holds exactly where this one does not; None: no single one does."""
    match node:
        case Is(attribute, operator, value) if operator in _OPPOSITES:
            return Is(attribute, _OPPOSITES[operator], value)
        case Did(deed, "times" | "days" as measure, _O.AT_LEAST, Decimal() as value) if (
            value >= 1 and _is_whole(value)
        ):
            return Did(deed, measure, _O.AT_MOST, value - 1)
        case Did(deed, "times" | "days" as measure, _O.AT_MOST, Decimal() as value) if _is_whole(value):
            return Did(deed, measure, _O.AT_LEAST, value + 1)
    return None


def _is_whole(value: Decimal) -> bool:
    return value == value.to_integral_value()


def narrowest(asked: Any, operator: Operator, value: Any) -> Operator:
    """Between the same two is exactly that."""
    if operator != _O.BETWEEN or value[0] != value[1]:
        return operator
    return _O.ON if asked.kind == Kind.DATE else _O.IS


def holds_of_nothing(operator: Operator, value: Any) -> bool:
    """Whether who never did it has done enough of it."""
    match operator:
        case _O.AT_LEAST:
            return bool(value <= 0)
        case _O.AT_MOST:
            return bool(value >= 0)
        case _O.BETWEEN:
            return bool(value[0] <= 0 <= value[1])
    return bool(value == 0)
