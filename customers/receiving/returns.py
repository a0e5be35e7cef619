"""Returns: taken into the inbox in any order, settled with their receipt.

Settling looks at the whole set of a receipt's returns again whenever the receipt or one of them comes, and writes the
difference: rows of `Return` for the accepted ones, the sums on lines and purchase, the state of each arrival. It runs
under the lock of the receipt's arrival row, which is there even when the receipt is not (EXPECTED).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from customers.models import ArrivalState
from customers.receiving import acceptance, events, guests
from customers.receiving.acceptance import ACCEPTED, NOTHING, WAITS, Sums, Verdict
from customers.receiving.database import Again
from customers.receiving.events import Return
from customers.receiving.followers import Changed, guests_back
from customers.receiving.references import StoreRef

Key = tuple[int, str]  # (source id, external id) of a receipt


class Taken(NamedTuple):
    """A return on its way into the inbox, with what its codes stand for."""

    event: Return
    source_id: int
    of_source_id: int
    store: StoreRef
    import_file_id: int | None = None
    row: int | None = None

    @property
    def key(self) -> Key:
        return self.source_id, self.event.external_id

    @property
    def of(self) -> Key:
        return self.of_source_id, self.event.of_external_id


def known(cur: Any, taken: Sequence[Taken]) -> dict[int, bytes]:
    """Fingerprints of those that are in the inbox already, by position."""
    cur.execute(_KNOWN, [[t.source_id for t in taken], [t.event.external_id for t in taken]])
    return {place - 1: bytes(fingerprint) for place, fingerprint in cur.fetchall()}


def expect(cur: Any, keys: Iterable[Key]) -> None:
    """Put rows there for receipts that have not come yet, in the order of their key."""
    wanted = sorted(set(keys))
    cur.execute(_EXPECT, [[source for source, _ in wanted], [external for _, external in wanted]])


def lock(cur: Any, keys: Iterable[Key]) -> None:
    """Lock the rows of receipts, in the order of their key."""
    wanted = sorted(set(keys))
    cur.execute(_LOCK, [[source for source, _ in wanted], [external for _, external in wanted]])


def take(cur: Any, taken: Sequence[Taken]) -> None:
    """Put new returns into the inbox; their receipts' rows are there. Raises Again when one of them came meanwhile."""
    lock(cur, [t.of for t in taken])
    ordered = sorted(taken, key=lambda t: t.key)
    rows = [
        (
            t.source_id, t.event.external_id, t.event.fingerprint(), t.of_source_id, t.event.of_external_id,
            t.store.id, msgspec.json.encode(t.event.raw()).decode(), t.import_file_id, t.row,
        )
        for t in ordered
    ]  # fmt: skip
    cur.execute(_TAKE, [list(column) for column in zip(*rows, strict=True)])
    if cur.rowcount != len(taken):
        raise Again


class _Kept(NamedTuple):
    """A return in the inbox, with its present verdict."""

    arrival_id: int
    return_id: int
    event: Return
    verdict: Verdict
    source_id: int
    store_id: int
    zone: str
    recorded_at: datetime

    @property
    def business_date(self) -> date:
        return self.event.occurred_at.astimezone(ZoneInfo(self.zone)).date()


class _Bought(NamedTuple):
    """A receipt as its returns see it."""

    customer_id: int | None
    purchase_id: int
    channel: int
    lines: dict[int, Sums]
    back: dict[int, Sums]


class Settled(NamedTuple):
    """What guests brought back, for the caller to add (the totals are locked once, as the last thing of all), and the
    purchases of customers of which something came back."""

    guests: guests.Totals
    changed: list[Changed]


def settle(cur: Any, keys: Iterable[Key]) -> Settled:
    """Bring the returns of these receipts to where the set of events puts them. The caller holds the rows' locks."""
    wanted = sorted(set(keys))
    kept = _kept_returns(cur, wanted) if wanted else {}
    if not kept:
        return Settled({}, [])
    bought = _receipts(cur, list(kept))
    changes = _Changes()
    for key, its_returns in kept.items():
        if changes.settle(bought.get(key), its_returns):
            changes.guests_back.append(key)
    changes.write(cur)
    guests_back(cur, sorted(changes.guests_back))
    return Settled(
        changes.guests,
        [Changed(customer_id, purchase_id) for purchase_id, customer_id, _ in changes.purchases],
    )


