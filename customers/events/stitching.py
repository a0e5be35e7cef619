"""Whose event it is.

An event that names its customer is theirs. Any other belongs to the customer that its visitor was known to be: by the
latest mark not after it, and when there is none, by the earliest mark there is (who signs up was looking around just
before). Of two marks at one moment the customer with the smaller number counts. So the owner is a function of the sets
of events and marks, in whatever order they arrive; on a shared computer what came after somebody else signed in is
theirs, what came before stays. Two customers never become one because of a device.

A mark keeps the customer that it was told. One who was merged meanwhile is found through the signpost, so merging and
taking a merge back need not touch marks.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """From `at` on the visitor was this customer."""

    at: datetime
    customer_id: int


Marks = Mapping[str, list[Mark]]  # by visitor, sorted


def owner(marks: list[Mark], at: datetime) -> int | None:
    """The customer whom an event at this moment belongs to. `marks` are sorted; None: nobody is known."""
    if not marks:
        return None
    place = bisect_right(marks, at, key=lambda mark: mark.at)
    latest = marks[place - 1].at if place else marks[0].at
    return min(mark.customer_id for mark in marks if mark.at == latest)


def lock(cur: Any, seen: Mapping[str, tuple[datetime, datetime]]) -> None:
    """Have these visitors alone till the end of the transaction. `seen`: first and last time. In order: no circle."""
    codes = sorted(seen)
    cur.execute(_LOCK, [codes, [seen[code][0] for code in codes], [seen[code][1] for code in codes]])


def marks_of(cur: Any, visitors: Iterable[str]) -> dict[str, list[Mark]]:
    """Sorted marks by visitor, with those who the marked customers are now."""
    cur.execute(_MARKS, [list(visitors)])
    rows = cur.fetchall()
    now_is = living(cur, {customer_id for _visitor, _at, customer_id in rows})
    found: dict[str, list[Mark]] = defaultdict(list)
    for visitor, at, customer_id in rows:
        found[visitor].append(Mark(at, now_is.get(customer_id, customer_id)))
    return {visitor: sorted(marks) for visitor, marks in found.items()}


def add_marks(cur: Any, marks: Iterable[tuple[str, datetime, int]]) -> set[str]:
    """Note marks (visitor, at, customer); the visitors of those that are new."""
    rows = sorted(set(marks))
    if not rows:
        return set()
    cur.execute(_ADD_MARKS, [list(column) for column in zip(*rows, strict=True)])
    return {row[0] for row in cur.fetchall()}


def living(cur: Any, customer_ids: Iterable[int]) -> dict[int, int]:
    """Where signposts point: customer to survivor, of those who were merged into another."""
    wanted = sorted(set(customer_ids))
    if not wanted:
        return {}
    cur.execute(
        "SELECT id, merged_into_id FROM customers_customer WHERE id = ANY(%s) AND merged_into_id IS NOT NULL",
        [wanted],
    )
    return dict(cur.fetchall())


def present(cur: Any, customer_ids: Iterable[int]) -> dict[int, int]:
    """Who they are now, without those who were erased. Holds when the gate is entered."""
    cur.execute(_PRESENT, [sorted(set(customer_ids))])
    return dict(cur.fetchall())


class Held(NamedTuple):
    """An event of a visitor that is kept, with where its interaction is."""

    id: int
    visitor: str
    at: datetime
    customer_id: int | None
    interaction_id: int | None


def unnamed_of(cur: Any, visitors: Iterable[str]) -> list[Held]:
    """All kept events of these visitors that name no customer themselves."""
    cur.execute(_UNNAMED, [list(visitors)])
    return [Held(*row) for row in cur.fetchall()]


_LOCK = """
INSERT INTO customers_visitor AS known (code, first_seen_at, last_seen_at)
SELECT code, first_at, last_at FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[])
    AS seen (code, first_at, last_at) ORDER BY code COLLATE "C"
ON CONFLICT (code) DO UPDATE SET
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at)
"""
_PRESENT = (
    "SELECT id, coalesce(merged_into_id, id) FROM customers_customer WHERE id = ANY(%s) AND erased_at IS NULL"
)
_MARKS = "SELECT visitor, at, customer_id FROM customers_visitormark WHERE visitor = ANY(%s)"
_ADD_MARKS = """
INSERT INTO customers_visitormark (visitor, at, customer_id)
SELECT visitor, at, customer_id FROM unnest(%s::text[], %s::timestamptz[], %s::bigint[])
    AS new (visitor, at, customer_id)
ON CONFLICT (visitor, at, customer_id) DO NOTHING RETURNING visitor
"""
_UNNAMED = """
SELECT id, visitor, occurred_at, customer_id, interaction_id FROM customers_event
WHERE visitor = ANY(%s) AND visitor <> '' AND NOT is_named AND state IN (1, 2, 4) ORDER BY id
"""
