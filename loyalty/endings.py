"""When points become available and when they end: at a midnight of the store where they were earned.

A day that points still live on is their *last day*; they end at the first moment of the day after it, in the store's
zone. Where the clocks skip that midnight, the day begins when they jump; where it comes twice, with the first one.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from loyalty.models import Ending, Programme


def day_begins(on: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day in a zone."""
    return datetime.combine(on, time.min, tzinfo=zone).astimezone(UTC)


def day_ends(on: date, zone: ZoneInfo) -> datetime:
    return day_begins(on + timedelta(days=1), zone)


def vests_at(days: int, on: date, zone: ZoneInfo) -> datetime | None:
    """When goods bought on a business date can no longer be brought back; None: there is no such window."""
    return day_ends(on + timedelta(days=days), zone) if days else None


def expires_at(ending: str, count: int, on: date, zone: ZoneInfo) -> datetime | None:
    """When points earned (or, of ACTIVITY, a member last active) on a business date end. None: never."""
    last = last_day(ending, count, on)
    return None if last is None or last.year >= date.max.year else day_ends(last, zone)


def of_programme(programme: Programme, on: date, zone: ZoneInfo) -> datetime | None:
    """When points end that no purchase gave: as those of a purchase of that day. Where points live by purchases, these
    live as many months from that day."""
    ending = Ending.MONTHS if programme.ending == Ending.ACTIVITY else programme.ending
    return expires_at(ending, programme.ending_count, on, zone)


def last_day(ending: str, count: int, on: date) -> date | None:
    """The last day that they live on."""
    if ending == Ending.NEVER:
        return None
    if ending == Ending.YEAR_END:
        return date(min(on.year + count, date.max.year), 12, 31)
    later = months_later(on, count)
    return later.replace(day=monthrange(later.year, later.month)[1]) if ending == Ending.MONTH_END else later


def months_later(on: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))
