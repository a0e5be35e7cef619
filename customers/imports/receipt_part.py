"""One part of a receipts file: its rows grouped to receipts and returns, and applied."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from customers.imports.receipt_rows import REASONS
from customers.imports.spill import column
from customers.models import ArrivalState
from customers.receiving import engine, events, payloads
from customers.receiving.columns import Lines, Receipts
from customers.receiving.references import StoreRef
from customers.receiving.returns import Taken

_HEADER = ("store", "channel", "occurred", "of_source")
_HEADER_TEXTS = ("person", "staff", "of_external_id")
_NO_KEY = (REASONS["source_invalid"], REASONS["external_id_invalid"], REASONS["receipt_invalid"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class References:
    """What the file's codes stand for, by place in its code books."""

    sources: Any
    source_codes: list[str]
    stores: list[StoreRef]
    store_codes: list[str]
    products: Any
    product_codes: Any  # an Arrow array


@dataclass
class PartOutcome:
    """Rows by fate, events by kind, and the rejected rows as (row, reason number, source, external id, line)."""

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[tuple[int, int, str, str, int]] = field(default_factory=list)


class Part:
    def __init__(self, table: pa.Table, references: References) -> None:
        self.references = references
        self.table = _sorted(table)
        self.reason = column(self.table, "reason").copy()
        self.row = column(self.table, "row")
        self._group()
        self._check_groups()

    def apply(self, cur: Any, import_file_id: int) -> PartOutcome:
        """Apply what is usable, in the caller's transaction and under the gate."""
        usable = self.group_reason == 0
        is_return = self.of_source[self.starts] >= 0
        bought, back = np.flatnonzero(usable & ~is_return), np.flatnonzero(usable & is_return)
        receipts, taken = (
            self._receipts(bought),
            [self._taken(group, import_file_id) for group in back.tolist()],
        )
        applied = engine.apply(cur, receipts, taken, import_file_id=import_file_id)
        verdict = np.zeros(len(self.starts), dtype=np.int8)
        verdict[bought], verdict[back] = applied.receipts, applied.returns
        conflict = np.where(is_return, REASONS["return_conflict"], REASONS["receipt_conflict"])
        reason = np.where(verdict == engine.CONFLICT, conflict, self.group_reason)
        waiting = self._quarantined(cur, [g for g in back.tolist() if verdict[g] == engine.APPLIED], reason)
        return self._outcome(verdict, reason, bought, back, waiting)

    # --- Rows to groups ---------------------------------------------------------------------------------------------

    def _group(self) -> None:
        """Sorted rows: a group is a run of equal (kind, source, external id). Rows without a key stand alone."""
        count = len(self.row)
        code = column(self.table, "code")
        alone = np.isin(self.reason, _NO_KEY)
        starts = (
            np.r_[True, code[1:] != code[:-1]] | alone | np.r_[False, alone[:-1]]
            if count
            else np.empty(0, bool)
        )
        self.starts = np.flatnonzero(starts)
        self.of_source = column(self.table, "of_source")
        self.group = np.cumsum(starts) - 1
        self.sizes = np.diff(np.r_[self.starts, count])

    def _check_groups(self) -> None:
        """Finds rows said twice, and what makes a whole group unusable."""
        first = self.starts[self.group]
        self._fault(self._differs(first), "rows_disagree")
        self._check_lines()
        size = self.sizes[self.group]
        self._fault(size > events.MOST_LINES, "too_many_lines")
        faulty = np.zeros(len(self.starts), dtype=bool)
        faulty[self.group[self.reason != 0]] = True
        self.is_twice &= ~faulty[self.group]
        self.group_reason = np.where(faulty, REASONS["receipt_incomplete"], 0)

    def _fault(self, rows: Any, code: str) -> None:
        self.reason[rows & (self.reason == 0)] = REASONS[code]

    def _differs(self, first: Any) -> Any:
        differs = np.zeros(len(self.row), dtype=bool)
        for name in _HEADER:
            values = column(self.table, name)
            differs |= values != values[first]
        for name in (*_HEADER_TEXTS, "payments"):
            values = _codes(column(self.table, name))
            differs |= values != values[first]
        return differs

    def _check_lines(self) -> None:
        """Line numbers: as given, or by order where the file gives none; a line said twice counts once."""
        line = column(self.table, "line").astype(np.int64)
        place = np.arange(len(line)) - self.starts[self.group]
        same = np.r_[False, (line[1:] == line[:-1]) & (self.group[1:] == self.group[:-1]) & (line[1:] > 0)]
        equal = np.ones(len(line), dtype=bool)
        for name in ("sku", "milli", "cents", "discount"):
            values = column(self.table, name)
            equal &= np.r_[False, values[1:] == values[:-1]]
        is_return = self.of_source >= 0
        sku = column(self.table, "sku")
        equal |= is_return & same & np.r_[False, sku[1:] == sku[:-1]]
        self.is_twice = same & equal
        self._fault(same & ~equal, "line_twice")
        numbered = np.maximum.reduceat(line, self.starts)[self.group] > 0 if len(line) else line > 0
        self._fault(numbered != (line > 0), "line_invalid")
        self.line = np.where(numbered, line, place + 1)

    # --- Groups to events -------------------------------------------------------------------------------------------

    def _receipts(self, groups: Any) -> Receipts:
        wanted = np.zeros(len(self.starts), dtype=bool)
        wanted[groups] = True
        rows = np.flatnonzero(wanted[self.group] & ~self.is_twice)
        place = np.full(len(self.starts), -1, dtype=np.int64)
        place[groups] = np.arange(len(groups))
        of = place[self.group[rows]]
        head = self.starts[groups]
        sku = column(self.table, "sku")[rows]
        lines = Lines(
            receipt=of,
            number=self.line[rows],
            product=self.references.products[sku] if len(rows) else np.empty(0, np.int64),
            milli=column(self.table, "milli")[rows],
            cents=column(self.table, "cents")[rows],
            discount=column(self.table, "discount")[rows],
        )
        begin = np.flatnonzero(np.r_[True, of[1:] != of[:-1]]) if len(of) else np.empty(0, np.int64)
        store, occurred = column(self.table, "store")[head], column(self.table, "occurred")[head]
        people, person = _people(column(self.table, "person").take(pa.array(head)))
        texts = _Texts(self.table, head)
        payments = [
            (i, number, *paid)
            for i, text in enumerate(texts.payments)
            if text
            for number, paid in _paid(text)
        ]
        fingerprints = self._fingerprints(lines, sku, begin, store, occurred, texts)
        return Receipts(
            source=self.references.sources[column(self.table, "source")[head]]
            if len(head)
            else np.empty(0, np.int64),
            external_id=texts.external_id,
            fingerprint=fingerprints,
            store=np.array([self.references.stores[s].id for s in store.tolist()], dtype=np.int64),
            channel=texts.channel,
            occurred=occurred,
            business_day=self._business_days(store, occurred),
            person=person,
            people=people,
            staff=texts.staff,
            cents=np.add.reduceat(lines.cents, begin) if len(begin) else np.empty(0, np.int64),
            discount=np.add.reduceat(lines.discount, begin) if len(begin) else np.empty(0, np.int64),
            raw=self._raws(lines, sku, begin, store, occurred, person, texts),
            row=self.row[head],
            lines=lines,
            payments=payments,
        )

    def _fingerprints(
        self, lines: Lines, sku: Any, begin: Any, store: Any, occurred: Any, texts: "_Texts"
    ) -> list[bytes]:
        if not len(begin):
            return []
        numbers = [
            pa.array(a).cast(pa.string()) for a in (lines.number, lines.milli, lines.cents, lines.discount)
        ]
        skus = self.references.product_codes.take(pa.array(sku))
        each = pc.binary_join_element_wise(numbers[0], skus, *numbers[1:], ",")
        offsets = pa.array(np.r_[begin, len(sku)].astype(np.int32))
        joined = pc.binary_join(pa.ListArray.from_arrays(offsets, each), ";").to_pylist()
        codes = self.references.store_codes
        heads = zip(
            store.tolist(), texts.channel.tolist(), occurred.tolist(), texts.person, texts.staff, texts.payments,
            joined, strict=True,
        )  # fmt: skip
        return [
            events.receipt_fingerprint(codes[at], channel, micros, who, staff, paid, text)
            for at, channel, micros, who, staff, paid, text in heads
        ]

    def _business_days(self, store: Any, occurred: Any) -> Any:
        """Days since 1970 on the stores' calendars. Offsets are looked up once an hour and zone."""
        zones = sorted({ref.zone.key for ref in self.references.stores})
        zone_of = np.array([zones.index(ref.zone.key) for ref in self.references.stores] or [0])
        hours = occurred // 3_600_000_000
        key = hours * len(zones) + zone_of[store] if len(store) else hours
        distinct, place = np.unique(key, return_inverse=True)
        pairs = (divmod(k, max(len(zones), 1)) for k in distinct.tolist())
        offsets = [_offset(zones[zone], hour) for hour, zone in pairs]
        return (occurred + np.array(offsets, dtype=np.int64)[place]) // 86_400_000_000

    def _raws(
        self, lines: Lines, sku: Any, begin: Any, store: Any, occurred: Any, person: Any, texts: "_Texts"
    ) -> list[str | None]:
        """Guest receipts are kept whole: their returns are checked against it."""
        raws: list[str | None] = [None] * len(begin)
        ends = np.r_[begin[1:], len(sku)]
        codes, channels = (
            self.references.product_codes,
            {number: name for name, number in events.CHANNELS.items()},
        )
        for i in np.flatnonzero(person < 0).tolist():
            rows = range(int(begin[i]), int(ends[i]))
            raws[i] = msgspec.json.encode(
                payloads.ReceiptIn(
                    texts.source(self.references, i), texts.external_id[i], self.references.store_codes[store[i]],
                    _iso(occurred[i]),
                    [
                        payloads.LineIn(
                            int(lines.number[r]), codes[int(sku[r])].as_py(), events.decimal_text(int(lines.milli[r]), 3),
                            events.decimal_text(int(lines.cents[r]), 2), events.decimal_text(int(lines.discount[r]), 2),
                        )
                        for r in rows
                    ],
                    channel=channels[int(texts.channel[i])],
                    staff=texts.staff[i],
                    payments=[
                        payloads.PaymentIn(method, events.decimal_text(cents, 2))
                        for _number, (method, cents) in _paid(texts.payments[i])
                    ],
                )
            ).decode()  # fmt: skip
        return raws

    def _taken(self, group: int, import_file_id: int) -> Taken:
        start = int(self.starts[group])
        rows = [r for r in range(start, start + int(self.sizes[group])) if not self.is_twice[r]]
        milli, cents = column(self.table, "milli"), column(self.table, "cents")
        at = {name: column(self.table, name)[start] for name in ("source", "of_source", "store", "occurred")}
        references = self.references
        event = events.Return(
            references.source_codes[at["source"]], column(self.table, "external_id")[start].as_py(),
            references.store_codes[at["store"]], _EPOCH + timedelta(microseconds=int(at["occurred"])),
            references.source_codes[at["of_source"]], column(self.table, "of_external_id")[start].as_py(),
            sorted(events.ReturnedLine(int(self.line[r]), int(milli[r]), int(cents[r])) for r in rows),
        )  # fmt: skip
        return Taken(
            event, int(references.sources[at["source"]]), int(references.sources[at["of_source"]]),
            references.stores[at["store"]], import_file_id, int(self.row[start]),
        )  # fmt: skip

    # --- Counting ---------------------------------------------------------------------------------------------------

    def _quarantined(self, cur: Any, groups: list[int], reason: Any) -> int:
        """Returns that were kept aside count as rejected; gives the rows of those that wait for their receipt."""
        waiting = 0
        if not groups:
            return waiting
        sources = [int(self.references.sources[column(self.table, "source")[self.starts[g]]]) for g in groups]
        ids = [column(self.table, "external_id")[int(self.starts[g])].as_py() for g in groups]
        cur.execute(_STATES, [sources, ids])
        for place, state, why in cur.fetchall():
            group = groups[place - 1]
            if state == ArrivalState.QUARANTINED:
                reason[group] = REASONS[why]
            waiting += int(self.sizes[group]) if state == ArrivalState.WAITING else 0
        return waiting

    def _outcome(self, verdict: Any, reason: Any, bought: Any, back: Any, waiting: int) -> PartOutcome:
        twice = np.bincount(self.group[self.is_twice], minlength=len(self.starts))
        is_applied = (verdict == engine.APPLIED) & (reason == 0)
        applied = int((self.sizes - twice)[is_applied].sum())
        duplicates = int(self.sizes[verdict == engine.DUPLICATE].sum() + twice[is_applied].sum())
        outcome = PartOutcome()
        outcome.counts.update(
            rows=len(self.row), applied=applied, duplicates=duplicates, rejected=len(self.row) - applied - duplicates,
            receipts=int(is_applied[bought].sum()), returns=int(is_applied[back].sum()), waiting=waiting,
        )  # fmt: skip
        for row in np.flatnonzero((reason != 0)[self.group]).tolist():
            why = int(self.reason[row]) or int(reason[self.group[row]])
            outcome.rejected.append((int(self.row[row]), why, *self._named(row)))
        return outcome

    def _named(self, row: int) -> tuple[str, str, int]:
        source = self.references.source_codes[column(self.table, "source")[row]]
        return source, column(self.table, "external_id")[row].as_py(), int(self.line[row])


