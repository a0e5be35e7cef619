"""What personas are computed from: visits and lines of some customers, and the catalogue.

Of few customers they are read by the customer. Of most of them that would be a reading of each row on its own: then
they are taken from the histories, which read every table once.
"""

from datetime import date
from typing import Any

import numpy as np

from crm.lib.arrays import array_text
from crm.lib.copy import DATE, INT4, INT8, read_all, read_packed
from crm.lib.spells import IDS
from crm.lib.statements import Statement
from customers import consents
from customers.histories import Part
from customers.persona.measures import Goods, Lines, Visits

_VISITS = """
SELECT p.customer_id, p.business_date, extract(hour FROM p.occurred_at AT TIME ZONE s.timezone)::int, p.channel::int,
       ((p.amount - p.returned) * 100)::bigint
FROM customers_purchase p JOIN org_store s ON s.id = p.store_id
WHERE p.customer_id = ANY(%(ids)s) AND (p.returned = 0 OR p.returned < p.amount)
"""
_VISIT_TYPES = {"customer": INT8, "day": DATE, "hour": INT4, "channel": INT4, "cents": INT8}
# What a line's discount comes to for the part that was kept is worked out here: the kept share may be of any fineness.
_LINES = """
SELECT l.customer_id, p.business_date, l.product_id, ((l.amount - l.returned_amount) * 100)::bigint,
       round(l.discount * 100 * (l.quantity - l.returned_quantity) / l.quantity)::bigint
FROM customers_purchase p JOIN customers_line l ON l.customer_id = p.customer_id AND l.purchase_id = p.id
WHERE p.customer_id = ANY(%(ids)s) AND (p.returned = 0 OR p.returned < p.amount)
  AND p.business_date <= %(on)s AND l.returned_quantity < l.quantity
"""
_LINE_TYPES = {"customer": INT8, "day": DATE, "product": INT8, "cents": INT8, "discount": INT8}
_BUYERS = """
SELECT customer_id FROM customers_purchasestate WHERE customer_id >= %(low)s AND customer_id < %(high)s
"""
_UNPROFILED = f"""
SELECT c.id FROM customers_customer c WHERE c.id = ANY(%(ids)s) AND c.erased_at IS NOT NULL
UNION ALL
SELECT c.id FROM customers_customer c
WHERE c.id = ANY(%(ids)s) AND c.erased_at IS NULL AND {consents.refusal(None, "profiling")}
"""  # noqa: S608  our own names and numbers
_example = {"ids": IDS, "on": date(2026, 3, 10), "low": 1, "high": 250_001}
STATEMENTS = [
    Statement("persona.visits", _VISITS, _example),
    Statement("persona.lines", _LINES, _example),
    Statement("persona.unprofiled", _UNPROFILED, _example),
    Statement("persona.buyers", _BUYERS, _example),
]

_CATEGORIES = "SELECT id, coalesce(parent_id, 0) FROM customers_category"
_PRODUCTS = """
SELECT p.id, coalesce(p.category_id, 0), coalesce(p.brand_id, 0), coalesce(r.level, 0)
FROM customers_product p LEFT JOIN customers_productprice r ON r.product_id = p.id
"""
_PRODUCT_TYPES = {"id": INT8, "category": INT8, "brand": INT8, "level": INT4}


def visits(cursor: Any, ids: Any) -> tuple[Any, Visits]:
    """Customers and visits, those of the future too: `ids[visits.place]` is whose they are. `ids` are sorted."""
    found = read_packed(cursor, _VISITS, _VISIT_TYPES, {"ids": array_text(ids)})
    customer = found.pop("customer")
    return customer, Visits(place=np.searchsorted(ids, customer), **found)


def lines(cursor: Any, ids: Any, on: date) -> Lines:
    """The lines until a date."""
    found = read_packed(cursor, _LINES, _LINE_TYPES, {"ids": array_text(ids), "on": on})
    return Lines(place=np.searchsorted(ids, found.pop("customer")), **found)


def of_part(part: Part, ids: Any) -> tuple[Any, Visits, Lines]:
    """Of a part of the histories: buyers among `ids` (sorted), their visits and lines; `place` is that of the buyer."""
    is_asked = np.isin(part.customer, ids, assume_unique=True)
    place = np.cumsum(is_asked) - 1
    owner = part.owner
    receipt = is_asked[owner]
    line = receipt[part.line_receipt]
    of_line = part.line_receipt[line]
    visits = Visits(
        place=place[owner[receipt]], day=part.receipt_day[receipt].astype(np.int64),
        hour=part.receipt_hour[receipt].astype(np.int64), channel=part.receipt_channel[receipt].astype(np.int64),
        cents=part.receipt_cents[receipt],
    )  # fmt: skip
    lines = Lines(
        place=place[owner[of_line]], day=part.receipt_day[of_line].astype(np.int64),
        product=part.line_product[line].astype(np.int64), cents=part.line_cents[line],
        discount=part.line_kept_discount[line],
    )  # fmt: skip
    return part.customer[is_asked], visits, lines


def unprofiled(cursor: Any, ids: Any) -> Any:
    """Those of `ids` of whom no profile is kept: erased, or asked about one and without a yes that holds."""
    return np.sort(read_packed(cursor, _UNPROFILED, {"id": INT8}, {"ids": array_text(ids)})["id"])


def buyers(cursor: Any, low: int, high: int) -> Any:
    """Those who ever bought, of a range."""
    found = read_packed(cursor, _BUYERS, {"customer": INT8}, {"low": low, "high": high})
    return np.sort(found["customer"])


def goods(cursor: Any) -> Goods:
    """The catalogue. Favourites look at the second step of the tree, a department's categories; refills at the leaf."""
    tree = read_all(cursor, _CATEGORIES, {"id": INT8, "parent": INT8})
    parent = _lookup(tree["id"], tree["parent"])
    products = read_all(cursor, _PRODUCTS, _PRODUCT_TYPES)
    kind = _lookup(products["id"], products["category"])
    second = np.arange(len(parent))
    while (deep := parent[parent[second]] != 0).any():
        second = np.where(deep, parent[second], second)
    category, brand = second[kind], _lookup(products["id"], products["brand"])
    return Goods(
        category, kind, brand, _lookup(products["id"], products["level"]), _choices(parent, category, brand)
    )


def _lookup(ids: Any, values: Any) -> Any:
    table = np.zeros(int(ids.max(initial=0)) + 1, dtype=np.int64)
    table[ids] = values
    return table


def _choices(parent: Any, category: Any, brand: Any) -> Any:
    """By category: does it have two brands at least?"""
    width = int(brand.max(initial=0)) + 1
    pairs = np.unique((category * width + brand)[(category != 0) & (brand != 0)])
    return np.bincount(pairs // width, minlength=len(parent)) >= 2
