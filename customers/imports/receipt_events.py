"""Groups of rows to events: the columns and returns that the apply engine takes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from customers.imports.receipt_groups import Groups
from customers.imports.spill import column
from customers.receiving import events, payloads
from customers.receiving.columns import Lines, Receipts
from customers.receiving.references import StoreRef
from customers.receiving.returns import Taken

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHANNELS = {number: name for name, number in events.CHANNELS.items()}


@dataclass
class References:
    """What the file's codes stand for, by place in its code books."""

    sources: Any
    source_codes: list[str]
    stores: list[StoreRef]
    store_codes: list[str]
    products: Any
    product_codes: Any  # an Arrow array


class _Heads:
    """What the first row of each group says of the whole."""

    def __init__(self, groups: Groups, which: Any) -> None:
        at = groups.starts[which]
        rows = groups.table.take(pa.array(at))
        self.row = groups.row[at]
        self.source = column(rows, "source")
        self.store = column(rows, "store")
        self.occurred = column(rows, "occurred")
        self.channel = column(rows, "channel").astype(np.int64)
        self.external_id: list[str] = column(rows, "external_id").to_pylist()
        self.staff: list[str] = column(rows, "staff").to_pylist()
        self.payments: list[str] = column(rows, "payments").to_pylist()
        self.person: list[str] = column(rows, "person").to_pylist()
        self.people, self.person_place = _people(column(rows, "person"))


def receipts(groups: Groups, which: Any, references: References) -> Receipts:
    """The receipts that the groups `which` (positions, ascending) are."""
    heads = _Heads(groups, which)
    place = np.full(len(groups.starts), -1, dtype=np.int64)
    place[which] = np.arange(len(which))
    rows = np.flatnonzero((place >= 0)[groups.group] & ~groups.is_twice)
    sku = column(groups.table, "sku")[rows]
    lines = Lines(
        receipt=place[groups.group[rows]],
        number=groups.line[rows],
        product=references.products[sku] if len(rows) else np.empty(0, np.int64),
        milli=column(groups.table, "milli")[rows],
        cents=column(groups.table, "cents")[rows],
        discount=column(groups.table, "discount")[rows],
    )
    begin = np.searchsorted(lines.receipt, np.arange(len(which)))
    return Receipts(
        source=references.sources[heads.source] if len(which) else np.empty(0, np.int64),
        external_id=heads.external_id,
        fingerprint=_fingerprints(heads, lines, references.product_codes.take(pa.array(sku)), references),
        store=np.array([references.stores[s].id for s in heads.store.tolist()], dtype=np.int64),
        channel=heads.channel,
        occurred=heads.occurred,
        business_day=_business_days(heads, references.stores),
        person=heads.person_place,
        people=heads.people,
        staff=heads.staff,
        cents=np.add.reduceat(lines.cents, begin) if len(begin) else np.empty(0, np.int64),
        discount=np.add.reduceat(lines.discount, begin) if len(begin) else np.empty(0, np.int64),
        raw=_raws(heads, lines, begin, sku, references),
        row=heads.row,
        lines=lines,
        payments=[
            (place, number, *paid)
            for place, text in enumerate(heads.payments)
            if text
            for number, paid in enumerate(_paid(text), start=1)
        ],
    )


def _fingerprints(heads: _Heads, lines: Lines, skus: Any, references: References) -> list[bytes]:
    if not heads.external_id:
        return []
    numbers = [
        pa.array(a).cast(pa.string()) for a in (lines.number, lines.milli, lines.cents, lines.discount)
    ]
    each = pc.binary_join_element_wise(numbers[0], skus, *numbers[1:], ",")
    ends = np.searchsorted(lines.receipt, np.arange(len(heads.external_id) + 1)).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), each), ";").to_pylist()
    said = zip(
        heads.store.tolist(), heads.channel.tolist(), heads.occurred.tolist(), heads.person, heads.staff,
        heads.payments, joined, strict=True,
    )  # fmt: skip
    return [events.receipt_fingerprint(references.store_codes[store], *rest) for store, *rest in said]


