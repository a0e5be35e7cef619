"""What `verify_ledger` asks of coupons: the counts that keep their limits are those of the rows."""

from collections.abc import Iterator
from typing import Any

from loyalty.ledger.proof import Fault

LAST = 2**63 - 1


def check(cursor: Any, _low: int, high: int) -> Iterator[Fault]:
    """Once, with the last customers: counts know no customers, so their rows are counted over all of them."""
    if high != LAST:
        return
    cursor.execute(_UNLIKE)
    for (code,) in cursor.fetchall():
        yield Fault("a count of coupons is that of its coupons and uses", f"coupon {code}")


# What is reserved counts until it is released, by the next use or by the sweep.
_UNLIKE = """
SELECT d.code
FROM loyalty_coupontally t
JOIN loyalty_coupondefinition d ON d.id = t.definition_id
LEFT JOIN (
    SELECT definition_id, count(*) AS issued, count(voided_at) AS voided FROM loyalty_coupon GROUP BY definition_id
) c ON c.definition_id = t.definition_id
LEFT JOIN (
    SELECT definition_id,
        count(*) FILTER (WHERE redeemed_at IS NULL AND released_at IS NULL) AS reserved,
        coalesce(sum(amount) FILTER (WHERE redeemed_at IS NULL AND released_at IS NULL), 0) AS promised,
        count(*) FILTER (WHERE redeemed_at IS NOT NULL AND reversed_at IS NULL) AS redeemed,
        coalesce(sum(amount) FILTER (WHERE redeemed_at IS NOT NULL AND reversed_at IS NULL), 0) AS spent
    FROM loyalty_couponuse GROUP BY definition_id
) u ON u.definition_id = t.definition_id
WHERE (t.issued, t.voided) IS DISTINCT FROM (coalesce(c.issued, 0), coalesce(c.voided, 0))
    OR (t.reserved, t.promised, t.redeemed, t.spent) IS DISTINCT FROM
        (coalesce(u.reserved, 0), coalesce(u.promised, 0), coalesce(u.redeemed, 0), coalesce(u.spent, 0))
ORDER BY d.code
"""
