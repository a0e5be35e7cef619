"""What a condition begins with when it was chosen: values that make sense, or none yet."""

from typing import Any

from customers.attributes import OPERATORS, Kind, Measure, Operator, registry
from segmentation.building.shape import Json

DAYS = {Operator.LAST_DAYS: 30, Operator.NEXT_DAYS: 14, Operator.LONGER_AGO: 60}
WINDOW = 90


def begun(what: str) -> Json | None:
    """The condition that "attribute:<code>", "did:<code>", "then:<code>" or "member_of:" names, or None."""
    kind, _colon, code = what.partition(":")
    if kind == "attribute":
        attribute = registry.attribute(code)
        return {"attribute": code, **asked(attribute.kind)} if attribute else None
    if kind == "member_of":
        return {"member_of": code}
    behaviour = registry.behaviour(code)
    if behaviour is None:
        return None
    if kind == "then":
        deed = {"did": code, "where": [], "when": {}}
        return {"first": deed | {"when": {"last_days": WINDOW}}, "then": dict(deed), "within_days": 30}
    return {"did": code, "where": [], "when": {"last_days": WINDOW}, **counted(behaviour.measures[0])}


def asked(kind: Kind) -> Json:
    """The first operator of a kind, with its value."""
    operator = OPERATORS[kind][0]
    return {"is": str(operator)} | valued(operator)


def valued(operator: Operator) -> Json:
    value: Any = {"one": "", "two": ["", ""], "many": [], "days": DAYS.get(operator, 30)}.get(operator.takes)
    return {} if operator.takes == "nothing" else {"value": value}


def counted(measure: Measure) -> Json:
    """How often: once at least. Of other measures the number is still to be told."""
    first = measure.kind == Kind.NUMBER and not measure.unit
    return {"count": measure.code, "is": str(Operator.AT_LEAST), "value": 1 if first else ""}


def narrowed(behaviour: str, field: str) -> Json | None:
    offered = registry.behaviour(behaviour)
    one = next((one for one in offered.fields if one.code == field), None) if offered else None
    return {"field": one.code, **asked(one.kind)} if one else None
