"""From the fields of the form to the description. Fields are named by place and part: "c0-1.value", "c0.where.0.is"."""

from copy import deepcopy
from typing import Any

from django.http import QueryDict

from customers.attributes import OPERATORS, Operator, registry
from segmentation.building.beginning import WINDOW, counted, narrowed, valued
from segmentation.building.editing import turn
from segmentation.building.shape import Json, how_of, kind_of, walk
from segmentation.segments.values import LONGEST_TEXT

NEVER = "never"
DAYS = ("last_days", "longer_ago")  # the windows that are told in days


def absorbed(tree: Json, told: QueryDict) -> Json:
    """The description with what stands in the fields. What has no field there stays as it was."""
    changed = deepcopy(tree)
    for place, node in list(walk(changed)):
        if how_of(node):
            turn(node, told.get(f"c{place}.how", ""))
        else:
            _READ[kind_of(node)](node, f"c{place}", told)
    return changed


def _attribute(node: Json, name: str, told: QueryDict) -> None:
    attribute = registry.attribute(node["attribute"])
    if attribute:
        _asked(node, name, told, OPERATORS[attribute.kind])


def _did(node: Json, name: str, told: QueryDict) -> None:
    _deed(node, name, told)
    _counted(node, name, told)


def _counted(node: Json, name: str, told: QueryDict) -> None:
    """How often: "never" is at most 0 times, and what comes after "never" is once."""
    offered = registry.behaviour(node["did"])
    if told.get(f"{name}.is") == NEVER:
        first = {"count": offered.measures[0].code} if offered else {}
        node.update(first | {"is": str(Operator.AT_MOST), "value": 0})
        return
    was_never = is_never(node)
    _asked(node, name, told, tuple(Operator))
    if was_never and told.get(f"{name}.is"):
        node["value"] = ["1", ""] if isinstance(node.get("value"), list) else "1"
    wanted = told.get(f"{name}.count", node.get("count"))
    measure = next((one for one in offered.measures if one.code == wanted), None) if offered else None
    if measure and measure.code != node.get("count"):
        node.update(counted(measure))


def is_never(node: Json) -> bool:
    """At most 0 times. Who spent at most 0 may have bought: all of it came back, or nothing was to pay."""
    offered = registry.behaviour(node["did"])
    measure = node.get("count", offered.measures[0].code if offered else "")
    is_none = node.get("is") == Operator.AT_MOST and str(node.get("value")) == "0"
    return is_none and offered is not None and measure == offered.measures[0].code


def _then(node: Json, name: str, told: QueryDict) -> None:
    for part in ("first", "then"):
        deed = node[part]
        wanted = told.get(f"{name}.{part}.did", deed["did"])
        if wanted != deed["did"] and registry.behaviour(wanted):
            deed.update({"did": wanted, "where": []})
        _deed(deed, f"{name}.{part}", told)
    if f"{name}.within_days" in told:
        node["within_days"] = _days(told.get(f"{name}.within_days", ""))


def _member_of(node: Json, name: str, told: QueryDict) -> None:
    node["member_of"] = str(told.get(f"{name}.member_of", node["member_of"]))[:40]


def _deed(deed: Json, name: str, told: QueryDict) -> None:
    """Window, fields, and the field that was just chosen to narrow it by."""
    offered = registry.behaviour(deed["did"])
    fields = {field.code: field for field in offered.fields} if offered else {}
    for number, row in enumerate(deed["where"]):
        if field := fields.get(str(row.get("field"))):
            _asked(row, f"{name}.where.{number}", told, OPERATORS[field.kind])
    if (more := told.get(f"{name}.narrow")) and (row := narrowed(deed["did"], more)):
        deed["where"].append(row)
    if f"{name}.when" in told:
        deed["when"] = _window(deed["when"], name, told)


def _window(held: Json, name: str, told: QueryDict) -> Json:
    kind, was = told.get(f"{name}.when", ""), next(iter(held), "")
    if kind == "between":
        return {"between": [told.get(f"{name}.when.{end}", "")[:10] for end in ("since", "until")]}
    if kind in DAYS:
        days = told.get(f"{name}.when.days")
        return {kind: _days(days) if days is not None else held.get(was, WINDOW) if was in DAYS else WINDOW}
    return {}


def _asked(node: Json, name: str, told: QueryDict, offered: tuple[Operator, ...]) -> None:
    """Operator and value. The value's fields are those of the operator that was shown."""
    wanted = told.get(f"{name}.is")
    if wanted is None:
        return
    shown = _operator(node.get("is"), offered) or offered[0]
    value = _value(shown.takes, name, told)
    chosen = _operator(wanted, offered) or shown
    node["is"] = str(chosen)
    node.pop("value", None)
    if chosen.takes != "nothing":
        node["value"] = _fitting(value, shown.takes, chosen)


def _operator(text: Any, offered: tuple[Operator, ...]) -> Operator | None:
    return next((one for one in offered if one == text), None)


def _value(takes: str, name: str, told: QueryDict) -> Any:
    match takes:
        case "many":
            return list(dict.fromkeys(one for one in told.getlist(f"{name}.value") if one))
        case "two":
            return [told.get(f"{name}.value.{n}", "")[:LONGEST_TEXT] for n in (0, 1)]
        case "days":
            return _days(told.get(f"{name}.value", ""))
        case _:
            return told.get(f"{name}.value", "")[:LONGEST_TEXT]


def _fitting(value: Any, was: str, chosen: Operator) -> Any:
    """What was told, as far as another operator has a use for it."""
    if was == chosen.takes:
        return value
    if (was, chosen.takes) == ("one", "two"):
        return [value, ""]
    if (was, chosen.takes) == ("two", "one"):
        return value[0]
    return valued(chosen).get("value")


def _days(text: str) -> int | str:
    """A whole number, or what was typed instead: reading says what is wrong with it."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else text[:20]


_READ = {"attribute": _attribute, "did": _did, "first": _then, "member_of": _member_of, "": lambda *_: None}
