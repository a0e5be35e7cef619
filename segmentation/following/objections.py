"""Whoever says no to a profile has none from then on: within seconds the follower takes it away, with what rests on it.

The night makes none for them; pages ask at the moment of reading, too (docs/decisions/0020).
"""

from collections.abc import Sequence
from typing import Any

from crm.lib.statements import Statement
from customers import consents

# Every table of what was worked out about a person; a test looks for others.
PROFILES = (
    "customers_persona", "segmentation_churnscore", "segmentation_clustermember", "segmentation_duegood",
    "segmentation_lifetimescore", "segmentation_lookalikematch", "segmentation_recommendation",
)  # fmt: skip
_OBJECTING = f"""
SELECT c.id FROM customers_customer c WHERE c.id = ANY(%(ids)s::bigint[]) AND {consents.refusal(None, "profiling")}
"""  # noqa: S608  our own names and numbers
_FORGET = "DELETE FROM {table} WHERE customer_id = ANY(%(ids)s::bigint[])"
_example = {"ids": list(range(1, 9))}
STATEMENTS = [
    Statement("profiles.objecting", _OBJECTING, _example),
    *(Statement(f"profiles.forget.{table}", _FORGET.format(table=table), _example) for table in PROFILES),
]


def heed(cursor: Any, ids: Sequence[int]) -> None:
    """Take away the profiles of those of these customers who object to one."""
    cursor.execute(_OBJECTING, {"ids": list(ids)})
    objecting = [row[0] for row in cursor.fetchall()]
    for table in PROFILES if objecting else ():
        cursor.execute(_FORGET.format(table=table), {"ids": objecting})
