"""Who is in a segment: spells opened and closed, each change once, by the night and by the follower alike.

Whoever settles a segment holds its lock until the end of the transaction, and decides from what is true within it; so
the night and the follower cannot undo each other, and who uses an audience knows exactly whom (`uses.py`).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from crm.lib.statements import Statement

LOCK = 7_260_011
CHUNK = 10_000  # customers a statement

# The segments that a customer is in, for their page (customers/whole.py).
TOLD = """(
    SELECT json_agg(json_build_object(
        'id', s.id, 'name', s.name, 'since', spell.began_at, 'shared', s.is_shared, 'owner', s.owner_id
    ) ORDER BY s.name)
    FROM segmentation_segmentspell spell JOIN segmentation_segment s ON s.id = spell.segment_id
    WHERE spell.customer_id = %(id)s AND spell.ended_at IS NULL AND s.archived_at IS NULL
)"""
_OPEN = (
    "SELECT customer_id FROM segmentation_segmentspell WHERE segment_id = %(segment)s AND ended_at IS NULL"
)
_OPEN_AMONG = f"{_OPEN} AND customer_id = ANY(%(ids)s)"
_CLOSE = """
UPDATE segmentation_segmentspell SET ended_at = %(at)s
WHERE segment_id = %(segment)s AND customer_id = ANY(%(ids)s) AND ended_at IS NULL
"""
_CLOSE_ALL = """
UPDATE segmentation_segmentspell SET ended_at = %(at)s WHERE segment_id = %(segment)s AND ended_at IS NULL
"""
_BEGIN = """
INSERT INTO segmentation_segmentspell (customer_id, segment_id, version_id, began_at, because)
SELECT new.customer_id, %(segment)s, %(version)s, %(at)s, new.because
FROM unnest(%(ids)s::bigint[], %(because)s::jsonb[]) AS new (customer_id, because)
"""
_AT = """
SELECT customer_id FROM segmentation_segmentspell
WHERE segment_id = %(segment)s AND began_at <= %(at)s AND (ended_at IS NULL OR ended_at > %(at)s)
"""
# Later than every moment of which a digest was kept, even where the clock was set back.
_MOMENT = """
SELECT greatest(
    clock_timestamp(),
    (SELECT at FROM segmentation_segmentnight WHERE segment_id = %(segment)s ORDER BY night_id DESC LIMIT 1)
        + interval '1 microsecond',
    (SELECT max(at) FROM segmentation_segmentuse WHERE segment_id = %(segment)s) + interval '1 microsecond'
)
"""
_IDS = list(range(1, 9))
_example = {
    "segment": 1,
    "ids": _IDS,
    "at": datetime(2026, 3, 10),
    "version": 1,
    "because": ["{}"] * len(_IDS),
}
STATEMENTS = [
    Statement("segmentspell.open", _OPEN, _example),
    Statement("segmentspell.open_among", _OPEN_AMONG, _example),
    Statement("segmentspell.close", _CLOSE, _example),
    Statement("segmentspell.close_all", _CLOSE_ALL, _example),
]

Because = Callable[
    [Sequence[int]], Mapping[int, Any]
]  # customers who come in, to the values that their conditions met


def lock(cursor: Any, segment_id: int) -> datetime:
    """Nobody else settles the segment until this transaction ends. Returns the moment from which on it is decided.

    The moment is taken after the wait: what was written before it is committed, and what comes later gets a later one.
    So whoever reads under the lock as of its moment reads what will always be told of that moment.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, segment_id])
    cursor.execute(_MOMENT, {"segment": segment_id})
    moment: datetime = cursor.fetchone()[0]
    return moment


def ids_at(segment_id: int, at: datetime) -> list[int]:
    """The row numbers of all members at a moment, rising."""
    with connection.cursor() as cursor:
        cursor.execute(_AT, {"segment": segment_id, "at": at})
        return sorted(row[0] for row in cursor.fetchall())


def members_now(cursor: Any, segment_id: int, among: Iterable[int] | None = None) -> set[int]:
    """Whose spell is open; `among`: of these."""
    if among is None:
        cursor.execute(_OPEN, {"segment": segment_id})
    else:
        cursor.execute(_OPEN_AMONG, {"segment": segment_id, "ids": list(among)})
    return {row[0] for row in cursor.fetchall()}


def settle(
    cursor: Any, *, segment_id: int, version_id: int, at: datetime, came: Any, went: Any, because: Because
) -> None:
    """Write who came and went. `came`, `went`: row numbers, rising."""
    for ids in _chunks(went):
        cursor.execute(_CLOSE, {"segment": segment_id, "ids": ids, "at": at})
    for ids in _chunks(came):
        values = because(ids)
        cursor.execute(
            _BEGIN,
            {
                "segment": segment_id,
                "version": version_id,
                "at": at,
                "ids": ids,
                "because": [json.dumps(values.get(one), default=str) for one in ids],
            },
        )


def close(cursor: Any, segment_id: int, at: datetime) -> None:
    """Nobody is in it any more."""
    cursor.execute(_CLOSE_ALL, {"segment": segment_id, "at": at})


def digest(ids: Iterable[int]) -> bytes:
    """SHA-256 of row numbers in rising order, eight bytes each, the highest first."""
    sha = hashlib.sha256()
    for number in sorted(ids):
        sha.update(number.to_bytes(8, "big"))
    return sha.digest()


def _chunks(ids: Any) -> Iterator[list[int]]:
    rows = [int(one) for one in ids]
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]
