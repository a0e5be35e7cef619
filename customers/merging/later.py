"""Later activity: what came in after a merge, and whose it is when the merge is undone.

A receipt that named an identifier belongs to whom the identifier belongs. What hangs on it (returns, whatever links to
it or is `about` it) goes along; `undoing` sees to that. Everything else stays with the survivor.

The inbox keeps how the customer was named: receipts that came over the API whole, those of files by the identifier
alone when others were merged into their customer (`receiving.people.of_several`); events keep whose the identifier was.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from customers import identities
from customers.events import inbox, stitching
from customers.merging.tables import Table

_Person = tuple[str, str]


def purchases(cur: Any, survivor_id: int, identity_ids: Iterable[int], since: str) -> list[int]:
    """Ids of the survivor's purchases recorded since then that named one of these identifiers."""
    cur.execute("SELECT kind, value FROM customers_identity WHERE id = ANY(%s)", [list(identity_ids)])
    people = set(cur.fetchall())
    cur.execute(_SINCE, [survivor_id, since])
    countries = identities.chain_countries()
    return [pk for pk, kind, value in cur.fetchall() if people & _people(kind, value, countries)]


def _people(kind: str | None, value: str | None, countries: identities.Countries) -> set[_Person]:
    if not kind or not value:
        return set()
    return {(kind, known_as) for known_as in identities.readings(kind, value, countries=countries)}


def touches(cur: Any, customer_ids: Iterable[int]) -> list[int]:
    """Numbers of the interactions of events that named one of these customers, before any merge."""
    cur.execute(_TOUCHES, [list(customer_ids)])
    return [row[0] for row in cur.fetchall()]


def stitch(cur: Any, customer_ids: Iterable[int]) -> None:
    """Events of browsers and devices go to whom these were known to be, now that nobody stands for another."""
    cur.execute(_VISITORS, [list(customer_ids)])
    visitors = [row[0] for row in cur.fetchall()]
    inbox.restitch(cur, stitching.marks_of(cur, visitors))


def first_sight(cur: Any, customer_id: int, since: str) -> tuple[str, int] | None:
    """When and where the earliest receipt recorded since then was bought: (time, store id)."""
    cur.execute(_FIRST, [customer_id, since])
    return cur.fetchone()


def about(cur: Any, table: Table, customer_id: int, going: Mapping[str, list[int]]) -> list[int]:
    """Ids of the customer's rows that say they are about one of these rows (ids by model)."""
    subjects = [f"{label.lower()}:{pk}" for label, ids in going.items() for pk in ids]
    if not subjects:
        return []
    query = f"SELECT id FROM {table.name} WHERE customer_id = %s AND about = ANY(%s)"  # noqa: S608  our own names
    cur.execute(query, [customer_id, subjects])
    return [row[0] for row in cur.fetchall()]


# Receipts and their purchases stand in different places (by external id, by customer): the purchases come first.
_SINCE = """
SELECT p.id, a.raw #>> '{customer,kind}', a.raw #>> '{customer,value}'
FROM customers_purchase p
JOIN customers_arrival a ON a.source_id = p.source_id AND a.external_id = p.external_id AND a.kind = 1
WHERE p.customer_id = %s AND p.recorded_at >= %s::timestamptz AND a.raw IS NOT NULL
"""
_TOUCHES = (
    "SELECT interaction_id FROM customers_event WHERE customer_id = ANY(%s) AND interaction_id IS NOT NULL"
)
_VISITORS = "SELECT DISTINCT visitor FROM customers_visitormark WHERE customer_id = ANY(%s)"
_FIRST = """
SELECT to_jsonb(occurred_at) #>> '{}', store_id FROM customers_purchase
WHERE customer_id = %s AND recorded_at >= %s::timestamptz ORDER BY occurred_at, store_id LIMIT 1
"""
