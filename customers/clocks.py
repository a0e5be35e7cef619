"""Times of follow-ups: a promise is kept by the clock of the customer's store, whoever looks at it from where."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm.org.models import Chain, Store

YEARS = range(2000, 2201)
MORNING, EVENING = time(10), time(18)


def zone_of(store: Store | None) -> ZoneInfo:
    return store.zone if store else ZoneInfo(Chain.current().timezone)


def local(text: str, zone: ZoneInfo) -> datetime | None:
    """What a field for day and time holds ("2026-11-26T18:00"), by the clock of `zone`; None for anything else.

    And for years in which nobody follows anything up: the ends of time cannot be shown in every zone.
    """
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    if told.year not in YEARS:
        return None
    return told if told.tzinfo else told.replace(tzinfo=zone)


def later(word: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """A time by its name: in an hour, this evening, tomorrow, on Monday, in a week. None for an unknown name."""
    here = now.astimezone(zone)
    if word == "hour":
        return (now + timedelta(hours=1)).replace(second=0, microsecond=0)
    days = {"evening": 0, "tomorrow": 1, "monday": 7 - here.weekday(), "week": 7}
    if word not in days:
        return None
    day = here.date() + timedelta(days=days[word])
    return datetime.combine(day, EVENING if word == "evening" else MORNING, tzinfo=zone)


def choices(now: datetime, zone: ZoneInfo) -> list[tuple[str, datetime]]:
    """The names that make sense now, with their times."""
    names = ["hour", "evening", "tomorrow", "monday", "week"]
    found: list[tuple[str, Any]] = [(name, later(name, now, zone)) for name in names]
    evening = dict(found)["evening"]
    return [
        (name, at) for name, at in found if at and (name != "evening" or evening > now + timedelta(hours=2))
    ]
