"""Reading a description: JSON to a tree, every fault with its place.

Nothing of what people or programs write reaches further than here unless the registry knows it: attributes, fields,
operators and measures are looked up, values are turned into numbers, days and codes (`values.py`).

What was saved once is read as it is for good. Who writes one is told more: a number that a value can never have, a
choice that there is none of, a group with nothing in it are faults, too.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from crm.lib.refusals import Fault, Refusal
from customers.attributes import OPERATORS, Behaviour, Operator, registry
from segmentation.segments import choices, values
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
from segmentation.segments.values import Bad

GROUPS = ("all", "any", "none")
COUNTED = (Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN, Operator.IS)
DEEPEST, MOST_CONDITIONS = 8, 100


class InvalidSegment(Refusal):
    """`faults` point into the description ("/all/0/value")."""

    code: ClassVar[str] = "invalid_segment"


def read(given: Any, viewer: Any = None, saved: Any = None) -> Node:
    """The tree of a description. Raises InvalidSegment with all that is wrong.

    With a `viewer`: as that person or key may write it now: not what is kept from their role, nor segments that they do
    not see, nor what cannot be. `saved` is the description that theirs comes after: a choice in it that is gone since
    may stay, and so may a segment that they do not see.
    """
    reader = _Reader(viewer, choices.named(saved) if viewer is not None and saved else frozenset())
    node = reader.node(given, "", 1)
    if not reader.faults and reader.seen > MOST_CONDITIONS:
        reader.fault("", _("A segment has at most %(n)s conditions.") % {"n": MOST_CONDITIONS})
    if reader.faults:
        raise InvalidSegment(reader.faults[0].detail, faults=tuple(reader.faults))
    return node


class _Reader:
    def __init__(self, viewer: Any, kept: frozenset[choices.Named]) -> None:
        self.viewer = viewer
        self.kept = kept
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
        except Bad as bad:
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
        if self.viewer is not None and not children and (place or how != "all"):
            self.fault(f"{place}/{how}", _("A group needs a condition."))
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
        raise Bad(_("A group or a condition is wanted here."))

    def _is(self, given: dict[str, Any], place: str) -> Is:
        self._only(given, place, "attribute", "is", "value")
        attribute = registry.attribute(str(given["attribute"]))
        if attribute is None or (self.viewer is not None and not attribute.is_asked_by(self.viewer)):
            raise Bad(_("There is no such attribute."))
        operator = self._operator(given, OPERATORS[attribute.kind])
        return Is(attribute.code, operator, self._value(given, place, operator, attribute, attribute.code))

    def _did(self, given: dict[str, Any], place: str) -> Did:
        self._only(given, place, "did", "where", "when", "count", "is", "value")
        deed = self._deed({k: v for k, v in given.items() if k in ("did", "where", "when")}, place)
        offered = registry.behaviour(deed.did)
        measures = offered.measures if offered else ()
        wanted = given.get("count", measures[0].code if measures else "")
        measure = next((one for one in measures if one.code == wanted), None)
        if measure is None:
            raise Bad(_("This cannot be counted."))
        operator = self._operator(given, COUNTED)
        value = self._value(given, place, operator, measure, "")
        return Did(deed, measure.code, operator, Decimal(0) if value is None else value)  # type: ignore[arg-type]

    def _then(self, given: dict[str, Any], place: str) -> Then:
        self._only(given, place, "first", "then", "within_days")
        first = self._deed(given["first"], f"{place}/first")
        then = self._deed(given.get("then"), f"{place}/then")
        return Then(first, then, self._at(f"{place}/within_days", values.days, given.get("within_days"), 1))

    def _member_of(self, given: dict[str, Any], place: str) -> MemberOf:
        from segmentation.models import Segment

        self._only(given, place, "member_of")
        code = str(given["member_of"])
        number = Segment.row_id(code)
        is_open = self.viewer is None or ("member_of", code) in self.kept
        known = Segment.objects.all() if is_open else Segment.objects.visible_to(self.viewer)
        if number is None or not known.filter(pk=number).exists():
            raise Bad(_("There is no such segment."))
        return MemberOf(number)

    def _deed(self, given: Any, place: str) -> Deed:
        if not isinstance(given, dict):
            raise Bad(_("A behaviour is wanted here."))
        self._only(given, place, "did", "where", "when")
        offered = registry.behaviour(str(given.get("did")))
        if offered is None:
            raise Bad(_("There is no such behaviour."))
        rows = given.get("where", [])
        if not isinstance(rows, list) or len(rows) > MOST_CONDITIONS:
            raise Bad(_("A list is wanted here."))
        where = tuple(self._where(row, f"{place}/where/{i}", offered) for i, row in enumerate(rows))
        return Deed(
            offered.code, where, self._at(f"{place}/when", values.window, given.get("when", {}), Window())
        )

    def _where(self, given: Any, place: str, behaviour: Behaviour) -> Where:
        wanted = given.get("field") if isinstance(given, dict) else None
        field = next((one for one in behaviour.fields if one.code == wanted), None)
        if field is None:
            raise Bad(_("There is no such field."))
        self._only(given, place, "field", "is", "value")
        operator = self._operator(given, OPERATORS[field.kind])
        name = f"{behaviour.code}/{field.code}"
        return Where(field.code, operator, self._value(given, place, operator, field, name))

    def _only(self, given: dict[str, Any], place: str, *names: str) -> None:
        for name in given.keys() - set(names):
            self.fault(f"{place}/{name}", _("This is not known here."))

    def _operator(self, given: dict[str, Any], offered: Sequence[Operator]) -> Operator:
        try:
            operator = Operator(str(given.get("is")))
        except ValueError:
            raise Bad(_("This cannot be asked here.")) from None
        if operator not in offered:
            raise Bad(_("This cannot be asked here."))
        return operator

    def _value(self, given: dict[str, Any], place: str, operator: Operator, asked: Any, name: str) -> Value:
        """`asked` has a kind, and options where only they can be chosen; `name` is what saved choices know it by."""
        place = f"{place}/value"
        value = self._at(
            place, lambda told: values.read(operator, asked.kind, told), given.get("value"), None
        )
        if self.viewer is not None and value is not None:
            why = values.beyond(operator, asked, value) or self._unknown(operator, asked, value, name)
            if why:
                self.fault(place, why)
        return value

    def _unknown(self, operator: Operator, asked: Any, value: Any, name: str) -> str:
        """What is no choice, in words; "" if all are."""
        if operator.takes != "many" or not asked.options:
            return ""
        gone = [code for code in choices.gone(asked, value) if (name, code) not in self.kept]
        return _("There is no such choice: %(codes)s.") % {"codes": ", ".join(gone)} if gone else ""

    def _at(self, place: str, read_one: Callable[[Any], Any], value: Any, instead: Any) -> Any:
        try:
            return read_one(value)
        except Bad as bad:
            self.fault(place, str(bad))
            return instead