def _kept_returns(cur: Any, keys: list[Key]) -> dict[Key, list[_Kept]]:
    cur.execute(_RETURNS_OF, [[source for source, _ in keys], [external for _, external in keys]])
    found: dict[Key, list[_Kept]] = {}
    for (
        of_source,
        of_external,
        arrival,
        return_id,
        raw,
        state,
        reason,
        source,
        store,
        zone,
        recorded,
    ) in cur.fetchall():
        verdict = Verdict(ArrivalState(state), reason)
        entry = _Kept(
            arrival, return_id, events.kept_return(raw.encode()), verdict, source, store, zone, recorded
        )
        found.setdefault((of_source, of_external), []).append(entry)
    return found


def _receipts(cur: Any, keys: list[Key]) -> dict[Key, _Bought]:
    """The receipts among these keys that are here."""
    cur.execute(_RECEIPTS, [[source for source, _ in keys], [external for _, external in keys]])
    found: dict[Key, _Bought] = {}
    with_rows: dict[int, _Bought] = {}
    for source, external, customer_id, purchase_id, raw in cur.fetchall():
        if customer_id is None:
            channel, lines = events.kept_receipt(raw.encode())
            bought = _Bought(None, purchase_id, channel, {n.number: (n.milli, n.cents) for n in lines}, {})
        else:
            bought = with_rows[purchase_id] = _Bought(customer_id, purchase_id, 0, {}, {})
        found[source, external] = bought
    owned = list(with_rows.values())
    cur.execute(_LINES, [[b.purchase_id for b in owned], [b.customer_id for b in owned]])
    for purchase_id, number, milli, cents, back_milli, back_cents in cur.fetchall():
        with_rows[purchase_id].lines[number] = milli, cents
        if back_milli or back_cents:
            with_rows[purchase_id].back[number] = back_milli, back_cents
    return found


class _Changes:
    """What settling changes, collected over many receipts and written by one statement a kind."""

    def __init__(self) -> None:
        self.arrivals: list[tuple[int, int, str, int | None]] = []
        self.accepted: list[tuple[_Kept, _Bought]] = []
        self.withdrawn: list[tuple[int, int]] = []
        self.lines: list[tuple[int, int, int, int, int]] = []
        self.purchases: list[tuple[int, int, int]] = []
        self.guests: guests.Totals = {}
        self.guests_back: list[Key] = []

    def settle(self, bought: _Bought | None, kept: list[_Kept]) -> bool:
        """Whether it is a guest's, and all of it came back."""
        verdicts: dict[tuple[str, str], Verdict]
        back: dict[int, Sums]
        if bought is None:
            verdicts, back = {(k.event.source, k.event.external_id): WAITS for k in kept}, {}
        else:
            verdicts, back = acceptance.judge(bought.lines, [k.event for k in kept])
        for entry in kept:
            verdict = verdicts[entry.event.source, entry.event.external_id]
            if verdict != entry.verdict:
                self._change(entry, verdict, bought)
        if bought is not None and bought.customer_id is not None and back != bought.back:
            self._sums(bought, bought.customer_id, back)
        return bought is not None and bought.customer_id is None and _is_all(bought, back)

    def _change(self, entry: _Kept, verdict: Verdict, bought: _Bought | None) -> None:
        customer_id = bought.customer_id if bought else None
        self.arrivals.append((entry.arrival_id, verdict.state.value, verdict.reason, customer_id))
        if bought is None or ACCEPTED not in (verdict, entry.verdict):
            return
        if customer_id is None:
            day = (entry.store_id, entry.business_date, bought.channel)
            cents = entry.event.cents if verdict == ACCEPTED else -entry.event.cents
            guests.merge(self.guests, {day: guests.GuestTotals(returned=cents)})
        elif verdict == ACCEPTED:
            self.accepted.append((entry, bought))
        else:
            self.withdrawn.append((entry.return_id, customer_id))

    def _sums(self, bought: _Bought, customer_id: int, back: dict[int, Sums]) -> None:
        for number in sorted(bought.lines):
            before, after = bought.back.get(number, NOTHING), back.get(number, NOTHING)
            if before != after:
                self.lines.append((bought.purchase_id, customer_id, number, *after))
        self.purchases.append((bought.purchase_id, customer_id, sum(cents for _, cents in back.values())))

    def write(self, cur: Any) -> None:
        _run(cur, _CHANGE_ARRIVALS, self.arrivals)
        _run(cur, _DROP_LINES, self.withdrawn)
        _run(cur, _DROP_RETURNS, self.withdrawn)
        _run(cur, _ADD_RETURNS, [_return_row(entry, bought) for entry, bought in self.accepted])
        _run(cur, _ADD_LINES, [row for entry, bought in self.accepted for row in _line_rows(entry, bought)])
        _run(cur, _CHANGE_LINES, self.lines)
        _run(cur, _CHANGE_PURCHASES, self.purchases)
        _run(cur, _STALE, sorted({(customer_id,) for _, customer_id, _ in self.purchases}))


