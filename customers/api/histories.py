"""A customer's receipts with lines and payments, one statement a page."""

from datetime import date
from typing import Any

import msgspec

from crm.lib import prepared
from crm.org.models import public_id

# The inner select walks the index (customer, business_date) backwards and stops; only its rows are put together.
_PAGE = """
SELECT purchase.id, purchase.business_date, json_build_object(
    'source', (SELECT code FROM customers_source WHERE id = purchase.source_id),
    'external_id', purchase.external_id,
    'store', (SELECT code FROM org_store WHERE id = purchase.store_id),
    'channel', CASE purchase.channel WHEN 1 THEN 'store' ELSE 'online' END,
    'occurred_at', purchase.occurred_at,
    'recorded_at', purchase.recorded_at,
    'business_date', purchase.business_date,
    'amount', purchase.amount::text,
    'discount', purchase.discount::text,
    'returned', purchase.returned::text,
    'staff', purchase.staff_code,
    'lines', (
        SELECT coalesce(json_agg(json_build_object(
            'line', line.number, 'product', product.sku, 'name', product.name,
            'quantity', trim_scale(line.quantity)::text, 'amount', line.amount::text, 'discount', line.discount::text,
            'returned_quantity', trim_scale(line.returned_quantity)::text,
            'returned_amount', line.returned_amount::text
        ) ORDER BY line.number), '[]')
        FROM customers_line line JOIN customers_product product ON product.id = line.product_id
        WHERE line.customer_id = %(customer)s AND line.purchase_id = purchase.id
    ),
    'payments', (
        SELECT coalesce(json_agg(json_build_object('method', payment.method, 'amount', payment.amount::text)
            ORDER BY payment.number), '[]')
        FROM customers_payment payment
        WHERE payment.customer_id = %(customer)s AND payment.purchase_id = purchase.id
    )
)::text
FROM (
    SELECT * FROM customers_purchase
    WHERE customer_id = %(customer)s AND (business_date, id) < (%(day)s::date, %(id)s::bigint)
    ORDER BY business_date DESC, id DESC LIMIT %(rows)s
) purchase
ORDER BY purchase.business_date DESC, purchase.id DESC
"""
_AFTER_ALL = (date.max, 2**62)
Key = tuple[date, int]


def receipts(customer_id: int, *, before: Key | None, limit: int) -> tuple[list[msgspec.Raw], Key | None]:
    """The customer's receipts, newest business date first, and the key of the last one when there are more."""
    day, number = before or _AFTER_ALL
    asked = {"customer": customer_id, "day": day, "id": number, "rows": limit + 1}
    found = prepared.rows(_PAGE, asked)
    encode = public_id("rcp").encode
    shown = [_with_id(encode(row[0]), row[2]) for row in found[:limit]]
    return shown, (found[limit - 1][1], found[limit - 1][0]) if len(found) > limit else None


def _with_id(public: str, json: str) -> Any:
    return msgspec.Raw(f'{{"id":"{public}",{json[1:]}'.encode())
