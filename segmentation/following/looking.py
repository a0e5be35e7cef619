"""The follower: takes the notes of whose values changed and asks every segment about these customers.

One transaction takes the notes, takes away the profiles of those who objected, remembers the customers as changed, and
settles the segments: a crash in between leaves the notes where they were. Segments are asked in an order in which none
comes before one that it names.
"""

from django.db import connection, transaction

from segmentation.following import objections
from segmentation.segments import active, settling

AT_ONCE = 1_000  # notes a transaction

_TAKE = """
DELETE FROM segmentation_touched WHERE id = ANY(ARRAY(
    SELECT id FROM segmentation_touched ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
)) RETURNING customer_id
"""
# Rows that name somebody by who they were then are about who they are now.
_SURVIVORS = """
SELECT merged_into_id FROM customers_customer WHERE id = ANY(%s) AND merged_into_id IS NOT NULL
"""
_REMEMBER = """
INSERT INTO segmentation_changed (customer_id, at) SELECT unnest(%s::bigint[]), clock_timestamp()
ON CONFLICT (customer_id) DO UPDATE SET at = excluded.at
"""


def look() -> int:
    """Follow all that has been noted by now, and settle what is new of segments. Returns how many customers were
    looked at."""
    settling.new_versions()
    looked = 0
    while found := _look_once():
        looked += found
    return looked


def _look_once() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, [AT_ONCE])
        noted = {row[0] for row in cursor.fetchall()}
        if not noted:
            return 0
        cursor.execute(_SURVIVORS, [list(noted)])
        ids = sorted(noted | {row[0] for row in cursor.fetchall()})
        objections.heed(cursor, ids)
        cursor.execute(_REMEMBER, [ids])
        for one in active.segments():
            settling.some(cursor, one, ids)
    return len(ids)
