"""What models of this app proved to be worth, as one report: each adds its part (`manage.py score_report`).

    reporting.offer("churn", churn_report)     # in AppConfig.ready()

A part is a function that returns plain data for JSON, or None where nothing has been fitted yet.
"""

from collections.abc import Callable
from typing import Any

Part = Callable[[], dict[str, Any] | None]
_parts: dict[str, Part] = {}


def offer(name: str, part: Part) -> None:
    """Add a part; called from `AppConfig.ready()`. The same name replaces."""
    _parts[name] = part


def report() -> dict[str, dict[str, Any] | None]:
    """Every part by its name, in the order of names."""
    return {name: _parts[name]() for name in sorted(_parts)}


def lines(found: dict[str, Any], indent: str = "") -> list[str]:
    """The same for people: nested names indented, lists of records a line each."""
    told = []
    for name, value in found.items():
        if isinstance(value, dict):
            told += [f"{indent}{name}:", *lines(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            told += [f"{indent}{name}:", *(f"{indent}  " + _record(one) for one in value)]
        else:
            told.append(f"{indent}{name}: {_plain(value)}")
    return told


def _record(one: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in one.items())


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
