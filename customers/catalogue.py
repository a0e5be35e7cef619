"""Loading the catalogue: what another system says is sold becomes categories, brands and products.

Set-based: the rows go through COPY into a staging table, then one statement a level of the tree, one for
brands and one for products. Loading the same rows again changes nothing; a stub that a receipt made becomes
a real product. Products that are not named stay as they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection, transaction


class CategoryStep(NamedTuple):
    """One node on the way from the root: a code that is unique below its parent, and the name people read."""

    code: str
    name: str


class ProductRow(NamedTuple):
    sku: str
    name: str
    category: tuple[CategoryStep, ...] = ()
    brand: str = ""
    size: str = ""


@dataclass(frozen=True)
class Loaded:
    """Rows that were added or changed; zeros mean that everything was known already."""

    categories: int
    brands: int
    products: int


@transaction.atomic
def load_products(rows: Iterable[ProductRow]) -> Loaded:
    """Add or update products by their SKU, with their brands and the categories on their path."""
    with connection.cursor() as cursor:
        nodes = _stage(cursor, rows)
        categories = _load_categories(cursor, nodes)
        cursor.execute(_BRANDS)
        brands = cursor.rowcount
        cursor.execute(_PRODUCTS)
        products = cursor.rowcount
        cursor.execute("DROP TABLE staged_product")
    return Loaded(categories, brands, products)


def _stage(cursor: Any, rows: Iterable[ProductRow]) -> dict[str, CategoryStep]:
    """COPY the rows; returns the category nodes by path."""
    nodes: dict[str, CategoryStep] = {}
    cursor.execute(_STAGING)
    with cursor.copy("COPY staged_product FROM STDIN") as copy:
        for row in rows:
            path = ""
            for step in row.category:
                path = f"{path}/{step.code}" if path else step.code
                nodes.setdefault(path, step)
            copy.write_row((row.sku, row.name[:200], path or None, row.brand or None, row.size[:40]))
    return nodes


def _load_categories(cursor: Any, nodes: dict[str, CategoryStep]) -> int:
    changed = 0
    for depth in sorted({path.count("/") for path in nodes}):
        level = [path for path in nodes if path.count("/") == depth]
        parents = [path.rpartition("/")[0] or None for path in level]
        cursor.execute(_CATEGORIES, [level, [nodes[path].name for path in level], parents])
        changed += cursor.rowcount
    return changed


_STAGING = """
CREATE TEMPORARY TABLE staged_product (
    sku text COLLATE "C" NOT NULL, name text NOT NULL, path text COLLATE "C", brand text, size text NOT NULL
) ON COMMIT DROP
"""

_CATEGORIES = """
INSERT INTO customers_category AS kept (path, name, parent_id)
SELECT node.path, node.name, parent.id
FROM unnest(%s::text[], %s::text[], %s::text[]) AS node (path, name, parent)
LEFT JOIN customers_category parent ON parent.path = node.parent
ON CONFLICT (path) DO UPDATE SET name = excluded.name WHERE kept.name <> excluded.name
"""

_BRANDS = """
INSERT INTO customers_brand (name)
SELECT DISTINCT brand FROM staged_product WHERE brand IS NOT NULL
EXCEPT SELECT name FROM customers_brand
ON CONFLICT (name) DO NOTHING
"""

# Of several rows of one SKU the largest is taken, so that any order of rows ends the same.
_PRODUCTS = """
INSERT INTO customers_product AS kept (sku, name, category_id, brand_id, size, is_stub)
SELECT DISTINCT ON (staged.sku) staged.sku, staged.name, category.id, brand.id, staged.size, false
FROM staged_product staged
LEFT JOIN customers_category category ON category.path = staged.path
LEFT JOIN customers_brand brand ON brand.name = staged.brand
ORDER BY staged.sku, staged.name DESC, category.id DESC, brand.id DESC, staged.size DESC
ON CONFLICT (sku) DO UPDATE
SET name = excluded.name, category_id = excluded.category_id, brand_id = excluded.brand_id,
    size = excluded.size, is_stub = false
WHERE (kept.name, kept.category_id, kept.brand_id, kept.size, kept.is_stub)
    IS DISTINCT FROM (excluded.name, excluded.category_id, excluded.brand_id, excluded.size, false)
"""