@lru_cache(maxsize=500_000)
def _offset(zone: str, hour: int) -> int:
    """Microseconds that the zone is ahead of UTC in an hour since 1970."""
    offset = (_EPOCH + timedelta(hours=hour)).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1)


class _Texts:
    """Text columns of the first row of each receipt."""

    def __init__(self, table: pa.Table, head: Any) -> None:
        at = pa.array(head)
        self.external_id: list[str] = column(table, "external_id").take(at).to_pylist()
        self.person: list[str] = column(table, "person").take(at).to_pylist()
        self.staff: list[str] = column(table, "staff").take(at).to_pylist()
        self.payments: list[str] = column(table, "payments").take(at).to_pylist()
        self.channel = column(table, "channel")[head].astype(np.int64)
        self._source = column(table, "source")[head]

    def source(self, references: References, place: int) -> str:
        return references.source_codes[self._source[place]]


def _sorted(table: pa.Table) -> pa.Table:
    """By event, line and row, with a number a (kind, source, external id)."""
    kind = column(table, "of_source") >= 0
    external = _codes(column(table, "external_id")).astype(np.int64)
    code = (external * 2 + kind) * 65_536 + column(table, "source")
    order = np.lexsort((column(table, "row"), column(table, "line"), code))
    return table.append_column("code", pa.array(code)).take(pa.array(order)).combine_chunks()


