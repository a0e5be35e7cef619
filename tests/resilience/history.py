"""A chain's week as files and as calls, and what must be in the database afterwards."""

import csv
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

STORES = ("HARB", "UPTN", "MIDL")
FIRST_DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
COLUMNS = ("source", "external_id", "store", "occurred_at", "customer_kind", "customer_value", "line", "product",
           "quantity", "amount")  # fmt: skip


@dataclass
class Expected:
    """What a customer must end with: purchases and cents, counted while the events are made up."""

    purchases: Counter[str] = field(default_factory=Counter)
    cents: Counter[str] = field(default_factory=Counter)
    lines: int = 0

    def add(self, member: str, amounts: list[int]) -> None:
        self.purchases[member] += 1
        self.cents[member] += sum(amounts)
        self.lines += len(amounts)


class History:
    def __init__(self, seed: int, members: int = 400) -> None:
        self.random = random.Random(seed)
        self.members = [f"M{number:06}" for number in range(members)]
        self.expected = Expected()

    def file(self, path: Path, number: int, receipts: int) -> Path:
        """One till's file."""
        with path.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            for i in range(receipts):
                rows = self._rows(f"file-{number}", f"{number}-{i}")
                writer.writerows(rows)
        return path

    def _rows(self, source: str, external_id: str) -> list[tuple[Any, ...]]:
        member, store, at, amounts = self._receipt()
        self.expected.add(member, amounts)
        return [
            (source, external_id, store, at, "member", member, n, f"SKU{n}", "1", f"{cents / 100:.2f}")
            for n, cents in enumerate(amounts, 1)
        ]

    def call(self, external_id: str) -> dict[str, Any]:
        """The body of one posted receipt."""
        member, store, at, amounts = self._receipt()
        self.expected.add(member, amounts)
        lines = [
            {"line": n, "product": f"SKU{n}", "quantity": "1", "amount": f"{cents / 100:.2f}"}
            for n, cents in enumerate(amounts, 1)
        ]
        who = {"kind": "member", "value": member}
        return {"source": "till", "external_id": external_id, "store": store, "occurred_at": at, "customer": who,
                "lines": lines}  # fmt: skip

    def _receipt(self) -> tuple[str, str, str, list[int]]:
        at = FIRST_DAY + timedelta(minutes=self.random.randrange(60 * 24 * 200))
        amounts = [self.random.randrange(50, 5000) for _ in range(self.random.randrange(1, 6))]
        return self.random.choice(self.members), self.random.choice(STORES), at.isoformat(), amounts
