"""Up to 10,000 receipts in one call (NDJSON): one transaction, through the engine of the importer.

Lines that cannot be used are told with their number and reason; the others are applied. A receipt of a store that the
chain does not know is kept aside, so that it can be replayed once the store is entered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from crm.audit import trail
from customers.receiving import events, references
from customers.receiving.database import in_transaction
from customers.receiving.events import Receipt
from customers.receiving.payloads import ReceiptIn, receipt_of
from customers.receiving.refusals import BatchTooLarge, InvalidEvent, TooManySources
from customers.receiving.single import check_store

MOST_LINES = 10_000
UNKNOWN_STORE = "unknown_store"


@dataclass(frozen=True)
class BatchError:
    """`line` counts from 1, empty lines included. `pointer` is a JSON pointer into that line."""

    line: int
    code: str
    pointer: str
    detail: str


@dataclass
class BatchOutcome:
    applied: int = 0
    duplicates: int = 0
    rejected: int = 0
    errors: list[BatchError] = field(default_factory=list)


@dataclass
class _Good:
    line: int
    payload: ReceiptIn
    receipt: Receipt


def receive_batch(lines: Iterable[bytes], *, by: Any) -> BatchOutcome:
    """Apply a batch of receipts. Raises BatchTooLarge; everything else is told a line."""
    outcome = BatchOutcome()
    good = _read(lines, outcome)

    def work(cur: Any) -> BatchOutcome:
        draft = BatchOutcome(rejected=outcome.rejected, errors=list(outcome.errors))
        _apply(cur, good, draft, by)
        trail.record(
            "receipts.batch", "batch", by=by, details={"applied": draft.applied, "rejected": draft.rejected}
        )
        return draft

    done = in_transaction(work)
    done.errors.sort(key=lambda error: error.line)
    return done


def _read(lines: Iterable[bytes], outcome: BatchOutcome) -> list[_Good]:
    good: list[_Good] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(good) + outcome.rejected >= MOST_LINES:
            raise BatchTooLarge(_("A batch holds at most %(n)d receipts.") % {"n": MOST_LINES})
        try:
            payload = receipt_of(line)
            good.append(_Good(number, payload, events.receipt(payload)))
        except InvalidEvent as refusal:
            _reject(outcome, number, refusal)
    return good


def _reject(outcome: BatchOutcome, line: int, refusal: InvalidEvent) -> None:
    outcome.rejected += 1
    outcome.errors += [
        BatchError(line, refusal.code, fault.pointer, fault.detail) for fault in refusal.faults
    ]


def _apply(cur: Any, good: list[_Good], outcome: BatchOutcome, by: Any) -> None:
    if not good:
        return
    from customers.receiving import engine  # numpy

    stores = references.stores(cur, {one.receipt.store for one in good}, make_stubs=False)
    lost = [one for one in good if one.receipt.store not in stores]
    usable = _of_known_stores(good, stores, outcome, by)
    sources, usable = _of_known_sources(cur, usable, lost, outcome, by)
    if kept := [one for one in lost if one.receipt.source in sources]:
        _set_aside(cur, kept, sources)
    products = references.products(cur, {line.sku for one in usable for line in one.receipt.lines})
    columns = _columns(usable, sources, stores, products)
    verdicts = engine.apply(cur, columns).receipts
    outcome.applied += int((verdicts == engine.APPLIED).sum())
    outcome.duplicates += int((verdicts == engine.DUPLICATE).sum())
    for place in (verdicts == engine.CONFLICT).nonzero()[0].tolist():
        outcome.rejected += 1
        detail = _("This receipt was received before with other content.")
        outcome.errors.append(BatchError(usable[place].line, "receipt_conflict", "/external_id", detail))


def _of_known_stores(
    good: list[_Good], stores: dict[str, references.StoreRef], outcome: BatchOutcome, by: Any
) -> list[_Good]:
    """Those whose store is known and open to the sender; the others are told."""
    refused: dict[str, InvalidEvent] = {}
    for code in {one.receipt.store for one in good}:
        store = stores.get(code)
        try:
            check_store(code, store and store.id, store and store.zone.key, by)
        except InvalidEvent as refusal:
            refused[code] = refusal
    for one in good:
        if one.receipt.store in refused:
            _reject(outcome, one.line, refused[one.receipt.store])
    return [one for one in good if one.receipt.store not in refused]


def _of_known_sources(
    cur: Any, usable: list[_Good], lost: list[_Good], outcome: BatchOutcome, by: Any
) -> tuple[dict[str, int], list[_Good]]:
    """Source ids, all new ones made or none; when there are too many, the lines that name them are told."""
    codes = {one.receipt.source for one in (*usable, *lost)}
    try:
        return references.sources(cur, codes, by=by), usable
    except TooManySources as refusal:
        known = references.known_sources(cur, codes)
        for one in usable:
            if one.receipt.source not in known:
                _reject(outcome, one.line, refusal)
        return known, [one for one in usable if one.receipt.source in known]


def _set_aside(cur: Any, lost: list[_Good], sources: dict[str, int]) -> None:
    """Keep receipts of unknown stores in the inbox, in the order of their key; of one key the last that was sent."""
    last = {(sources[one.receipt.source], one.receipt.external_id): one for one in lost}
    rows = [
        (*key, last[key].receipt.fingerprint(), msgspec.json.encode(last[key].payload).decode())
        for key in sorted(last)
    ]
    cur.execute(_SET_ASIDE, [list(column) for column in zip(*rows, strict=True)])


def _columns(
    good: Sequence[_Good], sources: dict[str, int], stores: dict[str, Any], products: dict[str, int]
) -> Any:
    import numpy as np

    from customers.receiving.columns import Lines, Receipts

    receipts = [one.receipt for one in good]
    people: dict[tuple[str, str], int] = {}
    person = [-1 if r.person is None else people.setdefault(r.person, len(people)) for r in receipts]
    lines = [(place, products[sku], *rest) for place, r in enumerate(receipts) for rest, sku in _split(r)]
    place, product, number, milli, cents, discount = (
        np.array(lines, dtype=np.int64).reshape(-1, 6).T if lines else np.empty((6, 0), dtype=np.int64)
    )
    return Receipts(
        source=np.array([sources[r.source] for r in receipts], dtype=np.int64),
        external_id=[r.external_id for r in receipts],
        fingerprint=[r.fingerprint() for r in receipts],
        store=np.array([stores[r.store].id for r in receipts], dtype=np.int64),
        channel=np.array([r.channel for r in receipts], dtype=np.int64),
        occurred=np.array([events.micros(r.occurred_at) for r in receipts], dtype=np.int64),
        business_day=np.array([_day(r, stores) for r in receipts], dtype=np.int64),
        person=np.array(person, dtype=np.int64),
        people=list(people),
        staff=[r.staff for r in receipts],
        cents=np.array([r.cents for r in receipts], dtype=np.int64),
        discount=np.array([r.discount for r in receipts], dtype=np.int64),
        raw=[msgspec.json.encode(one.payload).decode() for one in good],
        row=np.full(len(receipts), -1, dtype=np.int64),
        lines=Lines(place, number, product, milli, cents, discount),
        payments=[
            (place, number, method, cents)
            for place, r in enumerate(receipts)
            for number, (method, cents) in enumerate(r.payments, start=1)
        ],
    )


def _split(receipt: Receipt) -> Iterable[tuple[tuple[int, int, int, int], str]]:
    for number, sku, milli, cents, discount in receipt.lines:
        yield (number, milli, cents, discount), sku


_EPOCH_DAY = 719_163  # 1970-01-01 as an ordinal


def _day(receipt: Receipt, stores: dict[str, Any]) -> int:
    return receipt.occurred_at.astimezone(stores[receipt.store].zone).toordinal() - _EPOCH_DAY


_SET_ASIDE = """
INSERT INTO customers_arrival AS kept (kind, source_id, external_id, fingerprint, state, reason, raw)
SELECT 1, source_id, external_id, fingerprint, 3, 'unknown_store', raw
FROM unnest(%s::smallint[], %s::text[], %s::bytea[], %s::jsonb[]) AS new (source_id, external_id, fingerprint, raw)
ON CONFLICT (source_id, external_id, kind) DO UPDATE SET
    fingerprint = excluded.fingerprint, state = 3, reason = excluded.reason, raw = excluded.raw, recorded_at = now()
WHERE kept.state IN (3, 4)
"""
