"""What models of this app proved to be worth, as one report: each adds its part (`manage.py score_report`).

    reporting.offer("churn", churn_report)     # in AppConfig.ready()

A part is a function that returns plain data for JSON, or None where nothing has been fitted yet.
"""

from collections.abc import Callable, Iterable
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
    """The same for people: nested names indented, records as a table. What is not known is left out."""
    told = []
    for name, value in found.items():
        if isinstance(value, dict) and value:
            below = _aligned(_rows_of(value)) if _are_records(value.values()) else lines(value)
            told += [f"{indent}{name}:", *(f"{indent}  {line}" for line in below)]
        elif isinstance(value, list) and _are_records(value):
            told += [f"{indent}{name}:", *(f"{indent}  {line}" for line in _aligned(_table_of(value)))]
        elif value is not None and value != {}:
            told.append(f"{indent}{name}: {_plain(value)}")
    return told


def _are_records(some: Iterable[Any]) -> bool:
    """Names with plain values, each of them."""
    records = list(some)
    return bool(records) and all(
        isinstance(one, dict) and not any(isinstance(value, dict | list) for value in one.values())
        for one in records
    )


def _rows_of(named: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Records that have names: each begins with its own."""
    return _table_of([{"": name, **one} for name, one in named.items()])


def _table_of(records: list[dict[str, Any]]) -> list[list[str]]:
    names = list(dict.fromkeys(name for one in records for name in one))
    return [names, *([_plain(one.get(name)) for name in names] for one in records)]


def _aligned(table: list[list[str]]) -> list[str]:
    """Rows with their columns below each other, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    rows = []
    for first, *others in table:
        cells = [first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]
        rows.append("  ".join(cells).rstrip())
    return rows


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
