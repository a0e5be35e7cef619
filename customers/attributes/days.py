"""Days and moments in the SQL of the registry: the clock is the chain's, but for what happened in a store.

All take no parameter but %(on)s. What is looked up here stands for itself: PostgreSQL asks it once a statement.
"""

ZONE = "coalesce((SELECT timezone FROM org_chain), 'UTC')"
STORE_ZONE = f"coalesce(s.timezone, {ZONE})"  # of a store that is joined as `s`
BEGAN = f"(%(on)s::date::timestamp AT TIME ZONE {ZONE})"  # the first moment of the day
ENDED = f"((%(on)s::date + 1)::timestamp AT TIME ZONE {ZONE})"  # the first of the next one


def day(moment: str, zone: str = ZONE) -> str:
    """The day of a moment."""
    return f"({moment} AT TIME ZONE {zone})::date"
