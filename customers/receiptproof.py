"""Proof of what receiving promises and the database does not enforce: no row without its parent, all sums right.

`faults()` names what is broken; `verify_state` runs it. Reads everything.
"""

from collections.abc import Iterator

from django.db import connection

NAMED_MOST = 20


def faults() -> Iterator[str]:
    """A sentence for each broken row, at most NAMED_MOST of a kind."""
    with connection.cursor() as cursor:
        for what, query in _QUERIES.items():
            cursor.execute(f"{query} LIMIT {NAMED_MOST}")
            for row in cursor.fetchall():
                yield f"{what}: {', '.join(map(str, row))}"


_QUERIES = {
    "line without its purchase (purchase, number)": """
        SELECT l.purchase_id, l.number FROM customers_line l
        LEFT JOIN customers_purchase p ON p.id = l.purchase_id AND p.customer_id = l.customer_id WHERE p.id IS NULL""",
    "line without its product (purchase, number)": """
        SELECT l.purchase_id, l.number FROM customers_line l
        LEFT JOIN customers_product product ON product.id = l.product_id WHERE product.id IS NULL""",
    "payment without its purchase (purchase, number)": """
        SELECT m.purchase_id, m.number FROM customers_payment m
        LEFT JOIN customers_purchase p ON p.id = m.purchase_id AND p.customer_id = m.customer_id WHERE p.id IS NULL""",
    "return without its purchase (return)": """
        SELECT r.id FROM customers_return r
        LEFT JOIN customers_purchase p ON p.id = r.purchase_id AND p.customer_id = r.customer_id WHERE p.id IS NULL""",
    "returned line without its return (return, number)": """
        SELECT l.goods_return_id, l.number FROM customers_returnline l
        LEFT JOIN customers_return r ON r.id = l.goods_return_id AND r.customer_id = l.customer_id
        WHERE r.id IS NULL""",
    "purchase without its store (purchase)": """
        SELECT p.id FROM customers_purchase p
        LEFT JOIN org_store store ON store.id = p.store_id WHERE store.id IS NULL""",
    "purchase of a merged customer (purchase)": """
        SELECT p.id FROM customers_purchase p
        JOIN customers_customer c ON c.id = p.customer_id WHERE c.merged_into_id IS NOT NULL""",
    "purchase whose lines do not add up (purchase)": """
        SELECT p.id FROM customers_purchase p
        JOIN customers_line l ON l.purchase_id = p.id AND l.customer_id = p.customer_id
        GROUP BY p.id, p.customer_id, p.amount, p.discount, p.returned
        HAVING (sum(l.amount), sum(l.discount), sum(l.returned_amount)) <> (p.amount, p.discount, p.returned)""",
    "purchase whose accepted returns do not add up (purchase)": """
        SELECT p.id FROM customers_purchase p
        LEFT JOIN customers_return r ON r.purchase_id = p.id AND r.customer_id = p.customer_id
        WHERE p.returned <> 0 OR r.id IS NOT NULL
        GROUP BY p.id, p.customer_id, p.returned HAVING coalesce(sum(r.amount), 0) <> p.returned""",
    "receipt in the inbox without its purchase (source, external id)": """
        SELECT a.source_id, a.external_id FROM customers_arrival a
        LEFT JOIN customers_purchase p ON p.id = a.purchase_id AND p.customer_id = a.customer_id
        WHERE a.kind = 1 AND a.state = 1 AND a.customer_id IS NOT NULL AND p.id IS NULL""",
}
