"""Who would stand on another tier: by the measure alone, at the period's end, without locks, grace and bought tiers.

Growth points change with the rules; spend and visits do not, so there only other thresholds move anybody.
"""

from datetime import date
from typing import Any

import numpy as np
from django.db import connection

from crm.lib.arrays import array_text
from crm.lib.statements import Statement
from loyalty.models import Measure, Period, Tier, TierScheme
from loyalty.simulation.drafts import Draft, held_on
from loyalty.simulation.replay import Replayed
from loyalty.tiers import statements


class Rungs:
    """The tiers that can be reached at the end of a draft's period, as they are and as the draft has them."""

    def __init__(self, draft: Draft, zone: str) -> None:
        self.draft, self.scheme, self.zone = draft, TierScheme.valid_on(held_on(draft)), zone
        tiers = Tier.objects.filter(scheme=self.scheme, is_paid=False).order_by("rank") if self.scheme else []
        self.codes = [tier.code for tier in tiers]
        self.live = [tier.threshold for tier in tiers]
        self.drafted = [draft.tiers.get(tier.code, tier.threshold) for tier in tiers]

    @property
    def begins(self) -> date:
        """From which day the measure counts; a year of membership is taken as the last twelve months."""
        assert self.scheme is not None
        to_on, months = self.draft.to_on, 12
        if self.scheme.period == Period.CALENDAR_YEAR:
            return to_on.replace(month=1, day=1)
        if self.scheme.period == Period.ROLLING:
            months = self.scheme.months
        later = to_on.year * 12 + to_on.month - 1 - months
        return date(later // 12, later % 12 + 1, 1)

    def moves(self, found: Replayed) -> dict[str, int]:
        """How many of a slice's customers go from which tier to which: "silver>gold"."""
        if not self.codes or self.scheme is None:
            return {}
        ids, place = np.unique(found.customer, return_inverse=True)
        live = self._measured(ids)
        change = np.zeros(len(ids), dtype=np.int64)
        if self.scheme.measure == Measure.GROWTH:
            counted = found.is_counted & (found.day >= (self.begins - date(1970, 1, 1)).days)
            np.add.at(change, place, np.where(counted, found.growth_kept - found.live["growth_kept"], 0))
        moves: dict[str, int] = {}
        for before, more in zip(live, change.tolist(), strict=True):
            was, now = _reached(self.live, before), _reached(self.drafted, before + more)
            key = f"{self.codes[was]}>{self.codes[now]}"
            moves[key] = moves.get(key, 0) + 1
        return moves

    def _measured(self, ids: Any) -> list[int]:
        assert self.scheme is not None
        given: dict[str, Any] = {
            "ids": array_text(ids),
            "from": self.begins,
            "to": self.draft.to_on,
            "zone": self.zone,
        }
        with connection.cursor() as cursor:
            cursor.execute(MEASURED[Measure(self.scheme.measure)].sql, given)
            known = dict(cursor.fetchall())
        return [int(known.get(pk) or 0) for pk in ids.tolist()]


def _reached(thresholds: list[int], measure: int) -> int:
    """The place of the highest tier whose threshold is reached, whatever their order in a draft."""
    reached = [place for place, least in enumerate(thresholds) if least <= measure]
    return max(reached, default=0)


_MEMBERS = """
SELECT c.id AS customer_id, %(from)s::date AS from_on, %(to)s::date AS to_on FROM customers_customer c
WHERE c.id = ANY(%(ids)s::bigint[])
"""
_EXAMPLE = {"ids": "{1}", "from": "2026-01-01", "to": "2026-12-31", "zone": "Asia/Shanghai"}
MEASURED = {
    measure: Statement(f"simulation.{measure.name.lower()}", text.format(members=_MEMBERS), _EXAMPLE)
    for measure, text in statements.MEASURES.items()
}
STATEMENTS = list(MEASURED.values())
