"""The promises of the ledger as questions: each answers with the rows of customers low to below high that break it.

In their text, `[m.customer_id]` stands for: within that range.
"""

import re

from crm.lib.statements import Statement

_WITHIN = r"\1 >= %(low)s AND \1 < %(high)s"


def _promise(name: str, sql: str) -> Statement:
    return Statement(name, re.sub(r"\[([a-z_.]+)\]", _WITHIN, sql))


PROMISES = [
    _promise(
        "the legs of a movement sum to zero",
        """
SELECT 'movement ' || id FROM loyalty_movement
WHERE [customer_id] AND debt <> available + pending + held + contra
""",
    ),
    _promise(
        "a movement moves something, and says what caused it and who did it",
        """
SELECT 'movement ' || id FROM loyalty_movement
WHERE [customer_id] AND (
    (available = 0 AND pending = 0 AND held = 0 AND debt = 0) OR source = '' OR actor = ''
    OR occurred_at > recorded_at + interval '1 day'
)
""",
    ),
    _promise(
        "a source is booked once",
        """
SELECT 'movement ' || max(id) FROM loyalty_movement
WHERE [customer_id]
GROUP BY customer_id, unit, kind, source HAVING count(*) > 1
""",
    ),
    _promise(
        "the traces of a movement are its legs",
        """
SELECT 'movement ' || m.id
FROM loyalty_movement m
LEFT JOIN (
    SELECT customer_id, movement_id, sum(pending) AS pending, sum(available) AS available, sum(held) AS held
    FROM loyalty_trace WHERE [customer_id] GROUP BY customer_id, movement_id
) t ON t.customer_id = m.customer_id AND t.movement_id = m.id
WHERE [m.customer_id] AND (
    m.pending <> coalesce(t.pending, 0) OR m.available <> coalesce(t.available, 0) OR m.held <> coalesce(t.held, 0)
)
""",
    ),
    _promise(
        "a trace belongs to a movement and a lot of the same account, and goes the way of the movement",
        """
SELECT 'trace of movement ' || t.movement_id || ' and lot ' || t.lot_id
FROM loyalty_trace t
LEFT JOIN loyalty_movement m ON m.customer_id = t.customer_id AND m.id = t.movement_id
LEFT JOIN loyalty_lot l ON l.customer_id = t.customer_id AND l.id = t.lot_id
WHERE [t.customer_id] AND (
    m.id IS NULL OR l.id IS NULL OR m.unit <> l.unit OR (t.pending = 0 AND t.available = 0 AND t.held = 0)
    OR (m.kind IN (1, 14) AND l.movement_id <> m.id)
    OR sign(t.pending) NOT IN (0, sign(m.pending)) OR sign(t.available) NOT IN (0, sign(m.available))
    OR sign(t.held) NOT IN (0, sign(m.held))
)
""",
    ),
    _promise(
        "the counters of a lot are the sums of its traces",
        """
SELECT 'lot ' || l.id
FROM loyalty_lot l
LEFT JOIN (
    SELECT customer_id, lot_id, sum(pending) AS pending, sum(available) AS available, sum(held) AS held
    FROM loyalty_trace WHERE [customer_id] GROUP BY customer_id, lot_id
) t ON t.customer_id = l.customer_id AND t.lot_id = l.id
WHERE [l.customer_id] AND (
    l.pending <> coalesce(t.pending, 0) OR l.available <> coalesce(t.available, 0) OR l.held <> coalesce(t.held, 0)
)
""",
    ),
    _promise(
        "a lot never holds more than was issued, nor less than nothing",
        """
SELECT 'lot ' || id FROM loyalty_lot
WHERE [customer_id]
    AND (points <= 0 OR pending < 0 OR available < 0 OR held < 0 OR pending + available + held > points)
""",
    ),
    _promise(
        "the lots of a movement are what it issued",
        """
SELECT 'movement ' || coalesce(m.id, l.movement_id) || ' and its lots ' || coalesce(l.ids, '')
FROM (
    SELECT customer_id, movement_id, string_agg(id::text, ' ') AS ids, min(unit) AS low_unit, max(unit) AS high_unit,
        sum(points) AS points
    FROM loyalty_lot WHERE [customer_id] GROUP BY customer_id, movement_id
) l
FULL JOIN (
    SELECT customer_id, id, unit, available + pending AS points FROM loyalty_movement
    WHERE [customer_id]
        AND (kind IN (1, 14) OR (kind IN (11, 12) AND available > 0))
) m ON m.customer_id = l.customer_id AND m.id = l.movement_id
WHERE m.points IS DISTINCT FROM l.points OR m.unit <> l.low_unit OR m.unit <> l.high_unit
""",
    ),
    _promise(
        "a balance is the sum of its movements",
        """
SELECT 'balance of ' || coalesce(b.customer_id, m.customer_id) || ' in unit ' || coalesce(b.unit, m.unit)
FROM (
    SELECT * FROM loyalty_balance WHERE [customer_id]
) b
FULL JOIN (
    SELECT customer_id, unit, sum(available) AS available, sum(pending) AS pending, sum(held) AS held,
        sum(debt) AS debt, count(*) AS movements
    FROM loyalty_movement WHERE [customer_id] GROUP BY customer_id, unit
) m ON m.customer_id = b.customer_id AND m.unit = b.unit
WHERE b.customer_id IS NULL OR b.available <> coalesce(m.available, 0) OR b.pending <> coalesce(m.pending, 0)
    OR b.held <> coalesce(m.held, 0) OR b.debt <> coalesce(m.debt, 0) OR b.version <> coalesce(m.movements, 0)
""",
    ),
    _promise(
        "a balance is the sum of its lots, and not below zero",
        """
SELECT 'balance of ' || b.customer_id || ' in unit ' || b.unit
FROM loyalty_balance b
LEFT JOIN (
    SELECT customer_id, unit, sum(available) AS available, sum(pending) AS pending, sum(held) AS held
    FROM loyalty_lot WHERE [customer_id] GROUP BY customer_id, unit
) l ON l.customer_id = b.customer_id AND l.unit = b.unit
WHERE [b.customer_id] AND (
    b.available <> coalesce(l.available, 0) OR b.pending <> coalesce(l.pending, 0) OR b.held <> coalesce(l.held, 0)
    OR b.available < 0 OR b.pending < 0 OR b.held < 0 OR b.debt < 0
)
""",
    ),
    _promise(
        "what continues a movement continues one that it could",
        """
SELECT 'movement ' || n.id
FROM loyalty_movement n
LEFT JOIN loyalty_movement m ON m.customer_id = n.customer_id AND m.id = n.of_id AND m.unit = n.unit
WHERE [n.customer_id] AND (
    (n.kind IN (5, 6) AND coalesce(m.kind, 0) <> 4) OR (n.kind = 10 AND coalesce(m.kind, 0) NOT IN (3, 5, 11))
    OR (n.kind = 8 AND coalesce(m.kind, 0) NOT IN (1, 11, 12))
    OR (n.of_id IS NOT NULL AND n.kind NOT IN (5, 6, 8, 10))
)
""",
    ),
    _promise(
        "no more is captured and released than was held, and no more given back or taken back than there was",
        """
SELECT 'movement ' || m.id
FROM loyalty_movement m
JOIN (
    SELECT customer_id, of_id, sum(held) FILTER (WHERE kind IN (5, 6)) AS held,
        sum(available) FILTER (WHERE kind = 10) AS given, sum(contra) FILTER (WHERE kind = 8) AS taken
    FROM loyalty_movement
    WHERE [customer_id] GROUP BY customer_id, of_id
) n ON n.customer_id = m.customer_id AND n.of_id = m.id
WHERE [m.customer_id] AND (
    (m.kind = 4 AND m.held + coalesce(n.held, 0) < 0)
    OR (m.kind IN (3, 11) AND m.available < 0 AND m.available + coalesce(n.given, 0) > 0)
    OR (m.kind = 5 AND m.held + coalesce(n.given, 0) > 0) OR (coalesce(n.taken, 0) > -m.contra AND m.contra < 0)
)
""",
    ),
    _promise(
        "nothing is spent after its end, and nothing vests or ends before its time",
        """
SELECT 'movement ' || m.id
FROM loyalty_movement m
JOIN loyalty_trace t ON t.customer_id = m.customer_id AND t.movement_id = m.id
JOIN loyalty_lot l ON l.customer_id = t.customer_id AND l.id = t.lot_id
WHERE [m.customer_id] AND (
    (m.kind IN (3, 4) AND l.expires_at <= m.occurred_at)
    OR (m.kind = 7 AND NOT l.is_extended AND (l.expires_at IS NULL OR l.expires_at > m.occurred_at))
    OR (m.kind = 2 AND (l.vests_at IS NULL OR l.vests_at > m.occurred_at))
)
""",
    ),
    _promise(
        "nobody who was merged into another has points",
        """
SELECT 'balance of ' || b.customer_id || ' in unit ' || b.unit
FROM loyalty_balance b JOIN customers_customer c ON c.id = b.customer_id AND c.merged_into_id IS NOT NULL
WHERE [b.customer_id] AND b.version <> 0
""",
    ),
]
