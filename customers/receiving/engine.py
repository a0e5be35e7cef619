"""Many events at once: few look-ups, then COPY straight into the tables.

The order in which locks are taken, by everybody: the gate, new sources, stores and products, identities, rows of
receipts in the inbox, rows of returns, stub customers, guest totals; within each kind in the order of its key. What
somebody else wrote in between is met at a unique index: everything is rolled back and done again.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from crm.lib import copy
from customers.models import ArrivalState
from customers.receiving import followers, guests, people, returns
from customers.receiving.columns import Receipts
from customers.receiving.database import TEXTS, Again, packed
from customers.receiving.followers import Changed
from customers.receiving.returns import Key, Taken

APPLIED, DUPLICATE, CONFLICT = 1, 2, 3
SETTLED = ArrivalState.APPLIED.value
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Applied:
    """Verdicts by position: APPLIED, DUPLICATE or CONFLICT."""

    receipts: Any
    returns: list[int]


def apply(
    cur: Any, receipts: Receipts, taken: Sequence[Taken] = (), *, import_file_id: int | None = None
) -> Applied:
    """Apply receipts and returns in the caller's transaction, under the gate. Raises Again (see `database`)."""
    receipt_keys = list(zip(receipts.source.tolist(), receipts.external_id, strict=True))
    inbox = _inbox(cur, {*receipt_keys, *(t.of for t in taken)})
    verdicts = _judged(receipt_keys, receipts.fingerprint, inbox)
    return_verdicts, new_returns = _judged_returns(cur, taken)
    new = receipts.take(np.flatnonzero(verdicts == APPLIED))
    _Writer(cur, new, new_returns, inbox, import_file_id).write()
    return Applied(verdicts, return_verdicts)


@dataclass(frozen=True)
class _InInbox:
    id: int
    fingerprint: bytes
    state: int


def _inbox(cur: Any, keys: Iterable[Key]) -> dict[Key, _InInbox]:
    """Which receipts the inbox knows."""
    wanted = list(keys)
    cur.execute(
        _INBOX, [packed(str(source) for source, _ in wanted), packed(external for _, external in wanted)]
    )
    return {
        (source, external): _InInbox(row_id, bytes(fingerprint), state)
        for source, external, row_id, fingerprint, state in cur.fetchall()
    }


def _judged(keys: list[Key], fingerprints: list[bytes], inbox: dict[Key, _InInbox]) -> Any:
    """Each receipt against the inbox and those before it."""
    seen = {key: kept.fingerprint for key, kept in inbox.items() if kept.state == SETTLED}
    verdicts = np.full(len(keys), APPLIED, dtype=np.int8)
    for place, (key, fingerprint) in enumerate(zip(keys, fingerprints, strict=True)):
        first = seen.setdefault(key, fingerprint)
        if first is not fingerprint:
            verdicts[place] = DUPLICATE if first == fingerprint else CONFLICT
    return verdicts


def _judged_returns(cur: Any, taken: Sequence[Taken]) -> tuple[list[int], list[Taken]]:
    if not taken:
        return [], []
    known = returns.known(cur, taken)
    seen = {taken[place].key: fingerprint for place, fingerprint in known.items()}
    verdicts, new = [], []
    for entry in taken:
        fingerprint = entry.event.fingerprint()
        first = seen.get(entry.key)
        if first is None:
            seen[entry.key] = fingerprint
            new.append(entry)
            verdicts.append(APPLIED)
        else:
            verdicts.append(DUPLICATE if first == fingerprint else CONFLICT)
    return verdicts, new


