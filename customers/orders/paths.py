"""Paths into a JSON document: "customer.email", "line_items[*]", "tax[0].rate", "notes[name=visitor].value".

Steps are names joined by dots. Behind a name, [*] takes every entry of a list, [0] one by its place, [name=text] those
whose part has that text. A path that leads nowhere gives nothing; it is never an error of the document's.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

_STEP = re.compile(r"(?P<name>[^.\[\]=]+)(?P<picks>(?:\[[^\[\]]+\])*)")
_PICK = re.compile(r"\[([^\[\]]+)\]")
LONGEST = 120


class Malformed(ValueError):
    """Not a path."""


class Step(NamedTuple):
    name: str
    picks: tuple[str, ...]


@lru_cache(maxsize=1024)
def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises Malformed."""
    steps = []
    for part in re.split(r"\.(?![^\[]*\])", path):
        found = _STEP.fullmatch(part)
        if not found or len(path) > LONGEST:
            raise Malformed(path)
        steps.append(Step(found["name"], tuple(_PICK.findall(found["picks"]))))
    return tuple(steps)


def values(document: Any, path: str) -> list[Any]:
    """Everything that the path leads to, without NULLs."""
    found = [document]
    for step in parse(path):
        found = [part[step.name] for part in found if isinstance(part, dict) and step.name in part]
        for pick in step.picks:
            found = [entry for part in found for entry in _picked(part, pick)]
    return [value for value in found if value is not None]


def first(document: Any, path: str) -> Any:
    """The first of them, or None."""
    return next(iter(values(document, path)), None)


def _picked(part: Any, pick: str) -> Iterator[Any]:
    if not isinstance(part, list):
        return
    if pick == "*":
        yield from part
    elif pick.isdecimal():
        yield from part[int(pick) : int(pick) + 1]
    elif "=" in pick:
        name, _, text = pick.partition("=")
        yield from (entry for entry in part if isinstance(entry, dict) and str(entry.get(name)) == text)
