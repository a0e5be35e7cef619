"""Reading a description: JSON to a tree, every fault with its place.

Nothing of what people or programs write reaches further than here unless the registry knows it: attributes, fields,
operators and measures are looked up, values are turned into numbers, days and codes.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from crm.lib.refusals import Fault, Refusal
from customers.attributes import OPERATORS, Kind, Operator, registry
from segmentation.segments.tree import (
    Deed,
    Did,
    Group,
    Is,
    MemberOf,
    Node,
    Then,
    Value,
    Where,
    Window,
)

GROUPS = ("all", "any", "none")
COUNTED = (Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN, Operator.IS)
DEEPEST, MOST_CONDITIONS, MOST_VALUES = 8, 100, 1_000
LONGEST_TEXT, LARGEST, LONGEST_DAYS = 200, Decimal(10) ** 12, 36_500


class InvalidSegment(Refusal):
    """`faults` point into the description ("/all/0/value")."""

    code: ClassVar[str] = "invalid_segment"


def read(given: Any, viewer: Any = None) -> Node:
    """The tree of a description. Raises InvalidSegment with all that is wrong.

    With a `viewer`: as that person or key may ask: not what is kept from their role, nor segments that they do not see.
    """
    reader = _Reader(viewer)
    node = reader.node(given, "", 1)
    if not reader.faults and reader.seen > MOST_CONDITIONS:
        reader.fault("", _("A segment has at most %(n)s conditions.") % {"n": MOST_CONDITIONS})
    if reader.faults:
        raise InvalidSegment(reader.faults[0].detail, faults=tuple(reader.faults))
    return node


class _Bad(Exception):
    """A value that cannot be read; the message is for people."""


class _Reader:
    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.faults: list[Fault] = []
        self.seen = 0

    def fault(self, place: str, detail: str) -> None:
        self.faults.append(Fault(place or "/", detail))

    def node(self, given: Any, place: str, depth: int) -> Node:
        """The node at a place; what cannot be read stands in as an empty group, beside its fault."""
        if not isinstance(given, dict):
            self.fault(place, _("A group or a condition is wanted here."))
            return Group("all")
        for how in GROUPS:
            if how in given:
                return self._group(given, how, place, depth)
        self.seen += 1
        try:
            return self._condition(given, place)
        except _Bad as bad:
            self.fault(place, str(bad))
            return Group("all")

    def _group(self, given: dict[str, Any], how: str, place: str, depth: int) -> Group:
        self._only(given, place, how)
        children = given[how]
        if not isinstance(children, list):
            self.fault(f"{place}/{how}", _("A list is wanted here."))
            return Group(how)
        if depth > DEEPEST or len(children) > MOST_CONDITIONS:
            self.fault(f"{place}/{how}", _("This is nested too deep, or too long."))
            return Group(how)
        return Group(
            how, tuple(self.node(child, f"{place}/{how}/{i}", depth + 1) for i, child in enumerate(children))
        )

    def _condition(self, given: dict[str, Any], place: str) -> Node:
        if "attribute" in given:
            return self._is(given, place)
        if "did" in given:
            return self._did(given, place)
        if "first" in given:
            return self._then(given, place)
        if "member_of" in given:
            return self._member_of(given, place)
        raise _Bad(_("A group or a condition is wanted here."))

    def _is(self, given: dict[str, Any], place: str) -> Is:
        self._only(given, place, "attribute", "is", "value")
        attribute = registry.attribute(str(given["attribute"]))
        if attribute is None or (self.viewer is not None and not attribute.is_asked_by(self.viewer)):
            raise _Bad(_("There is no such attribute."))
        operator = self._operator(given, OPERATORS[attribute.kind])
        return Is(attribute.code, operator, self._value(given, place, operator, attribute))

    def _did(self, given: dict[str, Any], place: str) -> Did:
        self._only(given, place, "did", "where", "when", "count", "is", "value")
        deed = self._deed({k: v for k, v in given.items() if k in ("did", "where", "when")}, place)
        offered = registry.behaviour(deed.did)
        measures = offered.measures if offered else ()
        wanted = given.get("count", measures[0].code if measures else "")
        measure = next((one for one in measures if one.code == wanted), None)
        if measure is None:
            raise _Bad(_("This cannot be counted."))
        operator = self._operator(given, COUNTED)
        value = self._value(given, place, operator, measure)
        return Did(deed, measure.code, operator, Decimal(0) if value is None else value)  # type: ignore[arg-type]

    def _then(self, given: dict[str, Any], place: str) -> Then:
        self._only(given, place, "first", "then", "within_days")
        first = self._deed(given["first"], f"{place}/first")
        then = self._deed(given.get("then"), f"{place}/then")
        return Then(first, then, self._at(f"{place}/within_days", _days, given.get("within_days"), 1))

    def _member_of(self, given: dict[str, Any], place: str) -> MemberOf:
        from segmentation.models import Segment

        self._only(given, place, "member_of")
        number = Segment.row_id(str(given["member_of"]))
        known = Segment.objects.all() if self.viewer is None else Segment.objects.visible_to(self.viewer)
        if number is None or not known.filter(pk=number).exists():
            raise _Bad(_("There is no such segment."))
        return MemberOf(number)

    def _deed(self, given: Any, place: str) -> Deed:
        if not isinstance(given, dict):
            raise _Bad(_("A behaviour is wanted here."))
        self._only(given, place, "did", "where", "when")
        offered = registry.behaviour(str(given.get("did")))
        if offered is None:
            raise _Bad(_("There is no such behaviour."))
        rows = given.get("where", [])
        if not isinstance(rows, list) or len(rows) > MOST_CONDITIONS:
            raise _Bad(_("A list is wanted here."))
        fields = {field.code: field for field in offered.fields}
        where = tuple(self._where(row, f"{place}/where/{i}", fields) for i, row in enumerate(rows))
        return Deed(offered.code, where, self._at(f"{place}/when", _window, given.get("when", {}), Window()))

    def _where(self, given: Any, place: str, fields: dict[str, Any]) -> Where:
        field = fields.get(str(given.get("field"))) if isinstance(given, dict) else None
        if field is None:
            raise _Bad(_("There is no such field."))
        self._only(given, place, "field", "is", "value")
        operator = self._operator(given, OPERATORS[field.kind])
        return Where(field.code, operator, self._value(given, place, operator, field))

    def _only(self, given: dict[str, Any], place: str, *names: str) -> None:
        for name in given.keys() - set(names):
            self.fault(f"{place}/{name}", _("This is not known here."))

    def _operator(self, given: dict[str, Any], offered: Sequence[Operator]) -> Operator:
        try:
            operator = Operator(str(given.get("is")))
        except ValueError:
            raise _Bad(_("This cannot be asked here.")) from None
        if operator not in offered:
            raise _Bad(_("This cannot be asked here."))
        return operator

    def _value(self, given: dict[str, Any], place: str, operator: Operator, asked: Any) -> Value:
        """`asked` has a kind, and options where only they can be chosen."""
        return self._at(
            f"{place}/value", lambda value: _read_value(operator, asked.kind, value), given.get("value"), None
        )

    def _at(self, place: str, read_one: Callable[[Any], Any], value: Any, instead: Any) -> Any:
        try:
            return read_one(value)
        except _Bad as bad:
            self.fault(place, str(bad))
            return instead


def _read_value(operator: Operator, kind: Kind, value: Any) -> Value:
    match operator.takes:
        case "nothing":
            if value is not None:
                raise _Bad(_("Nothing is wanted here."))
            return None
        case "days":
            return _days(value)
        case "two":
            if not isinstance(value, list) or len(value) != 2:
                raise _Bad(_("Two values are wanted here."))
            low, high = (_scalar(kind, one) for one in value)
            if low > high:
                raise _Bad(_("The first is larger than the second."))
            return (low, high)
        case "many":
            if not isinstance(value, list) or not 0 < len(value) <= MOST_VALUES:
                raise _Bad(_("Choose one at least."))
            return tuple(sorted({_text(one) for one in value}))
        case _:
            return _scalar(kind, value)


def _scalar(kind: Kind, value: Any) -> Any:
    if kind in (Kind.NUMBER, Kind.MONEY):
        return _number(value)
    return _date(value) if kind == Kind.DATE else _text(value)


def _number(value: Any) -> Decimal:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            raise InvalidOperation
        number = Decimal(str(value))
    except InvalidOperation:
        raise _Bad(_("A number is wanted here.")) from None
    if not number.is_finite() or abs(number) >= LARGEST:
        raise _Bad(_("A number is wanted here."))
    return round(number, 4).normalize() + 0


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _Bad(_("A date is wanted here, such as 2026-11-21.")) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or "\0" in value:
        raise _Bad(_("A text is wanted here."))
    return value.strip()


def _days(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LONGEST_DAYS:
        raise _Bad(_("A number of days is wanted here."))
    return value


def _window(given: Any) -> Window:
    if given == {}:
        return Window()
    if not isinstance(given, dict) or len(given) != 1:
        raise _Bad(_("A time is wanted here, such as the last 90 days."))
    ((kind, value),) = given.items()
    if kind in ("last_days", "longer_ago"):
        return Window(kind, _days(value))
    if kind == "between" and isinstance(value, list) and len(value) == 2:
        since, until = (_date(one) for one in value)
        if since > until:
            raise _Bad(_("The first is larger than the second."))
        return Window(kind, since=since, until=until)
    raise _Bad(_("A time is wanted here, such as the last 90 days."))
