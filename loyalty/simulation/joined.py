"""Customers who turned out to be one: before the merge each had limits, tier and birthday of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from customers.models import Merge
from loyalty.accrual.limits import Used
from loyalty.accrual.loading import Loaded


@dataclass
class Joined:
    """`owners`: by purchase, from whom the first merge that stands took it. `merges`: by customer, one after the other,
    (when, in microseconds since 1970; who gave; who took)."""

    owners: dict[int, int] = field(default_factory=dict)
    merges: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, customers: Any) -> "Joined":
        found = cls()
        rows = Merge.objects.standing().filter(customer_id__in=np.unique(customers).tolist()).order_by("pk")
        for one in rows.only("customer_id", "loser_id", "survivor_id", "before", "undone_at"):
            if since := one.before.get("since"):
                at = int(datetime.fromisoformat(since).timestamp() * 1_000_000)
                taker = one.survivor_id or one.customer_id
                found.merges.setdefault(one.customer_id, []).append((at, one.loser_id, taker))
            for purchase in one.before.get("moved", {}).get("customers.Purchase", []):
                found.owners.setdefault(purchase, one.loser_id)
        return found

    def epochs(self, loaded: Loaded, earned_at: Any) -> Any:
        """By receipt, how many merges of what is one customer now came before it was earned."""
        found = np.zeros(len(loaded), dtype=np.int64)
        for merges in self.merges.values():
            mine = np.isin(loaded.receipts.customer, [pk for _at, *pair in merges for pk in pair])
            whens = np.array([at for at, *_pair in merges])
            found[mine] = np.searchsorted(whens, earned_at[mine], side="right")
        return found

    def carry(self, used: Used, epoch: int) -> None:
        """As this epoch begins, what the loser used of the limits counts for the survivor."""
        for giver, taker in self._of(epoch):
            for (who, month), receipts in list(used.receipts.items()):
                if who == giver:
                    used.receipts.setdefault((taker, month), []).extend(receipts)

    def _of(self, epoch: int) -> Iterator[tuple[int, int]]:
        for merges in self.merges.values():
            if 0 < epoch <= len(merges):
                yield merges[epoch - 1][1:]
