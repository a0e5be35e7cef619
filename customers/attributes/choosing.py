"""Choices that are rows of a large table: a few are looked up by their numbers, some are found by their names.

A chain has a hundred thousand products; nobody waits for all of their names to read one of them. Names come more than
once ("Misc" of a dozen departments): a choice has a *place*, which says where it stands.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, CharField, F, IntegerField, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.utils.translation import pgettext

NOWHERE = Value([], output_field=ArrayField(CharField()))


@dataclass(frozen=True)
class Named:
    """A row that can be chosen. `place`: the names of what it stands in, the outermost first."""

    code: str
    name: Any
    place: tuple[str, ...] = ()

    @property
    def way(self) -> str:
        """Where it stands, in words; "" where it stands nowhere."""
        return " › ".join(self.place)

    @property
    def full(self) -> str:
        """What tells it from others of its name."""
        named = {"name": self.name, "place": self.way}
        return pgettext("choice", "%(name)s (%(place)s)") % named if self.place else str(self.name)


class Rows(Mapping[str, Any]):
    """Row numbers as text to names. As a mapping it is read whole, once; `some` and `found` ask for less.

    `order`: in which order choices stand that a search finds alike. `place`: an array of names, as `Named` says.
    """

    def __init__(self, rows: QuerySet, order: Sequence[Any] = ("name",), place: Combinable = NOWHERE) -> None:
        self.rows = rows.order_by(*order, "pk")
        self.order = order
        self.place = place
        self._all: dict[str, Any] | None = None

    @property
    def all(self) -> dict[str, Any]:
        if self._all is None:
            self._all = {str(pk): name for pk, name in self.rows.values_list("pk", "name")}
        return self._all

    def __getitem__(self, code: str) -> Any:
        return self.all[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def named(self, codes: Iterable[str]) -> list[Named]:
        numbers = [int(code) for code in codes if code.isascii() and code.isdigit() and len(code) < 19]
        return self._named(self.rows.filter(pk__in=numbers)) if numbers else []

    def some(self, codes: Iterable[str]) -> dict[str, Any]:
        """The names; where two of these have the same one, with their places."""
        return told_apart(self.named(codes))

    def found(self, words: str, most: int) -> list[Named]:
        """What is called so comes first, then what begins so, a word of which does, and what contains it."""
        begins = rf"\m{re.escape(words)}" if words[:1].isalnum() else re.escape(words)
        rank = Case(
            When(name__iexact=words, then=0), When(name__istartswith=words, then=1),
            When(name__iregex=begins, then=2), default=3, output_field=IntegerField(),
        )  # fmt: skip
        return self._named(self.rows.filter(name__icontains=words).order_by(rank, *self.order, "pk")[:most])

    def _named(self, rows: QuerySet) -> list[Named]:
        found = rows.annotate(place=self.place).values_list("pk", F("name"), "place")
        return [Named(str(pk), name, tuple(part for part in place if part)) for pk, name, place in found]


def told_apart(found: Iterable[Named]) -> dict[str, Any]:
    """The names by the codes; those that come twice with their places."""
    rows = list(found)
    often = Counter(one.name for one in rows)
    return {one.code: one.full if often[one.name] > 1 else one.name for one in rows}


def labels_of(asked: Any, codes: Iterable[str]) -> Mapping[str, Any]:
    """The names of these choices of an attribute or a field, at least."""
    options = asked.options() if asked.options else {}
    return options.some(codes) if isinstance(options, Rows) else options


def named_of(asked: Any, codes: Iterable[str]) -> list[Named]:
    """These choices of an attribute or a field with many, as far as there are such."""
    options = asked.options() if asked.options else {}
    if isinstance(options, Rows):
        return options.named(codes)
    return [Named(code, options[code]) for code in codes if code in options]


def found_of(asked: Any, words: str, most: int) -> list[Named]:
    """Choices whose names have these letters, the nearest first; none without letters."""
    options = asked.options() if asked and asked.options and words else {}
    if isinstance(options, Rows):
        return options.found(words, most)
    return [Named(code, label) for code, label in options.items() if words.lower() in str(label).lower()][
        :most
    ]
