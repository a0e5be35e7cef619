"""The night's step: every member against the version that is valid on its business date, slice by slice.

A slice's changes and its checkpoint are one transaction. Run again for the same date it finds nothing to do, so a night
that starts over needs nothing taken back.
"""

from datetime import UTC, date, datetime
from itertools import product

from django.db import connection
from django.utils import timezone

from crm.jobs.claim import StepProgress
from crm.lib.statements import Statement
from customers.nightrun import NightRun
from loyalty.models import Measure, Period
from loyalty.tiers import bought, covering, returned, statements
from loyalty.tiers.reviewing import Terms, settle, terms_on

_EXAMPLE = {
    "low": 1, "high": 250_001, "on": date(2026, 3, 10), "at": datetime(2026, 3, 10, 18, tzinfo=UTC),
    "actor": "system:night", "scheme": 1, "base": "member", "zone": "Asia/Shanghai", "months": 12, "grace": 30,
    "notice": 30, "one_step": True,
}  # fmt: skip
_SOME, _ALL = list(zip(Measure, Period, strict=True)), list(product(Measure, Period))
STATEMENTS = [
    Statement(
        f"tiers.{way}.{measure.name.lower()}.{period.name.lower()}",
        make(measure, period, statements.SLICE),
        _EXAMPLE,
    )
    for way, make in bought.WAYS.items()
    for measure, period in (_ALL if make is returned.take_back else _SOME)
]


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Upgrade, keep, give notice and grace, downgrade."""
    terms = terms_on(night_run.on, at=timezone.now(), by="system:night")
    for number, (low, high) in enumerate(night_run.ranges):
        if terms is not None and not night_run.claim.is_part_done("tier_review", number):
            with night_run.claim.part("tier_review", number):
                counts = settle_slice(terms, low, high)
            for way, moved in counts.items():
                progress.counts[way] = progress.counts.get(way, 0) + moved
        progress.advance()


def settle_slice(terms: Terms, low: int, high: int) -> dict[str, int]:
    """All ways for a slice, in the caller's transaction; how many moved by each."""
    on, at, by = (terms.values[name] for name in ("on", "at", "actor"))
    begun = covering.begin(on, {"low": low, "high": high}, by=by, at=at)
    _look_at_many()
    return {"paid_begun": begun} | settle(terms, statements.SLICE, {"low": low, "high": high}, bought.WAYS)


def _look_at_many() -> None:
    """Until the end of the transaction. What was written of memberships just now is in no statistics: for the few that
    are in there, the planner would sum up everybody's movements once for each member.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', 'off', true)")
