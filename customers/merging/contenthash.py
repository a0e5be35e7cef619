"""A hash of all that the tables hold of customers, row numbers included: equal states have equal hashes.

Covers the customer, their identifiers, their receipts in the inbox and every owned table of every app, each row with
all its columns. Left out: `Customer.updated_at` and `MatchKey.made_at`, which say when we last wrote; merges that were
undone, which are history; what a merge keeps for its undoing.

Each row is hashed to 64 bits twice, with two seeds, and the hashes are summed: no order is needed and no sort. Meant
for comparing states of one database, against faults and not against forgery. (`statehash.py` compares states of
different databases, without row numbers.)
"""

from collections.abc import Iterable
from hashlib import blake2b

from django.db import connection

from customers.merging.tables import tables

_SEEDS = (0, 1)
_SAID = {  # what of a row is hashed, where that is not all of it
    "customers.Customer": "to_jsonb(t) - 'updated_at'",
    "customers.MatchKey": "to_jsonb(t) - 'made_at'",
    "customers.Merge": "to_jsonb(t) - 'before'",
}
_WHERE = {"customers.Merge": "undone_at IS NULL"}


def of(customer_ids: Iterable[int]) -> dict[int, str]:
    """A hash a customer. For many customers at once: one statement a table."""
    ids = sorted(set(customer_ids))
    found = {pk: blake2b(digest_size=16) for pk in ids}
    with connection.cursor() as cursor:
        for label, table, column in _parts():
            cursor.execute(
                _sums(label, table, column, f"AND {column} = ANY(%s)", f"GROUP BY {column}"), [ids]
            )
            for owner, *sums in sorted(cursor.fetchall()):
                found[owner].update(f"{label} {sums}\n".encode())
    return {pk: digest.hexdigest() for pk, digest in found.items()}


def by_table(customer_ids: Iterable[int] | None = None) -> dict[str, str]:
    """A hash a table, of these customers or of all: where two states differ."""
    which, ids = ("", []) if customer_ids is None else ("AND {} = ANY(%s)", [sorted(set(customer_ids))])
    found = {}
    with connection.cursor() as cursor:
        for label, table, column in _parts():
            cursor.execute(_sums(label, table, column, which.format(column), ""), [ids] if which else [])
            found[label] = " ".join(map(str, cursor.fetchone()[1:]))
    return found


def whole() -> str:
    """One hash for all customers. Scans everything."""
    said = "\n".join(f"{label} {sums}" for label, sums in sorted(by_table().items()))
    return blake2b(said.encode(), digest_size=16).hexdigest()


def _parts() -> list[tuple[str, str, str]]:
    """(label, table, the column that names the customer)."""
    owned = [(table.label, table.name, "customer_id") for table in tables()]
    return [
        ("customers.Customer", '"customers_customer"', "id"),
        ("customers.Identity", '"customers_identity"', "customer_id"),
        ("customers.Arrival", '"customers_arrival"', "customer_id"),
        *sorted(owned),
    ]


def _sums(label: str, table: str, column: str, which: str, group: str) -> str:
    said = f"({_SAID.get(label, 't')})::text"
    sums = ", ".join(f"sum(hashtextextended({said}, {seed}))" for seed in _SEEDS)
    owner = column if group else "NULL"
    return (
        f"SELECT {owner}, count(*), {sums} FROM {table} t WHERE {_WHERE.get(label, 'true')} {which} {group}"  # noqa: S608
    )