def _is_all(bought: _Bought, back: dict[int, Sums]) -> bool:
    return all(back.get(number, NOTHING)[0] >= milli for number, (milli, _cents) in bought.lines.items())


def _run(cur: Any, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        cur.execute(statement, [list(column) for column in zip(*rows, strict=True)])


def _return_row(entry: _Kept, bought: _Bought) -> tuple[Any, ...]:
    return (
        entry.return_id, bought.customer_id, bought.purchase_id, entry.store_id, entry.source_id,
        entry.business_date, entry.event.occurred_at, entry.recorded_at, entry.event.cents, entry.event.external_id,
    )  # fmt: skip


def _line_rows(entry: _Kept, bought: _Bought) -> Iterable[tuple[Any, ...]]:
    for number, milli, cents in entry.event.lines:
        yield entry.return_id, bought.customer_id, number, milli, cents


# Events that were set aside for an unknown store have not been looked at yet: the same key may come again.
_KNOWN = """
SELECT wanted.place, a.fingerprint
FROM unnest(%s::smallint[], %s::text[]) WITH ORDINALITY AS wanted (source_id, external_id, place)
JOIN customers_arrival a ON a.source_id = wanted.source_id AND a.external_id = wanted.external_id AND a.kind = 2
WHERE a.reason <> 'unknown_store'
"""
_EXPECT = """
INSERT INTO customers_arrival (kind, source_id, external_id, fingerprint, state)
SELECT 1, source_id, external_id, '', 4
FROM (
    SELECT * FROM unnest(%s::smallint[], %s::text[]) AS wanted (source_id, external_id)
    ORDER BY source_id, external_id COLLATE "C"
) AS wanted
ON CONFLICT (source_id, external_id, kind) DO NOTHING
"""
_LOCK = """
SELECT a.id FROM unnest(%s::smallint[], %s::text[]) AS wanted (source_id, external_id)
JOIN customers_arrival a ON a.source_id = wanted.source_id AND a.external_id = wanted.external_id AND a.kind = 1
ORDER BY a.source_id, a.external_id FOR UPDATE OF a
"""
_TAKE = """
INSERT INTO customers_arrival AS kept (
    kind, source_id, external_id, fingerprint, state, of_source_id, of_external_id, store_id, raw, import_file_id, row,
    return_id
)
SELECT 2, source_id, external_id, fingerprint, 2, of_source_id, of_external_id, store_id, raw, import_file_id, row,
    nextval('customers_return_id_seq')
FROM unnest(
    %s::smallint[], %s::text[], %s::bytea[], %s::smallint[], %s::text[], %s::bigint[], %s::jsonb[], %s::int[], %s::int[]
) AS new (source_id, external_id, fingerprint, of_source_id, of_external_id, store_id, raw, import_file_id, row)
ON CONFLICT (source_id, external_id, kind) DO UPDATE SET
    fingerprint = excluded.fingerprint, state = 2, reason = '', of_source_id = excluded.of_source_id,
    of_external_id = excluded.of_external_id, store_id = excluded.store_id, raw = excluded.raw,
    return_id = excluded.return_id, recorded_at = now()
WHERE kept.reason = 'unknown_store'
"""
_RETURNS_OF = """
SELECT a.of_source_id, a.of_external_id, a.id, a.return_id, a.raw::text, a.state, a.reason, a.source_id, a.store_id,
    store.timezone, a.recorded_at
FROM unnest(%s::smallint[], %s::text[]) AS wanted (source_id, external_id)
JOIN customers_arrival a
    ON a.of_source_id = wanted.source_id AND a.of_external_id = wanted.external_id AND a.kind = 2
JOIN org_store store ON store.id = a.store_id
WHERE a.reason <> 'unknown_store'
"""
_RECEIPTS = """
SELECT a.source_id, a.external_id, a.customer_id, a.purchase_id, CASE WHEN a.customer_id IS NULL THEN a.raw::text END
FROM unnest(%s::smallint[], %s::text[]) AS wanted (source_id, external_id)
JOIN customers_arrival a ON a.source_id = wanted.source_id AND a.external_id = wanted.external_id AND a.kind = 1
WHERE a.state = 1
"""
_LINES = """
SELECT l.purchase_id, l.number, (l.quantity * 1000)::bigint, (l.amount * 100)::bigint,
    (l.returned_quantity * 1000)::bigint, (l.returned_amount * 100)::bigint
FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (purchase_id, customer_id)
JOIN customers_line l ON l.purchase_id = wanted.purchase_id AND l.customer_id = wanted.customer_id
"""
_CHANGE_ARRIVALS = """
UPDATE customers_arrival a SET state = new.state, reason = new.reason, customer_id = new.customer_id
FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::bigint[]) AS new (id, state, reason, customer_id)
WHERE a.id = new.id
"""
_DROP_LINES = """
DELETE FROM customers_returnline l USING unnest(%s::bigint[], %s::bigint[]) AS old (id, customer_id)
WHERE l.goods_return_id = old.id AND l.customer_id = old.customer_id
"""
_DROP_RETURNS = """
DELETE FROM customers_return r USING unnest(%s::bigint[], %s::bigint[]) AS old (id, customer_id)
WHERE r.id = old.id AND r.customer_id = old.customer_id
"""
_ADD_RETURNS = """
INSERT INTO customers_return (
    id, customer_id, purchase_id, store_id, source_id, business_date, occurred_at, recorded_at, amount, external_id
)
SELECT id, customer_id, purchase_id, store_id, source_id, business_date, occurred_at, recorded_at, cents / 100.0,
    external_id
FROM unnest(
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[], %s::date[], %s::timestamptz[],
    %s::timestamptz[], %s::bigint[], %s::text[]
) AS new (
    id, customer_id, purchase_id, store_id, source_id, business_date, occurred_at, recorded_at, cents, external_id
)
"""
_ADD_LINES = """
INSERT INTO customers_returnline (goods_return_id, customer_id, number, quantity, amount)
SELECT id, customer_id, number, milli / 1000.0, cents / 100.0
FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[])
    AS new (id, customer_id, number, milli, cents)
"""
_CHANGE_LINES = """
UPDATE customers_line l SET returned_quantity = new.milli / 1000.0, returned_amount = new.cents / 100.0
FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[])
    AS new (purchase_id, customer_id, number, milli, cents)
WHERE l.purchase_id = new.purchase_id AND l.customer_id = new.customer_id AND l.number = new.number
"""
_CHANGE_PURCHASES = """
UPDATE customers_purchase p SET returned = new.cents / 100.0
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (id, customer_id, cents)
WHERE p.id = new.id AND p.customer_id = new.customer_id
"""
_STALE = "INSERT INTO customers_stalestate (customer_id) SELECT unnest(%s::bigint[])"
