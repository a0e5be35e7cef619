"""What `verify_ledger` asks of families: parts sum to the whole, each part is a movement, nobody is in two families.

And who paid a reward: the member, the family, or nobody where it was a free trial.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from crm.lib.statements import Statement
from loyalty.families.refusals import MOST
from loyalty.ledger.proof import Fault

LAST = 2**63 - 1


def check(cursor: Any, low: int, high: int) -> Iterator[Fault]:
    """The families themselves once, with the last customers: they are of several."""
    for promise in PROMISES if high != LAST else [*PROMISES, FULL]:
        cursor.execute(promise.sql, {"low": low, "high": high, "most": MOST})
        for (row,) in cursor.fetchall():
            yield Fault(promise.name, row)
    yield from _wholes(cursor, low, high)


def _wholes(cursor: Any, low: int, high: int) -> Iterator[Fault]:
    """The parts stand with other customers, so they are asked for by the numbers of the wholes."""
    cursor.execute(WHOLES.sql, {"low": low, "high": high})
    wholes = {row[0]: row[1:] for row in cursor.fetchall()}
    if not wholes:
        return
    parts, back = (_summed(cursor, asked, list(wholes)) for asked in (PARTS, BACK))
    for pk, (points, given_back) in sorted(wholes.items()):
        if parts[pk] != points:
            yield Fault(
                "the parts of what was spent with a family sum to the whole", f"family redemption {pk}"
            )
        if back[pk] > given_back:
            yield Fault("no more of it came back than it says", f"family redemption {pk}")


def _summed(cursor: Any, asked: Statement, wholes: list[int]) -> Counter[int]:
    """By whole, over the persons drawn from: the database sums for each, wherever they are."""
    cursor.execute(asked.sql, {"wholes": wholes})
    found: Counter[int] = Counter()
    for pk, points in cursor.fetchall():
        found[pk] += points
    return found


_RANGE = {"low": 0, "high": 10}
PROMISES = [
    Statement(
        "nobody is in two families",
        """
SELECT 'places in families of customer ' || customer_id FROM loyalty_familyseat
WHERE customer_id >= %(low)s AND customer_id < %(high)s AND left_at IS NULL
GROUP BY customer_id HAVING count(*) > 1
""",
        _RANGE,
    ),
    Statement(
        "nobody who was merged into another or erased is in a family",
        """
SELECT 'place in a family ' || s.id FROM loyalty_familyseat s
JOIN customers_customer c ON c.id = s.customer_id AND (c.merged_into_id IS NOT NULL OR c.erased_at IS NOT NULL)
WHERE s.customer_id >= %(low)s AND s.customer_id < %(high)s AND s.left_at IS NULL
""",
        _RANGE,
    ),
    Statement(
        "a part of what was spent with a family is a movement of the own account, of as many points",
        """
SELECT 'family part ' || p.id
FROM loyalty_familypart p
LEFT JOIN loyalty_movement m ON m.customer_id = p.customer_id AND m.id = p.movement_id
WHERE p.customer_id >= %(low)s AND p.customer_id < %(high)s AND (
    m.id IS NULL OR m.kind <> 3 OR m.unit <> 1 OR m.contra <> p.points
    OR m.source <> concat('family:', p.redemption_id, '/', p.place)
)
""",
        _RANGE,
    ),
    Statement(
        "what was taken for a family is a part of something",
        """
SELECT 'movement ' || m.id
FROM loyalty_movement m
LEFT JOIN loyalty_familypart p ON p.customer_id = m.customer_id AND p.movement_id = m.id
WHERE m.customer_id >= %(low)s AND m.customer_id < %(high)s AND m.kind = 3 AND m.source LIKE 'family:%%'
    AND p.id IS NULL
""",
        _RANGE,
    ),
]
REWARDS = Statement(
    "a reward without a movement of its own was paid by the family, with as many points",
    """
SELECT 'redeemed reward ' || r.id
FROM loyalty_redemption r
LEFT JOIN loyalty_familyredemption f ON f.customer_id = r.customer_id
    AND f.source = concat('reward:', r.reward_id, ':', r.source) AND f.points = r.points
WHERE r.customer_id >= %(low)s AND r.customer_id < %(high)s
    AND (r.movement_id IS NULL AND r.trial_year IS NULL) = (f.id IS NULL)
""",
    _RANGE,
)
TRIALS = Statement(
    "a reward that was tried for free took no points, neither own ones nor the family's",
    """
SELECT 'redeemed reward ' || r.id
FROM loyalty_redemption r
LEFT JOIN loyalty_movement m ON m.customer_id = r.customer_id AND m.unit = 1 AND m.kind = 3
    AND m.source = concat('reward:', r.reward_id, ':', r.source)
LEFT JOIN loyalty_familyredemption f ON f.customer_id = r.customer_id
    AND f.source = concat('reward:', r.reward_id, ':', r.source)
WHERE r.customer_id >= %(low)s AND r.customer_id < %(high)s AND r.trial_year IS NOT NULL
    AND (r.points <> 0 OR r.movement_id IS NOT NULL OR m.id IS NOT NULL OR f.id IS NOT NULL)
""",
    _RANGE,
)
PROMISES += [REWARDS, TRIALS]
# Members of a family stand on several machines: this one counts over all of them, so it is no step of a batch.
FULL = Statement(
    "a family has at most eight members",
    """
SELECT 'family ' || family_id FROM loyalty_familyseat WHERE left_at IS NULL
GROUP BY family_id HAVING count(*) > %(most)s
""",
    {"most": MOST},
)
WHOLES = Statement(
    "families.wholes",
    """
SELECT id, points, given_back FROM loyalty_familyredemption
WHERE customer_id >= %(low)s AND customer_id < %(high)s
""",
    _RANGE,
)
PARTS = Statement(
    "families.parts",
    """
SELECT redemption_id, sum(points)::bigint FROM loyalty_familypart
WHERE redemption_id = ANY(%(wholes)s::bigint[]) GROUP BY customer_id, redemption_id
""",
    {"wholes": [1]},
)
BACK = Statement(
    "families.back",
    """
SELECT p.redemption_id, -sum(m.contra)::bigint
FROM loyalty_familypart p
JOIN loyalty_movement m ON m.customer_id = p.customer_id AND m.of_id = p.movement_id AND m.kind = 10
WHERE p.redemption_id = ANY(%(wholes)s::bigint[]) GROUP BY p.customer_id, p.redemption_id
""",
    {"wholes": [1]},
)
STATEMENTS = [*PROMISES, WHOLES, PARTS, BACK]
