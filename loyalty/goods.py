"""What is known of the goods in a basket: their category with all above it, and their brand. One statement."""

from collections.abc import Iterable
from typing import NamedTuple

from crm.lib import prepared

NONE: frozenset[int] = frozenset()


class Known(NamedTuple):
    product_id: int
    brand_id: int | None
    category_ids: frozenset[int]
    path: str  # of its category


def by_sku(skus: Iterable[str]) -> dict[str, Known]:
    """Goods that the catalogue does not know are not in the answer."""
    rows = prepared.rows(_KNOWN, [sorted(set(skus))])
    return {sku: Known(pk, brand, frozenset(above or ()), path) for sku, pk, brand, above, path in rows}


_KNOWN = """
SELECT p.sku, p.id, p.brand_id, (
    SELECT array_agg(a.id) FROM customers_category c
    JOIN customers_category a ON c.path = a.path OR starts_with(c.path, a.path || '/')
    WHERE c.id = p.category_id
), coalesce(own.path, '')
FROM customers_product p LEFT JOIN customers_category own ON own.id = p.category_id WHERE p.sku = ANY(%s)
"""
