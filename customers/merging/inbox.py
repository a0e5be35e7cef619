"""The inbox follows the purchases: it says whose a receipt was, so that it is answered the same when it comes again.

It has no index on the customer: it is reached through the purchases, which still are the giver's.
"""

from collections.abc import Iterable
from typing import Any

from customers.merging.moves import Way


def follow(cur: Any, way: Way, purchase_ids: Iterable[int] | None = None) -> None:
    """Receipts and returns of these purchases of the giver (None: of all) are the taker's from now on."""
    which, ids = ("", []) if purchase_ids is None else ("AND p.id = ANY(%s::bigint[])", [list(purchase_ids)])
    cur.execute(_RECEIPTS + which, [way.taker, way.giver, way.giver, *ids])
    cur.execute(_RETURNS + which, [way.taker, way.giver, way.giver, *ids])


_RECEIPTS = """
UPDATE customers_arrival a SET customer_id = %s
FROM customers_purchase p
WHERE p.customer_id = %s AND a.source_id = p.source_id AND a.external_id = p.external_id AND a.kind = 1
  AND a.customer_id = %s
"""
_RETURNS = """
UPDATE customers_arrival a SET customer_id = %s
FROM customers_purchase p
WHERE p.customer_id = %s AND a.of_source_id = p.source_id AND a.of_external_id = p.external_id AND a.kind = 2
  AND a.customer_id = %s
"""
