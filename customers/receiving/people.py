"""Whose receipt it is: identifiers to customers, with stubs for identifiers that nobody has yet."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from customers.receiving.database import TEXTS, packed

Person = tuple[str, str]  # (kind, normalised value)


def resolve(cursor: Any, people: Iterable[Person], *, source: str) -> dict[Person, int]:
    """Customer ids by identifier. An unknown identifier gets a stub customer.

    The unique index of identities is the arbiter: of two appliers with the same new identifier one inserts it, the
    other waits there and takes the first one's customer. Inserted in order, so that nobody waits in a circle.
    """
    wanted = sorted(set(people))
    if not wanted:
        return {}
    found = known(cursor, wanted)
    missing = [person for person in wanted if person not in found]
    if missing:
        kinds, values = [kind for kind, _ in missing], [value for _, value in missing]
        cursor.execute(_ADD_IDENTITIES, [source, packed(kinds), packed(values)])
        found |= _add_stubs(cursor, cursor.fetchall())
        late = [person for person in missing if person not in found]
        found |= known(cursor, late) if late else {}
    return found


def customer_of(cursor: Any, person: Person) -> int | None:
    """The customer with this identifier, if anybody has it."""
    cursor.execute(_FIND_ONE, person, prepare=True)
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def known(cursor: Any, people: list[Person]) -> dict[Person, int]:
    """Customer ids by identifier, of those that somebody has."""
    cursor.execute(_FIND, [packed(kind for kind, _ in people), packed(value for _, value in people)])
    return {(kind, value): customer_id for kind, value, customer_id in cursor.fetchall()}


def of_several(cursor: Any, customer_ids: Iterable[int]) -> set[int]:
    """Which of these customers others were merged into. What comes in for them keeps by which identifier it came, so
    that it can go along when the merge is undone."""
    cursor.execute(_OF_SEVERAL, [sorted(set(customer_ids))])
    return {row[0] for row in cursor.fetchall()}


def told_as(cursor: Any, owners: Mapping[Person, int]) -> dict[Person, int]:
    """Whose each identifier was before any merge; `owners`: whose it is now. Mostly one statement, no finding."""
    several = of_several(cursor, owners.values()) if owners else set()
    asked = [person for person, owner in owners.items() if owner in several]
    if not asked:
        return dict(owners)
    cursor.execute(_NUMBERS, [packed(kind for kind, _ in asked), packed(value for _, value in asked)])
    numbers = {(kind, value): number for kind, value, number in cursor.fetchall()}
    cursor.execute(_BROUGHT, [sorted(several)])
    brought: dict[int, int] = {}
    for loser, identities in cursor.fetchall():  # the first merge took it from whose it was
        for number in identities:
            brought.setdefault(number, loser)
    return {person: brought.get(numbers.get(person, 0), owner) for person, owner in owners.items()}


def _add_stubs(cursor: Any, added: list[tuple[str, str, int]]) -> dict[Person, int]:
    cursor.execute(_ADD_CUSTOMERS, [[customer_id for _, _, customer_id in added]])
    return {(kind, value): customer_id for kind, value, customer_id in added}


def see_stubs(cursor: Any, seen: Mapping[int, tuple[datetime, int]]) -> None:
    """Keep the earliest sight of stubs: `seen` is (event time, store id) by customer id. Others stay as they are.

    A running minimum over (time, store), taken under the row's lock: the same end in any order. Where the store moves,
    the search keys (a stub may have been given a name) and the time of the last change move along.
    """
    ids = sorted(seen)
    cursor.execute(_LOCK_STUBS, [ids])
    stubs = [row[0] for row in cursor.fetchall()]
    if stubs:
        cursor.execute(_SEE_STUBS, [stubs, [seen[i][0] for i in stubs], [seen[i][1] for i in stubs]])


_FIND_ONE = "SELECT customer_id FROM customers_identity WHERE kind = %s AND value = %s"
_FIND = f"""
SELECT i.kind, i.value, i.customer_id
FROM unnest({TEXTS}, {TEXTS}) AS wanted (kind, value)
JOIN customers_identity i ON i.kind = wanted.kind AND i.value = wanted.value
"""  # noqa: S608
_OF_SEVERAL = (
    "SELECT DISTINCT customer_id FROM customers_merge WHERE customer_id = ANY(%s) AND undone_at IS NULL"
)
_NUMBERS = f"""
SELECT i.kind, i.value, i.id
FROM unnest({TEXTS}, {TEXTS}) AS wanted (kind, value)
JOIN customers_identity i ON i.kind = wanted.kind AND i.value = wanted.value
"""  # noqa: S608
_BROUGHT = """
SELECT loser_id, identity_ids FROM customers_merge WHERE customer_id = ANY(%s) AND undone_at IS NULL ORDER BY id
"""
_ADD_IDENTITIES = f"""
INSERT INTO customers_identity (kind, value, customer_id, is_primary, source)
SELECT kind, value, nextval('customers_customer_id_seq'), true, %s
FROM (SELECT * FROM unnest({TEXTS}, {TEXTS}) AS new (kind, value) ORDER BY kind, value) AS new
ON CONFLICT (kind, value) DO NOTHING
RETURNING kind, value, customer_id
"""  # noqa: S608
_ADD_CUSTOMERS = """
INSERT INTO customers_customer (
    id, name, gender, age_band, income_band, occupation, household, language, is_stub
)
SELECT id, '', '', '', '', '', '', '', true FROM unnest(%s::bigint[]) AS new (id)
"""
_LOCK_STUBS = """
SELECT id FROM customers_customer WHERE id = ANY(%s) AND is_stub ORDER BY id FOR NO KEY UPDATE
"""
_SEE_STUBS = """
WITH moved AS (
    UPDATE customers_customer c SET first_seen_at = seen.at, home_store_id = seen.store_id,
        updated_at = CASE WHEN c.home_store_id = seen.store_id THEN c.updated_at ELSE now() END
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[]) AS seen (id, at, store_id)
    WHERE c.id = seen.id
      AND (c.first_seen_at IS NULL OR (seen.at, seen.store_id) < (c.first_seen_at, c.home_store_id))
    RETURNING c.id, c.home_store_id, c.name
)
UPDATE customers_namekey k SET home_store_id = moved.home_store_id FROM moved
WHERE k.customer_id = moved.id AND moved.name <> '' AND k.home_store_id IS DISTINCT FROM moved.home_store_id
"""
