"""One part of a receipts file: its rows grouped to receipts and returns, applied, and counted."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from customers.imports import receipt_events
from customers.imports.receipt_events import References
from customers.imports.receipt_groups import Groups
from customers.imports.receipt_rows import REASONS
from customers.imports.spill import column
from customers.models import ArrivalState
from customers.receiving import engine


@dataclass
class PartOutcome:
    """Rows by fate, events by kind, and the rejected rows as (row, reason number, source, external id, line)."""

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[tuple[int, int, str, str, int]] = field(default_factory=list)


class Part:
    def __init__(self, table: pa.Table, references: References) -> None:
        self.references = references
        self.groups = groups = Groups(table)
        is_usable = groups.group_reason == 0
        self.bought = np.flatnonzero(is_usable & ~groups.is_return)
        self.back = np.flatnonzero(is_usable & groups.is_return)
        self.receipts = receipt_events.receipts(groups, self.bought, references)

    def apply(self, cur: Any, import_file_id: int) -> PartOutcome:
        """Apply what is usable, in the caller's transaction and under the gate. May be called again."""
        groups, bought, back, is_return = self.groups, self.bought, self.back, self.groups.is_return
        taken = receipt_events.returned(groups, back, self.references, import_file_id)
        applied = engine.apply(cur, self.receipts, taken, import_file_id=import_file_id)
        verdict = np.zeros(len(groups.starts), dtype=np.int8)
        verdict[bought], verdict[back] = applied.receipts, applied.returns
        conflict = np.where(is_return, REASONS["return_conflict"], REASONS["receipt_conflict"])
        reason = np.where(verdict == engine.CONFLICT, conflict, groups.group_reason)
        waiting = self._quarantined(cur, [g for g in back.tolist() if verdict[g] == engine.APPLIED], reason)
        outcome = self._counted(verdict, reason)
        outcome.counts["waiting"] = waiting
        return outcome

    def _quarantined(self, cur: Any, which: list[int], reason: Any) -> int:
        """Returns that were kept aside count as rejected; gives the rows of those that wait for their receipt."""
        waiting = 0
        if not which:
            return waiting
        starts = self.groups.starts[which]
        sources = self.references.sources[column(self.groups.table, "source")[starts]].tolist()
        ids = column(self.groups.table, "external_id").take(pa.array(starts)).to_pylist()
        cur.execute(_STATES, [sources, ids])
        for place, state, why in cur.fetchall():
            group = which[place - 1]
            if state == ArrivalState.QUARANTINED:
                reason[group] = REASONS[why]
            waiting += int(self.groups.sizes[group]) if state == ArrivalState.WAITING else 0
        return waiting

    def _counted(self, verdict: Any, reason: Any) -> PartOutcome:
        groups = self.groups
        twice = np.bincount(groups.group[groups.is_twice], minlength=len(groups.starts))
        is_applied = (verdict == engine.APPLIED) & (reason == 0)
        applied = int((groups.sizes - twice)[is_applied].sum())
        duplicates = int(groups.sizes[verdict == engine.DUPLICATE].sum() + twice[is_applied].sum())
        outcome, rows = PartOutcome(), len(groups.row)
        outcome.counts.update(
            rows=rows, applied=applied, duplicates=duplicates, rejected=rows - applied - duplicates,
            receipts=int((is_applied & ~groups.is_return).sum()), returns=int((is_applied & groups.is_return).sum()),
        )  # fmt: skip
        for row in np.flatnonzero((reason != 0)[groups.group]).tolist():
            why = int(groups.reason[row]) or int(reason[groups.group[row]])
            outcome.rejected.append((int(groups.row[row]), why, *self._named(row)))
        return outcome

    def _named(self, row: int) -> tuple[str, str, int]:
        source = self.references.source_codes[column(self.groups.table, "source")[row]]
        return source, column(self.groups.table, "external_id")[row].as_py(), int(self.groups.line[row])


_STATES = """
SELECT wanted.place, a.state, a.reason
FROM unnest(%s::smallint[], %s::text[]) WITH ORDINALITY AS wanted (source_id, external_id, place)
JOIN customers_arrival a ON a.source_id = wanted.source_id AND a.external_id = wanted.external_id AND a.kind = 2
"""