def _codes(texts: Any) -> Any:
    return texts.dictionary_encode().indices.to_numpy(zero_copy_only=False)


def _people(persons: Any) -> tuple[list[tuple[str, str]], Any]:
    """Distinct (kind, value) and each receipt's place among them, -1 for guests."""
    encoded = persons.dictionary_encode()
    listed = encoded.dictionary.to_pylist()
    people = [(kind, value) for kind, _colon, value in (text.partition(":") for text in listed)]
    place = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    is_guest = np.array([text == "" for text in listed] or [False])
    return people, np.where(is_guest[place], -1, place) if len(place) else place


def _paid(text: str) -> list[tuple[int, tuple[str, int]]]:
    parts = [part.rsplit(",", 1) for part in text.split(";")] if text else []
    return [(number, (method, int(cents))) for number, (method, cents) in enumerate(parts, start=1)]


def _iso(micros: Any) -> str:
    return (_EPOCH + timedelta(microseconds=int(micros))).isoformat()


_STATES = """
SELECT wanted.place, a.state, a.reason
FROM unnest(%s::smallint[], %s::text[]) WITH ORDINALITY AS wanted (source_id, external_id, place)
JOIN customers_arrival a ON a.source_id = wanted.source_id AND a.external_id = wanted.external_id AND a.kind = 2
"""
