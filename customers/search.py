"""Finding a customer while they stand at the till (`docs/algorithms/search.md`).

An exact identifier finds anybody of the chain. The last four digits of a phone and names (their beginning, one or two
Chinese characters, pinyin, initials) find customers of the viewer's stores only. Every statement is a look-up or a
range of an index that stops when it has enough.
"""

from dataclasses import dataclass
from typing import Literal

from crm.lib import normalise, prepared
from crm.org.models import public_id
from crm.org.scope import Scope, Viewer
from customers import identities, names
from customers.models import Customer, IdentityKind

MOST = 50
LAST_DIGITS = 4
FEWEST_STORES_FOR_ONE_RANGE = 40  # with more, one range over all stores mostly finds enough at once
MOST_READ = 3_000  # of that range
FEW_A_STORE = 5
_LAST = "\U0010ffff"
_EXACT_KINDS = (
    IdentityKind.MEMBER, IdentityKind.CARD, IdentityKind.EMAIL, IdentityKind.OPENID, IdentityKind.ACCOUNT,
)  # fmt: skip


@dataclass(frozen=True)
class Hit:
    """`matched`: what was found by; an exact hit may belong to a store that the viewer does not see otherwise."""

    customer_id: int
    matched: Literal["identifier", "last_digits", "name"]

    @property
    def is_exact(self) -> bool:
        return self.matched == "identifier"

    @property
    def public_id(self) -> str:
        return public_id("cus").encode(self.customer_id)


def find(viewer: Viewer, query: str, limit: int = 20) -> list[Hit]:
    """Customers for what was typed or scanned, best first: exact identifiers, then last digits, then names."""
    text = normalise.plain(query)
    if not text or limit < 1:
        return []
    limit = min(limit, MOST)
    hits = {customer_id: Hit(customer_id, "identifier") for customer_id in _by_identifier(text)}
    scope = viewer.scope()
    if len(hits) < limit and scope.store_ids != frozenset():
        for customer_id in _by_last_digits(text, scope, limit):
            hits.setdefault(customer_id, Hit(customer_id, "last_digits"))
        if not hits:
            hits = {customer_id: Hit(customer_id, "name") for customer_id in _by_name(text, scope, limit)}
    return list(hits.values())[:limit]


def _by_identifier(text: str) -> list[int]:
    """At most one customer an identifier; of the whole chain. Of a phone all that it may be is looked up."""
    if text.startswith("cus_"):
        row_id = Customer.row_id(text)
        return [row[0] for row in prepared.rows(_BY_ID, [row_id])] if row_id else []
    kinds, values = [], []
    for kind, value in _readings(text):
        kinds.append(kind)
        values.append(value)
    return [row[0] for row in prepared.rows(_BY_IDENTIFIER, [kinds, values])] if kinds else []


def _readings(text: str) -> list[tuple[str, str]]:
    """What the text may be, as identifiers. A name in Chinese is none."""
    readings = []
    if text.isascii():
        for kind in _EXACT_KINDS:
            if value := identities.normalised(kind.value, text):
                readings.append((kind.value, value))
        if sum(letter.isdigit() for letter in text) > LAST_DIGITS:
            phone = IdentityKind.PHONE.value
            readings += [(phone, value) for value in identities.readings(phone, text)]
    return readings


def _by_last_digits(text: str, scope: Scope, limit: int) -> list[int]:
    if len(text) != LAST_DIGITS or not text.isdecimal():
        return []
    tail = text[::-1]
    stores = None if scope.store_ids is None else sorted(scope.store_ids)
    return [row[0] for row in prepared.rows(_BY_LAST_DIGITS, [tail, tail + _LAST, stores, stores, limit])]


def _by_name(text: str, scope: Scope, limit: int) -> list[int]:
    """By the beginning of a search key. A customer may have several such keys, so a few more are read."""
    key = names.folded(text)
    if not key:
        return []
    reach = [key, key + _LAST]
    enough = limit * 3
    if scope.store_ids is None:
        rows = prepared.rows(_BY_NAME, [*reach, enough])
    elif len(scope.store_ids) < FEWEST_STORES_FOR_ONE_RANGE:
        rows = prepared.rows(_BY_NAME_IN_FEW, [sorted(scope.store_ids), *reach, enough, enough])
    else:
        stores = sorted(scope.store_ids)
        rows = prepared.rows(_BY_NAME_IN_MANY, [*reach, MOST_READ, stores, enough])
        if len(rows) < limit:  # a beginning that many have, and few of them here
            rows += prepared.rows(_BY_NAME_IN_FEW, [stores, *reach, FEW_A_STORE, enough])
    return list(dict.fromkeys(row[0] for row in rows))[:limit]


_BY_ID = """
SELECT coalesce(merged_into_id, id) FROM customers_customer WHERE id = %s
"""
_BY_IDENTIFIER = """
SELECT DISTINCT i.customer_id
FROM unnest(%s::text[], %s::text[]) AS wanted (kind, value)
JOIN customers_identity i ON i.kind = wanted.kind AND i.value = wanted.value
"""
# The store is asked of each of the few phones found; a join might begin with all customers of many stores.
_BY_LAST_DIGITS = """
SELECT i.customer_id FROM customers_identity i
WHERE i.kind = 'phone' AND reverse(i.value) >= %s::text AND reverse(i.value) < %s::text
  AND (
      %s::bigint[] IS NULL
      OR (SELECT c.home_store_id FROM customers_customer c WHERE c.id = i.customer_id) = ANY(%s::bigint[])
  )
LIMIT %s
"""
_BY_NAME = """
SELECT customer_id FROM customers_namekey WHERE key >= %s AND key < %s ORDER BY key, home_store_id, customer_id LIMIT %s
"""
_BY_NAME_IN_FEW = """
SELECT hit.customer_id
FROM unnest(%s::bigint[]) AS store (id)
CROSS JOIN LATERAL (
    SELECT key, customer_id FROM customers_namekey
    WHERE home_store_id = store.id AND key >= %s AND key < %s
    ORDER BY home_store_id, key, customer_id LIMIT %s
) AS hit
ORDER BY hit.key, hit.customer_id LIMIT %s
"""
_BY_NAME_IN_MANY = """
SELECT customer_id
FROM (
    SELECT customer_id, home_store_id FROM customers_namekey
    WHERE key >= %s AND key < %s ORDER BY key, home_store_id, customer_id LIMIT %s
) AS hit
WHERE home_store_id = ANY(%s::bigint[]) LIMIT %s
"""
