"""From when until when a coupon is good: whole days of the store, daylight saving included."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from crm.org.models import Chain, Store
from loyalty.coupons.rules import Rules


def window_of(rules: Rules, issued_at: datetime, zone: tzinfo) -> tuple[datetime, datetime | None]:
    """The first moment, and the first one that is too late (None: never). Both dates of the terms count as whole days;
    so does the last of the `days` after the day of issue."""
    begin, ends = issued_at, []
    if rules.from_on:
        begin = max(issued_at, midnight(rules.from_on, zone))
    if rules.to_on:
        ends.append(midnight(rules.to_on + timedelta(days=1), zone))
    if rules.days is not None:
        ends.append(midnight(issued_at.astimezone(zone).date() + timedelta(days=rules.days + 1), zone))
    return begin, min(ends, default=None)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The moment at which a day begins on the store's wall. Where the clock jumps over it: as it jumps."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def zone_of(store_id: int | None, home_store: Store | None = None) -> ZoneInfo:
    """Of the store where it happens, else of the home store, else of the chain."""
    store = Store.objects.filter(pk=store_id).first() if store_id else home_store
    return store.zone if store else ZoneInfo(Chain.current().timezone)
