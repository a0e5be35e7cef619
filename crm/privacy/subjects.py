"""Whom an export or an erasure is about. The app with the customers says how they are found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Subject:
    """One person: the customer and everybody who was merged into them.

    `identifiers` are (kind, normalised value); `quotes` are the texts by which other rows may name the person
    (identifiers, names), in the forms in which they are written. `born_at` tells the customer from another one who gets
    the same number after a restore.
    """

    customer_id: int
    customer_ids: tuple[int, ...]
    public_id: str
    born_at: datetime
    store_id: int | None
    identifiers: tuple[tuple[str, str], ...]
    quotes: tuple[str, ...]


class People(Protocol):
    """What the app with the customers offers."""

    def subject(self, *customer_ids: int) -> Subject | None:
        """The person behind a number, also of one who was merged away; None when there is none. Of several numbers:
        all of them as one person."""

    def held(self, cursor: Any, *customer_ids: int) -> Subject | None:
        """The same, locked till the end of the transaction, with everybody kept out who might write of them."""

    def born(self, customer_ids: Sequence[int]) -> dict[int, datetime]:
        """Time of birth of those who exist, by number."""

    def part(self, customer_ids: Sequence[int], *, by: Any, at: datetime) -> None:
        """Undo the merges that make these one with others, as far as that can be done."""


def sees(viewer: Any, subject: Subject) -> bool:
    """Whether this viewer browses the stores that the customer is of."""
    stores = viewer.scope().store_ids
    return stores is None or subject.store_id in stores


_people: list[People] = []


def register(people: People) -> None:
    """Called from `AppConfig.ready()`."""
    _people[:] = [people]


def people() -> People:
    return _people[0]
