"""How many members a version would move: the night's reading without its writing."""

from loyalty.models import Measure, Period
from loyalty.tiers.statements import NOW, SLICE, UNLOCKED, begins, measured, members_of

RISES = """
CROSS JOIN LATERAL (
    SELECT u.code, u.rank FROM loyalty_tier u
    WHERE u.scheme_id = %(scheme)s AND NOT u.is_paid AND u.threshold <= x.measure ORDER BY u.rank DESC LIMIT 1
) r
WHERE r.rank > t.rank GROUP BY x.tier, r.code"""
FALLS = """
CROSS JOIN LATERAL (SELECT ''::text AS code) r
WHERE t.rank > 0 AND NOT t.is_paid AND x.measure < t.keep_threshold GROUP BY x.tier, r.code"""


def counted(measure: Measure, period: Period, which: str) -> str:
    """How many members a version would move, from which tier to which. Writes nothing."""
    members = members_of(SLICE, UNLOCKED, begins(period, "%(on)s::date"), "%(on)s::date", all_of=True)
    return f"SELECT x.tier, r.code, count(*)::bigint FROM {measured(measure, members)} {NOW} {which}"  # noqa: S608
