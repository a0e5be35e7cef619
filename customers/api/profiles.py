"""Reading customers for the API: one statement a question, the JSON put together by the database.

Every part names the customer by value (`%(id)s`), not through the outer row: so the planner sees that one statement
stays with one customer. An identifier, placed by its value, is looked up in a statement of its own.

A profile joins what the apps above offer (`slots`). Ids are made public on the way out, because the database does not
know the chain's key.
"""

from functools import lru_cache
from typing import Any, Literal

import msgspec

from crm.lib import prepared
from crm.org.models import public_id
from crm.org.scope import Viewer
from customers import present, serving
from customers.api import slots
from customers.api.shapes import profile_shape

# Field of the answer to an expression over our own columns; nothing here comes from a caller.
_FULL = {
    "name": "customer.name",
    "home_store": "(SELECT code FROM org_store WHERE id = customer.home_store_id)",
    "is_stub": "customer.is_stub",
    "enrolled_at": "customer.enrolled_at",
    "gender": "customer.gender",
    "birthday": "customer.birthday",
    "age_band": "customer.age_band",
    "income_band": "customer.income_band",
    "occupation": "customer.occupation",
    "household_size": "customer.household_size",
    "household": "customer.household",
    "household_code": "customer.household_code",
    "language": "customer.language",
    "address": "customer.address",
    "updated_at": "customer.updated_at",
    # What other roles than a key's may see has no roles here: keys see all fields that are in use.
    "custom": (
        "(SELECT coalesce(jsonb_object_agg(field.code, customer.custom -> field.code), '{}')"
        " FROM customers_customfield field WHERE field.archived_at IS NULL AND customer.custom ? field.code)"
    ),
    "identities": (
        "(SELECT coalesce(json_agg(json_build_object('kind', kind, 'value', value, 'is_primary', is_primary)"
        " ORDER BY kind, id), '[]') FROM customers_identity WHERE customer_id = %(id)s)"
    ),
    "tags": (
        "(SELECT coalesce(json_agg(tag.name ORDER BY tag.name), '[]') FROM customers_customertag held"
        " JOIN customers_tag tag ON tag.id = held.tag_id WHERE held.customer_id = %(id)s)"
    ),
    "purchases": (
        "(SELECT json_build_object('count', count(*), 'spent', sum(amount - returned)::text,"
        " 'first_on', min(business_date), 'last_on', max(business_date)) FROM customers_purchase"
        " WHERE customer_id = %(id)s AND (returned = 0 OR returned < amount) HAVING count(*) > 0)"
    ),
    "lifecycle": (
        "(SELECT json_build_object('since', spell.began_on, 'stage',"
        " (ARRAY['potential', 'new', 'active', 'dormant', 'lost', 'won_back'])[spell.stage])"
        " FROM customers_lifecycle spell, customers_publishednight published"
        " WHERE spell.customer_id = %(id)s AND spell.night_id <= published.night_id"
        " AND (spell.ended_night IS NULL OR spell.ended_night > published.night_id) LIMIT 1)"
    ),
}
_SERVING = {name: _FULL[name] for name in serving.FIELDS}
# What `visible_to` says, for statements that are planned once.
_VISIBLE = "(%(stores)s::bigint[] IS NULL OR customer.home_store_id = ANY(%(stores)s::bigint[]))"

_WHOSE = "SELECT customer_id FROM customers_identity WHERE kind = %s AND value = %s"
_LIVING = "FROM customers_customer customer WHERE customer.id = %(id)s AND customer.merged_into_id IS NULL"
_ERASED = "customer.erased_at IS NOT NULL"
_VISIBLE_LIVING = f"{_LIVING} AND {_VISIBLE}"
_SIGNPOST = "SELECT merged_into_id FROM customers_customer WHERE id = %s AND merged_into_id IS NOT NULL"


def find(kind: str, value: str, viewer: Viewer) -> msgspec.Raw | None:
    """The customer with exactly this (normalised) identifier, wherever they belong: a member is the chain's.

    Out of the viewer's scope the answer is what serving them takes, not what would be worth collecting; its `scope`
    says which of the two it is.
    """
    whose = prepared.row(_WHOSE, [kind, value])
    found = _read(_finding(), whose[0], viewer) if whose else None
    return _with_id(*found) if found else None


def get(customer_id: int, viewer: Viewer) -> msgspec.Raw | None:
    """The profile of a customer in the viewer's scope. One who was merged into another is answered by the other.

    Raises Erased.
    """
    found = _there(_read(_getting(), customer_id, viewer))
    return _with_id(*found) if found else None


def visible_id(customer_id: int, viewer: Viewer) -> int | None:
    """The customer's row number, or that of whom they were merged into, when the viewer may see it. Raises Erased."""
    found = _there(_read(f"SELECT customer.id, {_ERASED} {_VISIBLE_LIVING}", customer_id, viewer))
    return int(found[0]) if found else None


def _there(found: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if found and found[-1]:
        raise present.Erased
    return found and found[:-1]


def _read(sql: str, customer_id: int, viewer: Viewer) -> tuple[Any, ...] | None:
    """The statement's row for a customer, or for whom they were merged into."""
    stores = _stores(viewer)
    found = prepared.row(sql, {"stores": stores, "id": customer_id})
    while found is None and (signpost := prepared.row(_SIGNPOST, [customer_id])):
        customer_id = signpost[0]
        found = prepared.row(sql, {"stores": stores, "id": customer_id})
    return found


@lru_cache(maxsize=1)
def shape() -> Any:
    """The full profile's shape, with the parts of the other apps."""
    return profile_shape({part.name: part.shape for part in slots.parts()})


@lru_cache(maxsize=1)
def _finding() -> str:
    seen = f"CASE WHEN {_VISIBLE} THEN {_full()} ELSE {_object('serving', _SERVING)} END::text"
    return f"SELECT customer.id, {seen} {_LIVING}"


@lru_cache(maxsize=1)
def _getting() -> str:
    return f"SELECT customer.id, {_full()}::text, {_ERASED} {_VISIBLE_LIVING}"


def _full() -> str:
    return _object("full", _FULL | {part.name: part.sql for part in slots.parts()})


def _object(scope: Literal["full", "serving"], fields: dict[str, str]) -> str:
    pairs = ", ".join(f"'{name}', {expression}" for name, expression in fields.items())
    return f"json_build_object('scope', '{scope}', {pairs})"


def _stores(viewer: Viewer) -> list[int] | None:
    stores = viewer.scope().store_ids
    return None if stores is None else sorted(stores)


def _with_id(number: int, json: str) -> msgspec.Raw:
    return msgspec.Raw(f'{{"id":"{public_id("cus").encode(number)}",{json[1:]}'.encode())