class _Writer:
    """Writes what is new, in the stated order of locks."""

    def __init__(
        self,
        cur: Any,
        new: Receipts,
        taken: list[Taken],
        inbox: dict[Key, _InInbox],
        import_file_id: int | None,
    ) -> None:
        self.cur = cur
        self.new = new
        self.taken = taken
        self.inbox = inbox
        self.import_file_id = import_file_id

    def write(self) -> None:
        new = self.new
        if not len(new) and not self.taken:
            return
        self.keys: list[Key] = list(zip(new.source.tolist(), new.external_id, strict=True))
        self.customer = self._customers()
        self.purchase = self._numbers("customers_purchase_id_seq", len(new))
        self._write_arrivals()
        self._write_purchases()
        self._write_lines()
        self._write_payments()
        self._see_stubs()
        open_keys = {*self.taken_over, *(entry.of for entry in self.taken)}
        settled = returns.settle(self.cur, open_keys)
        self._mark_stale()
        guests.add(self.cur, guests.merge(settled.guests, self._guest_totals()))
        followers.later(self.cur, [*self._bought(), *settled.changed])

    def _customers(self) -> Any:
        """Customer ids by receipt, masked for guests."""
        new = self.new
        self.named: set[int] = set()
        used = np.unique(new.person[new.person >= 0]).tolist()
        if not used:
            return np.ma.masked_all(len(new), dtype=np.int64)
        ids = people.resolve(self.cur, [new.people[i] for i in used], source="receipt")
        several = people.of_several(self.cur, ids.values())
        self.named = {i for i in used if ids[new.people[i]] in several}
        by_person = np.zeros(len(new.people) + 1, dtype=np.int64)
        by_person[used] = [ids[new.people[i]] for i in used]
        return np.ma.masked_array(by_person[new.person], mask=new.person < 0)

    def _raw(self, i: int) -> str | None:
        """A receipt's raw form; of one from a file the identifier that named it, where the customer is of several."""
        new = self.new
        person = int(new.person[i])
        if new.raw[i] is not None or person not in self.named:
            return new.raw[i]
        kind, value = new.people[person]
        return json.dumps({"customer": {"kind": kind, "value": value}})

    def _numbers(self, sequence: str, count: int) -> Any:
        """A block of new ids."""
        if not count:
            return np.empty(0, dtype=np.int64)
        self.cur.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [sequence, count])
        return np.array([row[0] for row in self.cur.fetchall()], dtype=np.int64)

    def _write_arrivals(self) -> None:
        fresh = [i for i, key in enumerate(self.keys) if key not in self.inbox]
        mine = set(self.keys)
        expected = {entry.of for entry in self.taken if entry.of not in mine and entry.of not in self.inbox}
        self._copy_arrivals(fresh, sorted(expected))
        self.taken_over = [key for key in self.keys if key in self.inbox]
        locked = {*self.taken_over, *(entry.of for entry in self.taken)}
        if locked:
            returns.lock(self.cur, locked)
        if self.taken_over:
            self._take_over()
        if self.taken:
            returns.take(self.cur, self.taken)

    def _copy_arrivals(self, fresh: list[int], expected: list[Key]) -> None:
        """New rows of receipts, and of those that a return names first; in the order of their key."""
        new = self.new
        at = np.array(fresh, dtype=np.int64)
        blank = np.zeros(len(expected), dtype=np.int64)
        keys = [self.keys[i] for i in fresh] + expected
        order = sorted(range(len(keys)), key=keys.__getitem__)
        rank = np.array(order, dtype=np.int64)
        is_expected = np.arange(len(keys)) >= len(fresh)
        customer = np.ma.concatenate([self.customer[at], np.ma.masked_all(len(blank), np.int64)])
        row = np.r_[new.row[at], blank - 1]
        file_id = np.full(len(keys), self.import_file_id or 0)
        fingerprints = [new.fingerprint[i] for i in fresh] + [b""] * len(expected)
        raws = [_jsonb(self._raw(i)) for i in fresh] + [None] * len(expected)
        copy.write_columns(
            self.cur,
            "customers_arrival",
            _ARRIVAL,
            {
                "kind": np.ones(len(keys)),
                "source_id": np.array([keys[i][0] for i in order]),
                "external_id": [keys[i][1] for i in order],
                "fingerprint": [fingerprints[i] for i in order],
                "state": np.where(is_expected, ArrivalState.EXPECTED, SETTLED)[rank],
                "customer_id": customer[rank],
                "purchase_id": np.ma.masked_array(np.r_[self.purchase[at], blank], mask=is_expected)[rank],
                "store_id": np.ma.masked_array(np.r_[new.store[at], blank], mask=is_expected)[rank],
                "raw": [raws[i] for i in order],
                "import_file_id": np.ma.masked_array(file_id, mask=row < 0)[rank],
                "row": np.ma.masked_array(row, mask=row < 0)[rank],
            },
        )

    def _take_over(self) -> None:
        """Receipts whose row is there already: a return expected them, or they were set aside."""
        new = self.new
        rows = [
            (
                self.inbox[key].id,
                new.fingerprint[i],
                None if self.customer.mask[i] else int(self.customer[i]),
                int(self.purchase[i]),
                int(new.store[i]),
                self._raw(i),
                None if new.row[i] < 0 else self.import_file_id,
                None if new.row[i] < 0 else int(new.row[i]),
            )
            for i, key in enumerate(self.keys)
            if key in self.inbox
        ]
        self.cur.execute(_TAKE_OVER, [list(column) for column in zip(*rows, strict=True)])
        if self.cur.rowcount != len(rows):
            raise Again

    def _write_purchases(self) -> None:
        new, bought = self.new, np.flatnonzero(~np.ma.getmaskarray(self.customer))
        if not len(bought):
            return
        listed = bought.tolist()
        copy.write_columns(
            self.cur,
            "customers_purchase",
            _PURCHASE,
            {
                "id": self.purchase[bought],
                "customer_id": self.customer.data[bought],
                "store_id": new.store[bought],
                "source_id": new.source[bought],
                "channel": new.channel[bought],
                "business_date": new.business_day[bought],
                "occurred_at": new.occurred[bought],
                "amount": new.cents[bought],
                "discount": new.discount[bought],
                "external_id": [new.external_id[i] for i in listed],
                "staff_code": [new.staff[i] for i in listed],
            },
        )

    def _write_lines(self) -> None:
        lines = self.new.lines
        is_guest = np.ma.getmaskarray(self.customer)
        if is_guest.any():
            lines = lines.of(np.flatnonzero(~is_guest), len(self.new))
            purchase, customer = self.purchase[~is_guest], self.customer.data[~is_guest]
        else:
            purchase, customer = self.purchase, self.customer.data
        if not len(lines.receipt):
            return
        copy.write_columns(
            self.cur,
            "customers_line",
            _LINE,
            {
                "customer_id": customer[lines.receipt],
                "purchase_id": purchase[lines.receipt],
                "number": lines.number,
                "product_id": lines.product,
                "quantity": lines.milli,
                "amount": lines.cents,
                "discount": lines.discount,
            },
        )

    def _write_payments(self) -> None:
        paid = [row for row in self.new.payments if not self.customer.mask[row[0]]]
        if not paid:
            return
        at = np.array([row[0] for row in paid])
        copy.write_columns(
            self.cur,
            "customers_payment",
            _PAYMENT,
            {
                "customer_id": self.customer.data[at],
                "purchase_id": self.purchase[at],
                "number": np.array([row[1] for row in paid]),
                "method": [row[2] for row in paid],
                "amount": np.array([row[3] for row in paid]),
            },
        )

    def _see_stubs(self) -> None:
        new, bought = self.new, ~np.ma.getmaskarray(self.customer)
        customer, occurred, store = self.customer.data[bought], new.occurred[bought], new.store[bought]
        order = np.lexsort((store, occurred, customer))
        ids, first = np.unique(customer[order], return_index=True)
        at = order[first]
        seen = zip(ids.tolist(), occurred[at].tolist(), store[at].tolist(), strict=True)
        people.see_stubs(self.cur, {i: (_EPOCH + timedelta(microseconds=us), shop) for i, us, shop in seen})

    def _mark_stale(self) -> None:
        bought = ~np.ma.getmaskarray(self.customer)
        customer, day = self.customer.data[bought], self.new.business_day[bought]
        order = np.lexsort((day, customer))
        ids, first = np.unique(customer[order], return_index=True)
        if len(ids):
            since = [date.fromordinal(_EPOCH.toordinal() + int(on)) for on in day[order][first]]
            self.cur.execute(_STALE, [ids.tolist(), since])

    def _bought(self) -> Iterable[Changed]:
        is_known = ~np.ma.getmaskarray(self.customer)
        return map(Changed, self.customer.data[is_known].tolist(), self.purchase[is_known].tolist())

    def _guest_totals(self) -> guests.Totals:
        new, totals = self.new, guests.Totals()
        count = np.bincount(new.lines.receipt, minlength=len(new))
        for i in np.flatnonzero(np.ma.getmaskarray(self.customer)).tolist():
            day = date.fromordinal(_EPOCH.toordinal() + int(new.business_day[i]))
            one = guests.GuestTotals(1, int(count[i]), int(new.cents[i]), int(new.discount[i]))
            guests.merge(totals, {(int(new.store[i]), day, int(new.channel[i])): one})
        return totals


