"""What `verify_ledger` asks of tiers: a member stands where the history ends, and what they bought was sold."""

from collections.abc import Iterator
from typing import Any

from crm.lib.statements import Statement
from loyalty.ledger.proof import Fault


def check(cursor: Any, low: int, high: int) -> Iterator[Fault]:
    for statement, promise in (
        (ASTRAY, "a member stands where the history of tiers ends"),
        (UNSOLD, "what a membership says is bought was sold"),
    ):
        cursor.execute(statement.sql, {"low": low, "high": high})
        for (customer,) in cursor.fetchall():
            yield Fault(promise, f"membership of {customer}")


ASTRAY = Statement(
    "tiers.astray",
    """
SELECT m.customer_id
FROM loyalty_membership m
LEFT JOIN (
    SELECT customer_id, (array_agg(to_tier ORDER BY at DESC, id DESC))[1] AS to_tier
    FROM loyalty_tierchange
    WHERE customer_id >= %(low)s AND customer_id < %(high)s
    GROUP BY customer_id
) h ON h.customer_id = m.customer_id
WHERE m.customer_id >= %(low)s AND m.customer_id < %(high)s AND m.tier IS DISTINCT FROM h.to_tier
ORDER BY m.customer_id
""",
    {"low": 0, "high": 1},
)
# Of who was merged the sales are the survivor's; their membership waits for an un-merge as it is.
UNSOLD = Statement(
    "tiers.unsold",
    """
SELECT m.customer_id
FROM loyalty_membership m
JOIN customers_customer c ON c.id = m.customer_id AND c.merged_into_id IS NULL
WHERE m.customer_id >= %(low)s AND m.customer_id < %(high)s AND m.paid_until IS NOT NULL AND NOT EXISTS (
    SELECT FROM loyalty_membershipsale s
    WHERE s.customer_id = m.customer_id AND s.tier = m.paid_tier AND s.ends_on = m.paid_until
        AND s.returned_at IS NULL
)
ORDER BY m.customer_id
""",
    {"low": 0, "high": 1},
)
STATEMENTS = [ASTRAY, UNSOLD]
