"""Who offers what. Filled once, when the apps are ready."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from customers.attributes.kinds import Attribute, Behaviour

_HEADINGS: dict[str, tuple[int, Any]] = {}
_attributes: dict[str, Attribute] = {}
_behaviours: dict[str, Behaviour] = {}
_sources: list[Callable[[], Iterable[Attribute]]] = []


def offer_heading(code: str, label: Any, order: int) -> None:
    """A group under which attributes are chosen."""
    _HEADINGS[code] = (order, label)


def offer(*attributes: Attribute) -> None:
    """Make attributes known. The same ones again change nothing."""
    for attribute in attributes:
        before = _attributes.setdefault(attribute.code, attribute)
        assert before.sql == attribute.sql, f"{attribute.code} is offered twice"
        _attributes[attribute.code] = attribute


def offer_source(source: Callable[[], Iterable[Attribute]]) -> None:
    """Attributes that are rows of the database (the chain's own fields): asked for each time."""
    if source not in _sources:
        _sources.append(source)


def offer_behaviour(*behaviours: Behaviour) -> None:
    for behaviour in behaviours:
        before = _behaviours.setdefault(behaviour.code, behaviour)
        assert before.sql == behaviour.sql, f"{behaviour.code} is offered twice"
        _behaviours[behaviour.code] = behaviour


def headings() -> list[tuple[str, Any]]:
    """(code, label) in their order."""
    return [(code, label) for code, (_order, label) in sorted(_HEADINGS.items(), key=lambda one: one[1][0])]


def attributes() -> Iterator[Attribute]:
    """All of them, in the order in which they were offered."""
    yield from _attributes.values()
    for source in _sources:
        yield from source()


def attribute(code: str) -> Attribute | None:
    return _attributes.get(code) or next((one for s in _sources for one in s() if one.code == code), None)


def asked_by(viewer: Any) -> Iterator[Attribute]:
    """Those that this person or key is offered."""
    return (one for one in attributes() if one.is_asked_by(viewer) and not one.is_retired)


def behaviours() -> Iterator[Behaviour]:
    yield from _behaviours.values()


def behaviour(code: str) -> Behaviour | None:
    return _behaviours.get(code)