def _jsonb(raw: str | None) -> bytes | None:
    return None if raw is None else b"\x01" + raw.encode()  # version 1 of the wire format


_INBOX = f"""
SELECT a.source_id, a.external_id, a.id, a.fingerprint, a.state
FROM unnest({TEXTS}::smallint[], {TEXTS}) AS wanted (source_id, external_id)
JOIN customers_arrival a ON a.source_id = wanted.source_id AND a.external_id = wanted.external_id AND a.kind = 1
"""  # noqa: S608
_STALE = """
INSERT INTO customers_stalestate (customer_id, since) SELECT * FROM unnest(%s::bigint[], %s::date[])
"""
_TAKE_OVER = """
UPDATE customers_arrival a SET fingerprint = new.fingerprint, state = 1, reason = '', customer_id = new.customer_id,
    purchase_id = new.purchase_id, store_id = new.store_id, raw = new.raw, import_file_id = new.import_file_id,
    row = new.row, recorded_at = now()
FROM unnest(
    %s::bigint[], %s::bytea[], %s::bigint[], %s::bigint[], %s::bigint[], %s::jsonb[], %s::int[], %s::int[]
) AS new (id, fingerprint, customer_id, purchase_id, store_id, raw, import_file_id, row)
WHERE a.id = new.id AND a.state IN (3, 4)
"""
_ARRIVAL = {
    "kind": copy.INT2, "source_id": copy.INT2, "external_id": copy.TEXT, "fingerprint": copy.TEXT,
    "state": copy.INT2, "customer_id": copy.INT8, "purchase_id": copy.INT8, "store_id": copy.INT8,
    "raw": copy.TEXT, "import_file_id": copy.INT4, "row": copy.INT4,
}  # fmt: skip
_PURCHASE = {
    "id": copy.INT8, "customer_id": copy.INT8, "store_id": copy.INT8, "source_id": copy.INT2, "channel": copy.INT2,
    "business_date": copy.DATE, "occurred_at": copy.TIMESTAMPTZ, "amount": copy.MONEY, "discount": copy.MONEY,
    "external_id": copy.TEXT, "staff_code": copy.TEXT,
}  # fmt: skip
_LINE = {
    "customer_id": copy.INT8, "purchase_id": copy.INT8, "number": copy.INT2, "product_id": copy.INT8,
    "quantity": copy.MILLI, "amount": copy.MONEY, "discount": copy.MONEY,
}  # fmt: skip
_PAYMENT = {
    "customer_id": copy.INT8, "purchase_id": copy.INT8, "number": copy.INT2, "method": copy.TEXT,
    "amount": copy.MONEY,
}  # fmt: skip
