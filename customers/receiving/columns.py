"""Many receipts as columns. numpy is imported here, so this module is imported only where many come at once."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np


@dataclass
class Lines:
    """Lines of many receipts, receipt after receipt; `receipt` is the position of each line's receipt."""

    receipt: Any
    number: Any
    product: Any  # ids
    milli: Any
    cents: Any
    discount: Any

    def of(self, receipts: Any, count: int) -> "Lines":
        """Those of some receipts (positions, ascending), which are numbered anew."""
        place = np.full(count, -1, dtype=np.int64)
        place[receipts] = np.arange(len(receipts))
        at = place[self.receipt]
        keep = at >= 0
        kept = {f.name: getattr(self, f.name)[keep] for f in fields(self)}
        return Lines(**(kept | {"receipt": at[keep]}))


@dataclass
class Receipts:
    """One row a receipt: ids, cents, microseconds, days since 1970. `person` points into `people`; -1 is a guest."""

    source: Any
    external_id: list[str]
    fingerprint: list[bytes]
    store: Any
    channel: Any
    occurred: Any
    business_day: Any
    person: Any
    people: list[tuple[str, str]]
    staff: list[str]
    cents: Any
    discount: Any
    raw: Sequence[str | None]
    row: Any  # of the file; -1: not from a file
    lines: Lines
    payments: list[tuple[int, int, str, int]]  # (receipt, number, method, cents)

    def __len__(self) -> int:
        return len(self.external_id)

    def take(self, keep: Any) -> "Receipts":
        """Some of them (positions, ascending)."""
        if len(keep) == len(self):
            return self
        listed = keep.tolist()
        place = {old: new for new, old in enumerate(listed)}
        return Receipts(
            source=self.source[keep],
            external_id=[self.external_id[i] for i in listed],
            fingerprint=[self.fingerprint[i] for i in listed],
            store=self.store[keep],
            channel=self.channel[keep],
            occurred=self.occurred[keep],
            business_day=self.business_day[keep],
            person=self.person[keep],
            people=self.people,
            staff=[self.staff[i] for i in listed],
            cents=self.cents[keep],
            discount=self.discount[keep],
            raw=[self.raw[i] for i in listed],
            row=self.row[keep],
            lines=self.lines.of(keep, len(self)),
            payments=[(place[i], *rest) for i, *rest in self.payments if i in place],  # type: ignore[misc]
        )
