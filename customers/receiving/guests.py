"""Receipts of nobody we know: totals by store, day and channel."""

from collections.abc import Mapping
from typing import Any, NamedTuple

GuestKey = tuple[int, Any, int]  # (store id, business date, channel)


class GuestTotals(NamedTuple):
    receipts: int = 0
    lines: int = 0
    cents: int = 0
    discount: int = 0
    returned: int = 0

    def plus(self, other: "GuestTotals") -> "GuestTotals":
        return GuestTotals(*(a + b for a, b in zip(self, other, strict=True)))


Totals = dict[GuestKey, GuestTotals]


def merge(totals: Totals, more: Mapping[GuestKey, GuestTotals]) -> Totals:
    """Add `more` into `totals`."""
    for key, total in more.items():
        totals[key] = totals.get(key, GuestTotals()).plus(total)
    return totals


def add(cursor: Any, totals: Mapping[GuestKey, GuestTotals]) -> None:
    """Add to the totals, in the order of their key so that two appliers never wait in a circle."""
    changes = [(key, totals[key]) for key in sorted(totals) if any(totals[key])]
    if not changes:
        return
    keys = [key for key, _ in changes]
    sums = [total for _, total in changes]
    columns = [list(column) for column in zip(*keys, strict=True)] + [
        list(c) for c in zip(*sums, strict=True)
    ]
    cursor.execute(_ADD, columns)


_ADD = """
INSERT INTO customers_guestday AS day (store_id, business_date, channel, receipts, lines, amount, discount, returned)
SELECT store_id, business_date, channel, receipts, lines, amount / 100.0, discount / 100.0, returned / 100.0
FROM (
    SELECT * FROM unnest(
        %s::bigint[], %s::date[], %s::smallint[], %s::int[], %s::int[], %s::numeric[], %s::numeric[], %s::numeric[]
    ) AS more (store_id, business_date, channel, receipts, lines, amount, discount, returned)
    ORDER BY store_id, business_date, channel
) AS more
ON CONFLICT (store_id, business_date, channel) DO UPDATE SET
    receipts = day.receipts + excluded.receipts, lines = day.lines + excluded.lines,
    amount = day.amount + excluded.amount, discount = day.discount + excluded.discount,
    returned = day.returned + excluded.returned
"""
