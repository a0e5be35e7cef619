"""The description of a segment: a nest of groups and conditions.

    {"all": [{"attribute": "person.age", "is": "between", "value": [30, 45]},
             {"did": "bought", "where": [{"field": "category", "is": "any_of", "value": ["17"]}],
              "count": "times", "is": "at_least", "value": 3, "when": {"last_days": 90}},
             {"none": [{"member_of": "seg_0f3k9w2mxq7t"}]}]}

Groups: `all`, `any`, `none` (an empty `all` or `none` holds for everybody, an empty `any` for nobody). Conditions:
`attribute`; `did`, a behaviour counted in a window; `first` … `then`, one behaviour and another on a later day;
`member_of` another segment. Here are the nodes and their JSON; reading and checking JSON is in `reading.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from customers.attributes import Operator

Scalar = Decimal | date | str | int
Value = Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True)
class Group:
    """`how`: "all", "any" or "none" of the nodes."""

    how: str
    of: tuple["Node", ...] = ()


@dataclass(frozen=True)
class Is:
    """A condition on an attribute. Numbers are Decimal, days dates, choices text; see `Operator.takes`."""

    attribute: str
    operator: Operator
    value: Value = None


@dataclass(frozen=True)
class Where:
    """A field of a behaviour, narrowed."""

    field: str
    operator: Operator
    value: Value = None


@dataclass(frozen=True)
class Window:
    """When it happened: `kind` is "ever", "last_days" (up to and with today), "longer_ago" (more than `days` ago) or
    "between" (both days included)."""

    kind: str = "ever"
    days: int = 0
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Deed:
    """A behaviour, narrowed by fields and window."""

    did: str
    where: tuple[Where, ...] = ()
    window: Window = Window()


@dataclass(frozen=True)
class Did:
    """How much of it: `operator` is AT_LEAST, AT_MOST, BETWEEN or IS; at most 0 times is never."""

    deed: Deed
    measure: str
    operator: Operator
    value: Decimal | tuple[Decimal, ...]


@dataclass(frozen=True)
class Then:
    """`first`, and on a later day, at most `within_days` days after it, `then`."""

    first: Deed
    then: Deed
    within_days: int


@dataclass(frozen=True)
class MemberOf:
    """In another segment, as it is when this is asked. `segment` is its row number."""

    segment: int


Condition = Is | Did | Then | MemberOf
Node = Group | Condition


def conditions(node: Node) -> Iterator[Condition]:
    """All conditions, in their order."""
    if isinstance(node, Group):
        for child in node.of:
            yield from conditions(child)
    else:
        yield node


def to_json(node: Node) -> dict[str, Any]:
    """The canonical form: what is stored and hashed. `reading.read` makes the same node of it."""
    match node:
        case Group(how, of):
            return {how: [to_json(child) for child in of]}
        case Is(attribute, operator, value):
            return {"attribute": attribute, "is": str(operator)} | _valued(value)
        case Did(deed, measure, operator, value):
            return _deed(deed) | {"count": measure, "is": str(operator)} | _valued(value)
        case Then(first, then, within_days):
            return {"first": _deed(first), "then": _deed(then), "within_days": within_days}
        case MemberOf(segment):
            from segmentation.models import Segment

            return {"member_of": Segment(pk=segment).public_id}


def _deed(deed: Deed) -> dict[str, Any]:
    where = [{"field": w.field, "is": str(w.operator)} | _valued(w.value) for w in deed.where]
    window = deed.window
    when: dict[str, Any] = {}
    if window.kind == "between":
        when = {"between": [_plain(window.since), _plain(window.until)]}
    elif window.kind != "ever":
        when = {window.kind: window.days}
    return {"did": deed.did} | ({"where": where} if where else {}) | ({"when": when} if when else {})


def _valued(value: Value) -> dict[str, Any]:
    if value is None:
        return {}
    return {"value": [_plain(one) for one in value] if isinstance(value, tuple) else _plain(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else value
