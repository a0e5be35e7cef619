"""Two records of one person: the most restrictive of both holds.

A cell may be acted on after a merge only where it could be for both. A no of either stays a no; where one never said
yes, nobody knows what the person wants, so it is set back to "not asked". "Do not contact" of either stays.
These are words of their own with the source "merge:<id>", so that an un-merge can take exactly them away.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from crm.lib.owned import move_rows
from customers.consents import profiles
from customers.consents.cells import CELLS, NO_CONTACT
from customers.consents.state import RANK, Standing, State, state_of

Words = list[tuple[int, int, bool | None]]


def restrict_on_merge(cur: Any, survivor_id: int, loser_id: int, merge_id: int, at: datetime) -> int:
    """Write the survivor what the merge restricts; how many words. In the merge's transaction, both customers locked.

    Call it *before* rows are carried over: afterwards nobody can tell whose words are whose.
    """
    words = restrictions(state_of(survivor_id), state_of(loser_id))
    if words:
        purposes, channels, given = (list(column) for column in zip(*words, strict=True))
        cur.execute(_INSERT, {
            "survivor": survivor_id, "loser": loser_id, "at": at, "source": source_of(merge_id),
            "purposes": purposes, "channels": channels, "given": given,
        })  # fmt: skip
    return len(words)


def lift_restriction(cur: Any, survivor_id: int, merge_id: int) -> int:
    """Take away what `restrict_on_merge` wrote; how many words. In the un-merge's transaction."""
    move_rows(cur)
    cur.execute(
        "DELETE FROM customers_consent WHERE customer_id = %s AND source = %s",
        [survivor_id, source_of(merge_id)],
    )
    return int(cur.rowcount)


def share_refusals(
    cur: Any, survivor_id: int, loser_id: int, merge_id: int, *, since: str, others: Collection[int]
) -> int:
    """Say for the parted one, too, what the survivor refused since the merge; how many words. A link of either led to
    the survivor, so nobody knows whose word it was, and a no must not be lost. In the un-merge's transaction, after
    rows have gone back. `others`: words that came to the survivor from somebody else.
    """
    cur.execute(_REFUSE, {
        "survivor": survivor_id, "loser": loser_id, "since": since, "others": list(others),
        "source": f"unmerge:{merge_id}",
    })  # fmt: skip
    if shared := int(cur.rowcount):
        profiles.look_again(cur, [loser_id])
    return shared


def source_of(merge_id: int) -> str:
    return f"merge:{merge_id}"


def restrictions(one: Standing, other: Standing) -> Words:
    """What must be said so that no cell may be acted on that could not be for both."""
    pairs = [(one.cells[cell], other.cells[cell]) for cell in CELLS]
    words: Words = []
    for pair in (*pairs, (one.contact, other.contact)):
        wanted = _strictest(pair)
        if _latest(pair) != wanted:
            words.append((pair[0].cell.purpose, pair[0].cell.channel, wanted))
    return words


def _strictest(pair: tuple[State, State]) -> bool | None:
    if any(state.is_given is False for state in pair):
        return False
    if pair[0].cell == NO_CONTACT:
        return _latest(pair)
    return True if all(state.counts for state in pair) else None


def _latest(pair: tuple[State, State]) -> bool | None:
    """What would hold if both histories were simply one."""
    said = [(state.since, -RANK[state.is_given], state.is_given) for state in pair if state.since is not None]
    return max(said, key=lambda word: word[:2])[2] if said else None


# Not earlier than any word of either, so that it decides: of two words at one time the more restrictive holds.
_INSERT = """
INSERT INTO customers_consent (customer_id, purpose, channel, is_given, occurred_at, recorded_at, source, recorded_by,
    evidence)
SELECT %(survivor)s::bigint, said.purpose, said.channel, said.is_given,
    greatest(least(%(at)s::timestamptz, clock.now), (
        SELECT max(w.occurred_at) FROM customers_consent w
        WHERE w.customer_id IN (%(survivor)s, %(loser)s) AND w.purpose = said.purpose AND w.channel = said.channel
    )), clock.now, %(source)s, 'system:merge', '{}'
FROM unnest(%(purposes)s::smallint[], %(channels)s::smallint[], %(given)s::boolean[])
    AS said (purpose, channel, is_given), (SELECT clock_timestamp() AS now) clock
"""
# At the time it was said. "Taken back" is shared where a yes of theirs would count on, and lifts no refusal.
_REFUSE = """
INSERT INTO customers_consent (customer_id, purpose, channel, is_given, occurred_at, recorded_at, wording_id, source,
    store_id, recorded_by, evidence)
SELECT %(loser)s::bigint, w.purpose, w.channel, w.is_given, w.occurred_at, clock.now, w.wording_id, %(source)s,
    w.store_id, w.recorded_by, '{}'
FROM customers_consent w, (SELECT clock_timestamp() AS now) clock
WHERE w.customer_id = %(survivor)s AND w.recorded_at >= %(since)s::timestamptz AND w.source NOT LIKE 'merge:%%'
    AND w.id <> ALL(%(others)s::bigint[])
    AND (w.is_given = false OR w.is_given IS NULL AND w.purpose <> 0 AND (
        SELECT t.is_given FROM customers_consent t
        WHERE t.customer_id = %(loser)s AND t.purpose = w.purpose AND t.channel = w.channel
            AND t.occurred_at <= w.occurred_at
        ORDER BY t.occurred_at DESC, t.is_given LIMIT 1
    ))
ORDER BY w.id
"""
