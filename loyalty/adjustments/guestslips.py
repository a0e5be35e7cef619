"""Receipts of guests, as the inbox keeps them: what somebody shows at the Counter whose till had not known them."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from crm.org.models import Store
from customers.receiving import events


class Slip(NamedTuple):
    """The business date of a receipt, and how much of it is kept, in cents."""

    on: date
    left: int


def find(store: Store, number: str) -> Slip | None:
    """A guest's receipt of this store, whatever its letters' case and whichever system told it; the last one."""
    plain = number.strip()
    with connection.cursor() as cur:
        cur.execute(_FIND, {"store": store.pk, "numbers": sorted({plain, plain.upper(), plain.lower()})})
        found = cur.fetchone()
        if found is None:
            return None
        source, external_id, at, raw = found
        _channel, lines = events.kept_receipt(raw.encode())
        cur.execute(_BACK, [source, external_id])
        back = sum(events.kept_return(one.encode()).cents for (one,) in cur.fetchall())
    return Slip(at.astimezone(store.zone).date(), sum(line.cents for line in lines) - back)


def keys(cur: Any, receipts: Sequence[tuple[int, str]]) -> list[str]:
    """As `MissedReceipt` knows them."""
    cur.execute(_KEYS, [[source for source, _number in receipts], [number for _source, number in receipts]])
    return [key for (key,) in cur.fetchall()]


# By key: every system of the chain is asked.
_FIND = """
SELECT a.source_id, a.external_id, (a.raw ->> 'occurred_at')::timestamptz, a.raw::text
FROM customers_arrival a
WHERE a.source_id = ANY(ARRAY(SELECT id FROM customers_source)) AND a.external_id = ANY(%(numbers)s::text[])
    AND a.kind = 1 AND a.state = 1 AND a.customer_id IS NULL AND a.store_id = %(store)s AND a.raw IS NOT NULL
ORDER BY a.id DESC LIMIT 1
"""
_BACK = """
SELECT raw::text FROM customers_arrival
WHERE kind = 2 AND of_source_id = %s AND of_external_id = %s AND state = 1
"""
_KEYS = """
SELECT a.store_id || ':' || upper(btrim(a.external_id))
FROM unnest(%s::smallint[], %s::text[]) AS asked (source_id, external_id)
JOIN customers_arrival a ON a.source_id = asked.source_id AND a.external_id = asked.external_id AND a.kind = 1
"""
