"""Reveals: what a role sees masked, shown in full for once, and written down with who, when and why."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import median
from typing import ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Staff
from crm.privacy import masking
from crm.privacy.models import Reveal, RevealReason

UNUSUAL_LEAST = 20  # a day with fewer is never unusual
UNUSUAL_TIMES = 3  # of what the person does on other days


class MayNotReveal(Refusal):
    code: ClassVar[str] = "may_not_reveal"
    status: ClassVar[int] = 403


class ReasonMissing(Refusal):
    code: ClassVar[str] = "reason_missing"


class ReasonUnknown(Refusal):
    code: ClassVar[str] = "reason_unknown"


def reveal(staff: Staff, *, customer_id: int, store_id: int | None, what: str, reason: str = "") -> Reveal:
    """Write down that this person is shown `what` of a customer. Nothing is written down that was not said.

    Raises MayNotReveal, ReasonMissing, ReasonUnknown; then it is not shown.
    """
    allowed = masking.reveals(staff)
    if allowed is masking.Reveals.NO:
        raise MayNotReveal(_("Your role does not see this in full."))
    if reason and reason not in RevealReason.chosen():
        raise ReasonUnknown(_("Say why."), faults=(Fault("/reason", _("Say why.")),))
    if not reason and allowed is masking.Reveals.WITH_REASON:
        raise ReasonMissing(_("Say why."), faults=(Fault("/reason", _("Say why.")),))
    with transaction.atomic():
        made = Reveal.objects.create(
            staff=staff,
            customer_id=customer_id,
            store_id=store_id,
            what=what,
            reason=reason or RevealReason.NONE,
        )
        about, details = f"customers.customer:{customer_id}", {"kind": what, "reason": str(made.reason)}
        trail.record("customer.reveal", about, by=staff, store_id=store_id, details=details)
    return made


@dataclass
class Habit:
    """What one person looked at in a stretch of time. `busiest` is the day with most reveals."""

    staff: Staff
    days: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    customers: set[int] = field(default_factory=set)

    @property
    def count(self) -> int:
        return sum(self.days.values())

    @property
    def busiest(self) -> tuple[date, int]:
        return max(self.days.items(), key=lambda told: told[1])

    @property
    def is_unusual(self) -> bool:
        """Many on one day, and far more than this person does on the others (or: on the only one)."""
        day, most = self.busiest
        others = [count for other, count in self.days.items() if other != day]
        return most >= UNUSUAL_LEAST and most > UNUSUAL_TIMES * (median(others) if others else 0)


def habits(rows: QuerySet[Reveal]) -> list[Habit]:
    """By person, those with unusual days first, then by number."""
    known: dict[int, Habit] = {}
    for row in _told(rows.select_related("staff")):
        habit = known.setdefault(row.staff_id, Habit(row.staff))
        habit.days[_day(row.at)] += 1
        habit.customers.add(row.customer_id)
    return sorted(known.values(), key=lambda one: (not one.is_unusual, -one.count))


def _told(rows: QuerySet[Reveal]) -> Iterable[Reveal]:
    return rows.order_by("pk").iterator(chunk_size=2000)


def _day(at: datetime) -> date:
    return timezone.localtime(at).date()
