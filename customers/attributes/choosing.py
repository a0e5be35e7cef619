"""Choices that are rows of a large table: a few are looked up by their numbers, some are found by their names.

A chain has a hundred thousand products; nobody waits for all of their names to read one of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import QuerySet


class Rows(Mapping[str, Any]):
    """Row numbers as text to names. As a mapping it is read whole, once; `some` and `found` ask for less."""

    def __init__(self, rows: QuerySet, order: str = "name") -> None:
        self.rows = rows.order_by(order, "pk").values_list("pk", "name")
        self._all: dict[str, Any] | None = None

    @property
    def all(self) -> dict[str, Any]:
        if self._all is None:
            self._all = {str(pk): name for pk, name in self.rows}
        return self._all

    def __getitem__(self, code: str) -> Any:
        return self.all[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def some(self, codes: Iterable[str]) -> dict[str, Any]:
        numbers = [int(code) for code in codes if code.isascii() and code.isdigit() and len(code) < 19]
        return {str(pk): name for pk, name in self.rows.filter(pk__in=numbers)} if numbers else {}

    def found(self, words: str, most: int) -> list[tuple[str, Any]]:
        return [(str(pk), name) for pk, name in self.rows.filter(name__icontains=words)[:most]]


def labels_of(asked: Any, codes: Iterable[str]) -> Mapping[str, Any]:
    """The names of these choices of an attribute or a field, at least."""
    options = asked.options() if asked.options else {}
    return options.some(codes) if isinstance(options, Rows) else options


def found_of(asked: Any, words: str, most: int) -> list[tuple[str, Any]]:
    """Choices whose names have these letters, in their order; none without letters."""
    options = asked.options() if asked and asked.options and words else {}
    if isinstance(options, Rows):
        return options.found(words, most)
    return [(code, label) for code, label in options.items() if words.lower() in str(label).lower()][:most]
