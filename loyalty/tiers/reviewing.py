"""Reviewing members: upgrade at once, keep, notice, grace, downgrade. The statements decide; this says when.

A review of some customers (after their growth points or purchases moved) upgrades and takes back. The night does
everything, for all. Both end when nothing moves any more, so a second one writes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from crm.audit.trail import actor_name
from crm.org.models import Chain
from loyalty.models import Downgrade, Measure, Period, Tier, TierScheme
from loyalty.tiers import bought, dealing, statements

AT_ONCE = ("taken_back", "upgraded")
VERSIONS = 20  # that are looked at for goods that come back
MOST_STEPS = 20  # of one member in one review; a ladder has fewer


@dataclass(frozen=True)
class Terms:
    """A version of the rules on a business date, as the statements want it.

    `earlier`: of those before it, one for each other way of counting, since tiers were reached under them, too.
    """

    scheme: TierScheme
    values: dict[str, Any]
    earlier: tuple["Terms", ...] = ()

    @property
    def measure(self) -> Measure:
        return Measure(self.scheme.measure)

    @property
    def period(self) -> Period:
        return Period(self.scheme.period)

    def sql(self, way: str, who: str) -> str:
        return str(bought.WAYS[way](self.measure, self.period, who))


def terms_on(on: date, *, at: datetime, by: Any) -> Terms | None:
    """None: there is no version on that date."""
    versions = list(TierScheme.objects.filter(valid_from__lte=on).order_by("-valid_from", "-pk")[:VERSIONS])
    if not versions:
        return None
    now = terms_of(versions[0], on, at=at, by=by)
    others = {(one.measure, one.period): one for one in versions[1:]}
    others.pop((versions[0].measure, versions[0].period), None)
    return replace(now, earlier=tuple(terms_of(one, on, at=at, by=by) for one in others.values()))


def terms_of(scheme: TierScheme, on: date, *, at: datetime, by: Any) -> Terms:
    base = Tier.objects.values_list("code", flat=True).get(scheme=scheme, rank=0)
    values = {
        "on": on, "at": at, "actor": actor_name(by), "scheme": scheme.pk, "base": base,
        "zone": Chain.current().timezone, "months": scheme.months, "grace": scheme.grace_days,
        "notice": scheme.notice_days, "one_step": scheme.downgrade == Downgrade.ONE_STEP,
    }  # fmt: skip
    return Terms(scheme, values)


def review(customer_ids: Iterable[int], *, at: datetime, by: Any, on: date | None = None) -> int:
    """Upgrade these customers at once, and take back tiers whose goods came back. How many changes were written.

    `on` is the business date that is looked at (None: that of `at` in the chain's zone). Asking again writes nothing.
    """
    ids = sorted(set(customer_ids))
    day = on or at.astimezone(ZoneInfo(Chain.current().timezone)).date()
    terms = terms_on(day, at=at, by=by)
    if terms is None or not ids:
        return 0
    with transaction.atomic():
        one = len(ids) == 1  # named itself, so that the statement stays with one customer
        who, which = (statements.ONE, {"customer": ids[0]}) if one else (statements.SOME, {"ids": ids})
        counts = settle(terms, who, which, AT_ONCE)
        if moved := sum(counts.values()):
            dealing.at_once(ids, at=at)
    return moved


def settle(terms: Terms, who: str, which: dict[str, Any], ways: Iterable[str]) -> dict[str, int]:
    """Do these ways in their order until nothing moves any more; how many moved by each."""
    counts = dict.fromkeys(ways, 0)
    with connection.cursor() as cursor:
        for _step in range(MOST_STEPS):
            moved = 0
            for way in counts:
                for one in (terms, *terms.earlier) if way == "taken_back" else (terms,):
                    cursor.execute(one.sql(way, who), one.values | which)
                    counts[way] += cursor.rowcount
                    moved += cursor.rowcount
            if not moved:
                break
    return counts
