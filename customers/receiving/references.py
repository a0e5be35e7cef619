"""Codes to rows: sources, stores, products. What is not known yet becomes a stub, where that is allowed.

Stubs are committed with the event that named them. Sorted inserts with ON CONFLICT, so that two appliers that name
the same new products wait for each other at most once and never in a circle.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault
from crm.org.models import Chain
from customers.models import MOST_SOURCES, Source
from customers.receiving.database import TEXTS, packed
from customers.receiving.refusals import TooManySources

MOST_OF_ONE_SENDER = 10_000  # new sources by one key or person: three that go wrong leave room for the others


class StoreRef(NamedTuple):
    id: int
    zone: ZoneInfo


def sources(cursor: Any, codes: Iterable[str], *, by: Any, make: bool = True) -> dict[str, int]:
    """Source ids by code; new sources are made, or (`make=False`, for a dry run) get numbers that no row has.

    Raises TooManySources, and then has made none.
    """
    wanted = sorted(set(codes))
    found = known_sources(cursor, wanted)
    missing = [code for code in wanted if code not in found]
    if missing and make:
        last = Source.last_number(cursor)
        found = known_sources(cursor, wanted)  # somebody else may have made them while we waited for the lock
        missing = [code for code in wanted if code not in found]
        _check_room(cursor, missing, trail.actor_name(by))
        cursor.execute(_ADD_SOURCES, [last, trail.actor_name(by), missing])
        found = known_sources(cursor, wanted)
    elif missing:
        _check_room(cursor, missing, trail.actor_name(by))
        found |= {code: -place for place, code in enumerate(missing, start=1)}
    return found


def known_sources(cursor: Any, codes: Iterable[str]) -> dict[str, int]:
    return _ids(cursor, _FIND_SOURCES, sorted(set(codes)))


def _check_room(cursor: Any, missing: list[str], by: str) -> None:
    cursor.execute("SELECT count(*), count(*) FILTER (WHERE created_by = %s) FROM customers_source", [by])
    of_all, of_one = cursor.fetchone()
    for used, most in ((of_one, MOST_OF_ONE_SENDER), (of_all, MOST_SOURCES)):
        if missing and used + len(missing) > most:
            sentence = too_many(most, missing[0])
            raise TooManySources(sentence, faults=(Fault("/source", sentence),))


def too_many(most: int, example: str) -> str:
    return _(
        "More than %(n)d different sources, for instance “%(code)s”. A source is a till or a system, not a receipt."
    ) % {"n": most, "code": example}


def stores(cursor: Any, codes: Iterable[str], *, make_stubs: bool) -> dict[str, StoreRef]:
    """Stores by code. A stub has its code for a name and the chain's time zone."""
    wanted = sorted(set(codes))
    found = _stores(cursor, wanted)
    missing = [code for code in wanted if code not in found]
    if missing and make_stubs:
        cursor.execute(_ADD_STORES, [Chain.current().timezone, missing])
        found = _stores(cursor, wanted)
    return found


def products(cursor: Any, skus: Iterable[str], *, make_stubs: bool = True) -> dict[str, int]:
    """Product ids by SKU; new products are made as stubs."""
    wanted = sorted(set(skus))
    found = _ids(cursor, _FIND_PRODUCTS, wanted)
    missing = [sku for sku in wanted if sku not in found]
    if missing and make_stubs:
        cursor.execute(_ADD_PRODUCTS, [packed(missing)])
        found |= _ids(cursor, _FIND_PRODUCTS, missing)
    return found


def _ids(cursor: Any, query: str, codes: list[str]) -> dict[str, int]:
    cursor.execute(query, [packed(codes)])
    return dict(cursor.fetchall())


def _stores(cursor: Any, codes: list[str]) -> dict[str, StoreRef]:
    cursor.execute("SELECT code, id, timezone FROM org_store WHERE code = ANY(%s)", [codes])
    return {code: StoreRef(row_id, ZoneInfo(zone)) for code, row_id, zone in cursor.fetchall()}


_FIND_SOURCES = f"SELECT code, id FROM customers_source WHERE code = ANY({TEXTS})"  # noqa: S608
_ADD_SOURCES = """
INSERT INTO customers_source (id, code, created_by)
SELECT %s::int + place, code, %s FROM unnest(%s::text[]) WITH ORDINALITY AS new (code, place)
"""
_ADD_STORES = """
INSERT INTO org_store (code, name, timezone, opening_hours, is_online, is_stub, is_active)
SELECT code, code, %s, '{}', false, true, true FROM unnest(%s::text[]) AS new (code) ORDER BY code
ON CONFLICT (code) DO NOTHING
"""
_FIND_PRODUCTS = f"SELECT sku, id FROM customers_product WHERE sku = ANY({TEXTS})"  # noqa: S608
_ADD_PRODUCTS = f"""
INSERT INTO customers_product (sku, name, size, is_stub)
SELECT sku, sku, '', true FROM unnest({TEXTS}) AS new (sku) ORDER BY sku COLLATE "C"
ON CONFLICT (sku) DO NOTHING
"""  # noqa: S608
