"""What `verify_ledger` asks of receipts: what each earned, and what of it is left, is what its movements say."""

from collections.abc import Iterator
from typing import Any

from crm.lib.statements import Statement
from loyalty.ledger.proof import Fault


def check(cursor: Any, low: int, high: int) -> Iterator[Fault]:
    cursor.execute(UNLIKE.sql, {"low": low, "high": high})
    for (purchase,) in cursor.fetchall():
        yield Fault("what a receipt earned is what its movements say", f"receipt {purchase}")


# Of what is earned and taken back, the contra leg is all of it, also where points had been spent.
UNLIKE = Statement(
    "loyalty.accrual_unlike",
    """
SELECT a.purchase_id
FROM loyalty_accrual a
LEFT JOIN (
    SELECT customer_id, purchase_id,
        -sum(contra) FILTER (WHERE unit = 1 AND source LIKE 'receipt:%%') AS points,
        -sum(contra) FILTER (WHERE unit = 1) AS kept,
        -sum(contra) FILTER (WHERE unit = 2 AND source LIKE 'receipt:%%') AS growth,
        -sum(contra) FILTER (WHERE unit = 2) AS growth_kept
    FROM loyalty_movement
    WHERE customer_id >= %(low)s AND customer_id < %(high)s AND purchase_id IS NOT NULL AND kind IN (1, 8)
        AND (source LIKE 'receipt:%%' OR source LIKE 'return:%%')
    GROUP BY customer_id, purchase_id
) m ON m.customer_id = a.customer_id AND m.purchase_id = a.purchase_id
WHERE a.customer_id >= %(low)s AND a.customer_id < %(high)s AND (
    a.points <> coalesce(m.points, 0) OR a.kept <> coalesce(m.kept, 0)
    OR a.growth <> coalesce(m.growth, 0) OR a.growth_kept <> coalesce(m.growth_kept, 0)
)
ORDER BY a.purchase_id
""",
    {"low": 0, "high": 1},
)
STATEMENTS = [UNLIKE]
