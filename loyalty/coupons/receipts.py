"""What receipts and returns do to uses of coupons.

A use whose checkout became a receipt is linked to it, whichever was known first. When all goods of a receipt were
brought back, what it used is given back; where a coupon is told of after that, at once (`using.redeem`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from customers.receiving.followers import Changed, Follower, register
from loyalty.coupons import uses, using
from loyalty.ledger import Cause

BY = using.RETURNS


def fill() -> None:
    register(Follower("coupons", now=follow, later=note))


def follow(cur: Any, changed: Sequence[Changed], by: Any = BY) -> Mapping[str, Any]:
    """Link, and give back. Runs in the transaction of the receipt, and asks for each customer by name."""
    for customer in sorted({one.customer_id for one in changed}):
        purchases = [one.purchase_id for one in changed if one.customer_id == customer]
        _follow(cur, {"customer": customer, "purchases": purchases}, "= %(customer)s", by)
    return {}


def note(cur: Any, changed: Sequence[Changed]) -> None:
    """The same where many come together: most of them used nothing."""
    ids = {
        "customers": sorted({one.customer_id for one in changed}),
        "purchases": [one.purchase_id for one in changed],
    }
    _follow(cur, ids, "= ANY(%(customers)s::bigint[])", BY)


def _follow(cur: Any, ids: dict[str, Any], whose: str, by: Any) -> None:
    cur.execute(LINK.format(whose=whose), ids)
    cur.execute(RETURNED.format(whose=whose), ids)
    for customer, use, purchase in cur.fetchall():
        using.reverse(customer, use, Cause(f"return:{purchase}", timezone.now(), by))


LINK = """
UPDATE loyalty_couponuse u SET purchase_id = p.id
FROM customers_purchase p, customers_source s
WHERE p.customer_id {whose} AND p.id = ANY(%(purchases)s::bigint[])
    AND u.customer_id {whose} AND u.customer_id = p.customer_id AND u.purchase_id IS NULL
    AND s.id = p.source_id
    AND u.source = s.code || '/' || p.external_id
"""
RETURNED = f"""
SELECT u.customer_id, u.id, p.id
FROM customers_purchase p
JOIN loyalty_couponuse u ON u.customer_id = p.customer_id AND u.purchase_id = p.id
WHERE p.customer_id {{whose}} AND p.id = ANY(%(purchases)s::bigint[])
    AND u.customer_id {{whose}} AND u.redeemed_at IS NOT NULL AND u.reversed_at IS NULL
    AND {uses.ALL_BACK}
ORDER BY u.definition_id, u.id
"""  # noqa: S608  our own words
