"""Codes follow their coupons when customers are merged, and when a merge is undone."""

from typing import Any

from customers.merging.followers import Joined


def merged(cur: Any, joined: Joined) -> None:
    cur.execute(
        "UPDATE loyalty_couponcode SET customer_id = %s WHERE customer_id = %s",
        [joined.survivor, joined.loser],
    )
    _follow_due(cur, joined)


def unmerged(cur: Any, joined: Joined, _memo: Any) -> None:
    """What the two have now says whose each code is: what came since the merge may have gone either way."""
    cur.execute("SELECT id FROM loyalty_coupon WHERE customer_id = %s", [joined.loser])
    ids = [row[0] for row in cur.fetchall()]
    cur.execute(
        "UPDATE loyalty_couponcode SET customer_id = %s WHERE customer_id = %s AND coupon_id = ANY(%s::bigint[])",
        [joined.loser, joined.survivor, ids],
    )
    cur.execute(_STRAY, {"both": [joined.survivor, joined.loser]})


def _follow_due(cur: Any, joined: Joined) -> None:
    """Whom a batch has yet to serve: the survivor, once."""
    cur.execute(
        "DELETE FROM loyalty_coupondue d WHERE d.customer_id = %(loser)s AND EXISTS ("
        " SELECT FROM loyalty_coupondue o WHERE o.batch_id = d.batch_id AND o.customer_id = %(survivor)s)",
        {"loser": joined.loser, "survivor": joined.survivor},
    )
    cur.execute(
        "UPDATE loyalty_coupondue SET customer_id = %s WHERE customer_id = %s",
        [joined.survivor, joined.loser],
    )


# A use of the one in a receipt of the other: while they were one these were tied.
_STRAY = """
UPDATE loyalty_couponuse u SET purchase_id = NULL
WHERE u.customer_id = ANY(%(both)s::bigint[]) AND u.purchase_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM customers_purchase p WHERE p.customer_id = u.customer_id AND p.id = u.purchase_id
)
"""