def _business_days(heads: _Heads, stores: list[StoreRef]) -> Any:
    """Days since 1970 on the stores' calendars. Offsets are looked up once an hour and zone."""
    if not heads.external_id:
        return np.empty(0, np.int64)
    zones = sorted({ref.zone.key for ref in stores})
    zone_of = np.array([zones.index(ref.zone.key) for ref in stores])
    key = heads.occurred // 3_600_000_000 * len(zones) + zone_of[heads.store]
    distinct, place = np.unique(key, return_inverse=True)
    offsets = [
        _offset(zones[zone], hour) for hour, zone in (divmod(k, len(zones)) for k in distinct.tolist())
    ]
    return (heads.occurred + np.array(offsets, dtype=np.int64)[place]) // 86_400_000_000


@lru_cache(maxsize=500_000)
def _offset(zone: str, hour: int) -> int:
    """Microseconds that the zone is ahead of UTC in an hour since 1970."""
    offset = (_EPOCH + timedelta(hours=hour)).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1)


def _raws(heads: _Heads, lines: Lines, begin: Any, sku: Any, references: References) -> list[str | None]:
    """Guest receipts are kept whole: their returns are checked against it."""
    raws: list[str | None] = [None] * len(begin)
    ends = np.r_[begin[1:], len(sku)]
    for i in np.flatnonzero(heads.person_place < 0).tolist():
        said = [
            payloads.LineIn(
                int(lines.number[r]), references.product_codes[int(sku[r])].as_py(),
                events.decimal_text(int(lines.milli[r]), 3), events.decimal_text(int(lines.cents[r]), 2),
                events.decimal_text(int(lines.discount[r]), 2),
            )
            for r in range(int(begin[i]), int(ends[i]))
        ]  # fmt: skip
        paid = [
            payloads.PaymentIn(method, events.decimal_text(n, 2)) for method, n in _paid(heads.payments[i])
        ]
        kept = payloads.ReceiptIn(
            references.source_codes[heads.source[i]], heads.external_id[i], references.store_codes[heads.store[i]],
            (_EPOCH + timedelta(microseconds=int(heads.occurred[i]))).isoformat(), said,
            channel=_CHANNELS[int(heads.channel[i])], staff=heads.staff[i], payments=paid,
        )  # fmt: skip
        raws[i] = msgspec.json.encode(kept).decode()
    return raws


def returned(groups: Groups, which: Any, references: References, import_file_id: int) -> list[Taken]:
    """The returns that the groups `which` are."""
    heads = _Heads(groups, which)
    starts, sizes = groups.starts[which].tolist(), groups.sizes[which].tolist()
    milli, cents = column(groups.table, "milli"), column(groups.table, "cents")
    of_source = groups.of_source[groups.starts[which]].tolist()
    of_external = column(groups.table, "of_external_id").take(pa.array(groups.starts[which])).to_pylist()
    taken = []
    for i, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        rows = [row for row in range(start, start + size) if not groups.is_twice[row]]
        event = events.Return(
            references.source_codes[heads.source[i]], heads.external_id[i], references.store_codes[heads.store[i]],
            _EPOCH + timedelta(microseconds=int(heads.occurred[i])),
            references.source_codes[of_source[i]], of_external[i],
            sorted(events.ReturnedLine(int(groups.line[r]), int(milli[r]), int(cents[r])) for r in rows),
            heads.staff[i],
        )  # fmt: skip
        sources = int(references.sources[heads.source[i]]), int(references.sources[of_source[i]])
        taken.append(
            Taken(event, *sources, references.stores[heads.store[i]], import_file_id, int(heads.row[i]))
        )
    return taken


def _people(persons: Any) -> tuple[list[tuple[str, str]], Any]:
    """Distinct (kind, value) and each receipt's place among them, -1 for guests."""
    encoded = persons.dictionary_encode()
    listed = encoded.dictionary.to_pylist()
    people = [(kind, value) for kind, _colon, value in (text.partition(":") for text in listed)]
    place = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    is_guest = np.array([text == "" for text in listed] or [False])
    return people, np.where(is_guest[place], -1, place) if len(place) else place


def _paid(text: str) -> list[tuple[str, int]]:
    """ "card,1250;cash,300" as (method, cents)."""
    parts = [part.rsplit(",", 1) for part in text.split(";")] if text else []
    return [(method, int(cents)) for method, cents in parts]
