"""The nights: which one readers see, starting one, and running its steps in order.

The *business date* of a night is the day it looks back on, in the chain's zone. A night is a job of kind "night",
keyed by its date. Nights run forward: a date before the published one is refused, the same date again replaces its
result (under a new number), and nights that were missed are caught up in order. Only one night runs at a time.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from crm.jobs import queue
from crm.jobs.models import Job
from crm.lib.refusals import Refusal
from crm.org.models import Chain
from customers.models import Night, PublishedNight

KIND = "night"
log = structlog.get_logger(__name__)
STARTS_AT = timedelta(hours=2, minutes=30)  # after midnight in the chain's zone: late tills have sent by then
CATCH_UP_MOST = 31  # nights; after a longer silence the older ones are left out and said to be


class NightIsPast(Refusal):
    code = "night_is_past"
    status = 409


class NightNotOver(Refusal):
    code = "night_not_over"


def published() -> Night | None:
    """The night that readers see, or None before the first."""
    pointer = PublishedNight.objects.select_related("night").first()
    return pointer.night if pointer else None


def night_of(on: date | None = None) -> Night | None:
    """The night that holds on a date: the latest published one up to it. Without a date: the published night."""
    last = published()
    if on is None or last is None or on >= last.on:
        return last
    past = Night.objects.filter(on__lte=on, pk__lte=last.pk, published_at__isnull=False)
    return past.order_by("-on", "-pk").first()


def published_dates() -> list[date]:
    """The business dates that have a published night, newest first: what a date picker offers."""
    rows = Night.objects.filter(published_at__isnull=False).order_by("-on").values_list("on", flat=True)
    return list(rows.distinct())


def last_business_date(at: datetime | None = None) -> date:
    """Yesterday in the chain's zone: the last day that is over."""
    return (at or timezone.now()).astimezone(ZoneInfo(Chain.current().timezone)).date() - timedelta(days=1)


def missed(until: date) -> list[date]:
    """The dates after the published night up to `until`; before the first night, `until` alone."""
    last = published()
    if last is None:
        return [until]
    return [last.on + timedelta(days=i) for i in range(1, (until - last.on).days + 1)]


def start(
    on: date, by: Any, *, rebuild: bool = False, steps: tuple[str, ...] = (), is_past: bool = False,
    has_segments: bool = False,
) -> Job:  # fmt: skip
    """Ask for the night of a business date: enqueues its job, or runs an ended one again. Returns the job.

    `rebuild`: recompute all purchase states from the purchases. `steps`: only these (by name), then publish. `is_past`:
    a later night follows at once, so what only the newest night shows is left out; but not who was in which
    segment when it `has_segments`.
    A job of that date that waits or runs is returned as it is. Refuses a date before the published night and a day
    that is not over.
    """
    last = published()
    if last is not None and on < last.on:
        raise NightIsPast(
            _("The night of %(last)s is published; nights run forward, so %(on)s cannot be run any more.")
            % {"last": date_format(last.on), "on": date_format(on)}
        )
    if on > last_business_date():
        raise NightNotOver(_("%(on)s is not over yet in the chain's time zone.") % {"on": date_format(on)})
    params = {
        "on": on.isoformat(),
        "rebuild": rebuild,
        "steps": list(steps),
        "past": is_past,
        "segments": has_segments,
    }
    job = Job.objects.filter(kind=KIND, key=on.isoformat()).first()
    if job is None:
        return queue.enqueue(KIND, key=on.isoformat(), params=params, by=by)
    if job.is_ended:
        queue.restart(job, by=by, params=params)
        job.refresh_from_db()
    return job


def catch_up(by: Any, until: date | None = None) -> list[Job]:
    """Ask for every missed night up to `until` (the last business date), in order. Returns their jobs.

    Asking again asks for nothing new; a night that stopped with an error is left to a person. What only the newest
    night shows is left to the last of them: who is in a segment today must not be decided by a day of last week.
    """
    dates = missed(until or last_business_date())
    if len(dates) > CATCH_UP_MOST:
        log.warning("nights_left_out", first=str(dates[0]), last=str(dates[-CATCH_UP_MOST - 1]))
    known = Job.objects.filter(kind=KIND)
    return [
        known.filter(key=on.isoformat()).first() or start(on, by, is_past=on != dates[-1])
        for on in dates[-CATCH_UP_MOST:]
    ]


def due_date(at: datetime | None = None) -> date:
    """The business date whose night is due by the clock: it starts at 02:30 in the chain's zone."""
    return last_business_date((at or timezone.now()) - STARTS_AT)


_window: list[Callable[[], int]] = [lambda: 365]


def use_window(days: Callable[[], int]) -> None:
    """Slot: the app that scores says how many days its window has."""
    _window[0] = days


def window_days() -> int:
    return _window[0]()
