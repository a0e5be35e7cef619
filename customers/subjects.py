"""Whom a privacy export or erasure is about: a customer with everybody who was merged into them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from crm.org.models import public_id
from crm.privacy.subjects import Subject
from customers.merging import undoing
from customers.merging.refusals import CannotUndo
from customers.models import Customer, Identity, IdentityKind, Merge
from customers.receiving import database

_SHORTEST_QUOTE = 5  # shorter texts stand in other words; two Chinese characters are a name


class People:
    """What `crm.privacy.subjects` asks for."""

    def subject(self, *customer_ids: int) -> Subject | None:
        """The person behind a number; of somebody who was merged away, the survivor."""
        with connection.cursor() as cursor:
            ids = [number for each in customer_ids for number in _together(cursor, each)]
        return _subject(list(dict.fromkeys(ids))) if ids else None

    def held(self, cursor: Any, *customer_ids: int) -> Subject | None:
        """The same with their rows locked, when no receipt or merge is on its way to them."""
        database.have_alone(cursor)
        found = self.subject(*customer_ids)
        if found is not None:
            rows = Customer.objects.select_for_update().filter(pk__in=found.customer_ids).order_by("pk")
            list(rows.values_list("pk"))
        return found

    def born(self, customer_ids: Sequence[int]) -> dict[int, datetime]:
        """Time of birth of those who exist."""
        return dict(Customer.objects.filter(pk__in=list(customer_ids)).values_list("pk", "created_at"))

    def part(self, customer_ids: Sequence[int], *, by: Any, at: datetime) -> None:
        """Undo the merges that make these one with others: the latest such, or what was done on top of it."""
        while any(_undone(merge, by, at) for merge in _mixed(customer_ids)):
            pass


def _mixed(customer_ids: Sequence[int]) -> list[Merge]:
    """Merges of these with others that stand, the latest first, and then the other merges above them."""
    with connection.cursor() as cursor:
        chiefs = {number for each in customer_ids for number in _together(cursor, each)[:1]}
    standing = list(Merge.objects.standing().filter(customer__in=chiefs).order_by("-pk"))
    mixed = [one for one in standing if (one.loser_id in customer_ids) != (one.survivor_id in customer_ids)]
    return [*mixed, *(one for one in standing if one not in mixed)] if mixed else []


def _undone(merge: Merge, by: Any, at: datetime) -> bool:
    try:
        undoing.unmerge(merge, by=by, at=at)
    except CannotUndo:
        return False
    return True


def _together(cursor: Any, customer_id: int) -> list[int]:
    """The survivor, then those merged into them. In steps, each of which names its customers: on a database spread over
    machines, rows of different customers do not meet."""
    cursor.execute(_CHIEF, [customer_id])
    if (found := cursor.fetchone()) is None:
        return []
    (chief,) = found
    cursor.execute(_LOSERS, [chief])
    cursor.execute(_MERGED, [[row[0] for row in cursor.fetchall()], chief])
    return [chief, *(row[0] for row in cursor.fetchall())]


def _subject(ids: list[int]) -> Subject:
    people = {one.pk: one for one in Customer.objects.filter(pk__in=ids)}
    chief = people[ids[0]]
    identifiers = tuple(
        Identity.objects.filter(customer__in=ids).order_by("kind", "value").values_list("kind", "value")
    )
    quotes = {form for kind, value in identifiers for form in forms_of(kind, value)}
    quotes |= {one.name for one in people.values() if _is_telling(one.name)}
    return Subject(
        chief.pk, tuple(sorted(ids)), public_id("cus").encode(chief.pk), chief.created_at, chief.home_store_id,
        identifiers, tuple(sorted(quotes)),
    )  # fmt: skip


def forms_of(kind: str, value: str) -> set[str]:
    """How people write an identifier: a phone also without + and without its country code."""
    forms = {value}
    if kind == IdentityKind.PHONE and value.startswith("+"):
        forms |= {value[1:], *(value[1 + n :] for n in (1, 2, 3) if len(value) - 1 - n >= 8)}
    return {form for form in forms if len(form) >= _SHORTEST_QUOTE}


def _is_telling(name: str) -> bool:
    """Whether a name is one when it stands in a text: two Chinese characters, or two words."""
    chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in name)
    return chinese >= 2 or (len(name) >= _SHORTEST_QUOTE and " " in name.strip())


# A merge leads earlier signposts to the new survivor, so one step is enough in either direction.
_CHIEF = "SELECT coalesce(merged_into_id, id) FROM customers_customer WHERE id = %s"
_LOSERS = "SELECT DISTINCT loser_id FROM customers_merge WHERE customer_id = %s"
_MERGED = "SELECT id FROM customers_customer WHERE id = ANY(%s) AND merged_into_id = %s ORDER BY id"
