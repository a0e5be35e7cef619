"""The statements of the inbox of events. Each takes a whole batch as arrays."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from customers.events.payloads import Clean
from customers.events.stitching import Held
from customers.models import EventState


class Known(NamedTuple):
    id: int
    external_id: str
    print: bytes
    state: int


def known(cur: Any, source_id: int, ids: Sequence[str]) -> list[Known]:
    """What is kept under these ids."""
    cur.execute(_KNOWN, [source_id, list(ids)])
    return [Known(row[0], row[1], bytes(row[2]), row[3]) for row in cur.fetchall()]


def drop(cur: Any, ids: Sequence[int]) -> None:
    if ids:
        cur.execute("DELETE FROM customers_event WHERE id = ANY(%s)", [list(ids)])


def add(cur: Any, source_id: int, events: Sequence[Clean], store_ids: Mapping[str, int]) -> int:
    """Write events, and the interactions of those that have an owner. How many events were new."""
    states = [_state(event) for event in events]
    numbers = iter(_numbers(cur, states.count(EventState.APPLIED)))
    rows = sorted(  # by external id: of two batches none waits for the other in a circle
        (
            event.id, event.print, state, event.reason, event.kind, event.channel, event.at,
            event.customer_id is not None, "" if event.is_withheld else event.visitor,
            None if event.is_withheld else event.told or event.owner,
            next(numbers) if state is EventState.APPLIED else None, store_ids.get(event.store),
            "" if event.store in store_ids else event.store,
            "{}" if event.is_withheld else msgspec.json.encode(event.data).decode(),
        )
        for event, state in zip(events, states, strict=True)
    )  # fmt: skip
    cur.execute(_ADD, [source_id, *_columns(rows)])
    added = cur.rowcount
    owners = {event.id: event.owner for event in events}
    applied = [row for row in rows if row[2] == EventState.APPLIED]
    if touches := [(row[10], owners[row[0]], *(row[i] for i in _OF_A_TOUCH)) for row in applied]:
        cur.execute(_TOUCH, [source_id, *_columns(touches)])
    return int(added)


_OF_A_TOUCH = (4, 5, 6, 11, 0, 13)  # after number and customer: kind, channel, time, store, external id, data


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _state(event: Clean) -> EventState:
    if event.reason:
        return EventState.QUARANTINED
    if event.is_withheld:
        return EventState.WITHHELD
    return EventState.ANONYMOUS if event.owner is None else EventState.APPLIED


def _numbers(cur: Any, count: int) -> list[int]:
    if not count:
        return []
    cur.execute("SELECT nextval('customers_interaction_id_seq') FROM generate_series(1, %s)", [count])
    return [row[0] for row in cur.fetchall()]


def move(cur: Any, moves: Sequence[tuple[Held, int]], now_is: Mapping[int, int]) -> None:
    """Give events to other customers: their interactions are deleted and added again, with their numbers kept."""
    if not moves:
        return
    remove(cur, (event for event, _to in moves), now_is)
    numbers = iter(_numbers(cur, sum(event.interaction_id is None for event, _to in moves)))
    touches = [event.interaction_id or next(numbers) for event, _to in moves]
    ids, owners = [event.id for event, _to in moves], [to for _event, to in moves]
    cur.execute(_GIVE, [ids, owners, touches])
    cur.execute(_TOUCH_AGAIN, [ids, owners, touches])


def withhold(cur: Any, events: Sequence[Held], now_is: Mapping[int, int]) -> None:
    """Forget what these events said: their customer does not want to be profiled."""
    if events:
        remove(cur, events, now_is)
        cur.execute(_WITHHOLD, [[event.id for event in events]])


def remove(cur: Any, events: Iterable[Held], now_is: Mapping[int, int]) -> None:
    """Delete the interactions of these events, wherever a merge has brought them."""
    where = {
        (event.interaction_id, place)
        for event in events
        if event.interaction_id and event.customer_id
        for place in (event.customer_id, now_is.get(event.customer_id, event.customer_id))
    }
    if where:
        cur.execute(_REMOVE, _columns(sorted(where)))


_KNOWN = """
SELECT id, external_id, fingerprint, state FROM customers_event WHERE source_id = %s AND external_id = ANY(%s)
"""
_ADD = """
INSERT INTO customers_event (
    source_id, external_id, fingerprint, state, reason, kind, channel, occurred_at, is_named, visitor, customer_id,
    interaction_id, store_id, store_code, data
)
SELECT %s, new.* FROM unnest(
    %s::text[], %s::bytea[], %s::smallint[], %s::text[], %s::text[], %s::smallint[], %s::timestamptz[], %s::boolean[],
    %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::jsonb[]
) AS new
ON CONFLICT (source_id, external_id) DO NOTHING
"""
_TOUCH = """
INSERT INTO customers_interaction (
    source_id, id, customer_id, kind, channel, occurred_at, store_id, external_id, data
)
SELECT %s, new.* FROM unnest(
    %s::bigint[], %s::bigint[], %s::text[], %s::smallint[], %s::timestamptz[], %s::bigint[], %s::text[], %s::jsonb[]
) AS new
"""
_REMOVE = """
DELETE FROM customers_interaction i USING unnest(%s::bigint[], %s::bigint[]) AS old (id, customer_id)
WHERE i.id = old.id AND i.customer_id = old.customer_id
"""
_GIVE = """
UPDATE customers_event e SET customer_id = new.customer_id, interaction_id = new.interaction_id, state = 1
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (id, customer_id, interaction_id) WHERE e.id = new.id
"""
_TOUCH_AGAIN = """
INSERT INTO customers_interaction (
    id, customer_id, kind, channel, occurred_at, recorded_at, store_id, source_id, external_id, data
)
SELECT new.interaction_id, new.customer_id, e.kind, e.channel, e.occurred_at, e.recorded_at, e.store_id, e.source_id,
    e.external_id, e.data
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (id, customer_id, interaction_id)
JOIN customers_event e ON e.id = new.id
"""
_WITHHOLD = """
UPDATE customers_event SET state = 4, customer_id = NULL, interaction_id = NULL, data = '{}', visitor = ''
WHERE id = ANY(%s)
"""
