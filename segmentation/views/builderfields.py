"""The fields of one question: what can be asked, and what is wanted beside it, by the kind of the value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import pgettext

from customers.attributes import Kind, Operator
from customers.attributes.choosing import named_of, told_apart
from segmentation.building.shape import Json
from segmentation.segments import choices

FEW = 40  # as many choices are all shown; more are searched
UNITS = {
    "days": lambda: pgettext("unit", "days"),
    "years": lambda: pgettext("unit", "years"),
    "points": lambda: pgettext("unit", "points"),
    "percent": lambda: "%",
}


@dataclass(frozen=True)
class Choice:
    """`place` says where a choice stands whose name others may have, too."""

    value: str
    label: Any
    is_on: bool
    place: str = ""


@dataclass(frozen=True)
class Value:
    """What is wanted: `takes` as `Operator.takes` says, `names` of its fields; `search` is what the page of choices is
    asked for where there are many."""

    takes: str
    kind: str
    names: list[str]
    values: list[str]
    unit: str = ""
    choices: list[Choice] = field(default_factory=list)
    search: str = ""

    @property
    def first(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def second(self) -> str:
        return self.values[1] if len(self.values) > 1 else ""


@dataclass(frozen=True)
class Fields:
    name: str
    label: str
    operators: list[Choice]
    value: Value | None


def choices_of(labels: Mapping[str, Any], chosen: Iterable[str]) -> list[Choice]:
    on = set(chosen)
    return [Choice(value, label, value in on) for value, label in labels.items()]


def fields_of(
    node: Json, name: str, asked: Any, offered: Iterable[Operator], *, of: str = "", label: str = ""
) -> Fields:
    """Of a question about `asked`, an attribute, a field or a measure; `of` names it where choices are searched."""
    known = list(offered)
    operator = next((one for one in known if one == node.get("is")), known[0])
    operators = [Choice(str(one), one.label, one == operator) for one in known]
    return Fields(name, label, operators, value_of(node.get("value"), name, operator.takes, asked, of))


def value_of(told: Any, name: str, takes: str, asked: Any, of: str = "") -> Value | None:
    if takes == "nothing":
        return None
    names = [f"{name}.value.{n}" for n in (0, 1)] if takes == "two" else [f"{name}.value"]
    values = [_text(one) for one in (told if isinstance(told, list) else [told])]
    if takes == "days":
        return days(names[0], values[0] if values else "")
    if takes == "many" and getattr(asked, "options", None):
        return _many(asked, names, values, of)
    unit = "" if asked.kind == Kind.DATE else UNITS.get(asked.unit, lambda: asked.unit)()
    return Value(takes, str(asked.kind), names, values, unit)


def days(name: str, value: str) -> Value:
    return Value("days", "days", [name], [value], UNITS["days"]())


def _many(asked: Any, names: list[str], chosen: list[str], of: str) -> Value:
    """All choices with what is ticked; of many only the ticked ones, the others are searched."""
    named = named_of(asked, chosen) if asked.is_long else []
    labels = told_apart(named) if asked.is_long else dict(asked.options())
    labels |= {code: choices.label(code, labels) for code in chosen if code and code not in labels}
    if asked.is_long or len(labels) > FEW:
        places = {one.code: one.way for one in named}
        found = [Choice(code, labels[code], True, places.get(code, "")) for code in chosen if code]
        return Value("many", str(asked.kind), names, chosen, choices=found, search=of)
    return Value("many", str(asked.kind), names, chosen, choices=choices_of(labels, chosen))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
