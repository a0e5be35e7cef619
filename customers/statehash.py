"""A hash of what the tables say, without row numbers and clocks of ours: equal states have equal hashes.

Used to prove that the order in which events arrive, the way they come in and who applies them do not matter, and
that nothing was lost or doubled after a kill. Read-only; scans everything.
"""

from hashlib import blake2b

from django.db import connection


def by_source() -> dict[str, str]:
    """One hash a source: its inbox, purchases with lines and payments, accepted returns."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_SOURCE)
        return dict(cursor.fetchall())


def shared() -> str:
    """What several sources add up to: customers with their identifiers, guest totals."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARED)
        return str(cursor.fetchone()[0])


def whole() -> str:
    """One hash for all."""
    parts = [*(f"{code} {value}" for code, value in sorted(by_source().items())), shared()]
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


# A customer is named by the smallest of their identifiers.
_PERSON = (
    "(SELECT min(i.kind || ':' || i.value) FROM customers_identity i WHERE i.customer_id = {}.customer_id)"
)
_BY_SOURCE = f"""
WITH said (source_id, line) AS (
    SELECT a.source_id, concat_ws('|', 'arrival', a.kind, a.external_id, encode(a.fingerprint, 'hex'), a.state,
        a.reason, of_source.code, a.of_external_id, store.code, {_PERSON.format("a")})
    FROM customers_arrival a
    LEFT JOIN org_store store ON store.id = a.store_id
    LEFT JOIN customers_source of_source ON of_source.id = a.of_source_id
UNION ALL
    SELECT p.source_id, concat_ws('|', 'purchase', p.external_id, {_PERSON.format("p")}, store.code, p.channel,
        p.business_date, extract(epoch FROM p.occurred_at), p.amount, p.discount, p.returned, p.staff_code)
    FROM customers_purchase p JOIN org_store store ON store.id = p.store_id
UNION ALL
    SELECT p.source_id, concat_ws('|', 'line', p.external_id, l.number, product.sku, l.quantity, l.amount, l.discount,
        l.returned_quantity, l.returned_amount)
    FROM customers_line l
    JOIN customers_purchase p ON p.id = l.purchase_id AND p.customer_id = l.customer_id
    JOIN customers_product product ON product.id = l.product_id
UNION ALL
    SELECT p.source_id, concat_ws('|', 'payment', p.external_id, m.number, m.method, m.amount)
    FROM customers_payment m JOIN customers_purchase p ON p.id = m.purchase_id AND p.customer_id = m.customer_id
UNION ALL
    SELECT r.source_id, concat_ws('|', 'return', r.external_id, p.external_id, {_PERSON.format("r")}, store.code,
        r.business_date, extract(epoch FROM r.occurred_at), r.amount)
    FROM customers_return r
    JOIN customers_purchase p ON p.id = r.purchase_id AND p.customer_id = r.customer_id
    JOIN org_store store ON store.id = r.store_id
UNION ALL
    SELECT r.source_id, concat_ws('|', 'returned', r.external_id, l.number, l.quantity, l.amount)
    FROM customers_returnline l JOIN customers_return r ON r.id = l.goods_return_id AND r.customer_id = l.customer_id
)
SELECT source.code, md5(string_agg(said.line, E'\\n' ORDER BY said.line))
FROM said JOIN customers_source source ON source.id = said.source_id GROUP BY source.code
"""  # noqa: S608
_SHARED = """
WITH said (line) AS (
    SELECT concat_ws('|', 'customer', people.names, c.is_stub, extract(epoch FROM c.first_seen_at), store.code)
    FROM customers_customer c
    JOIN (
        SELECT customer_id, string_agg(kind || ':' || value, ',' ORDER BY kind, value) AS names
        FROM customers_identity GROUP BY customer_id
    ) AS people ON people.customer_id = c.id
    LEFT JOIN org_store store ON store.id = c.home_store_id
UNION ALL
    SELECT concat_ws('|', 'nobody', count(*)) FROM customers_customer c
    WHERE merged_into_id IS NULL AND NOT EXISTS (SELECT FROM customers_identity i WHERE i.customer_id = c.id)
UNION ALL
    SELECT concat_ws('|', 'guests', store.code, g.business_date, g.channel, g.receipts, g.lines, g.amount, g.discount,
        g.returned)
    FROM customers_guestday g JOIN org_store store ON store.id = g.store_id
    WHERE g.receipts <> 0 OR g.returned <> 0
)
SELECT md5(coalesce(string_agg(line, E'\\n' ORDER BY line), '')) FROM said
"""
