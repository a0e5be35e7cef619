"""From when until when a coupon is good: whole days of the store, daylight saving included."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from crm.org.models import Chain, Store
from loyalty.coupons.rules import Rules


def window_of(rules: Rules, issued_at: datetime, zone: tzinfo) -> tuple[datetime, datetime | None]:
    """The first moment, and the first one that is too late (None: never). Both dates of the terms count as whole days;
    so does the last of the `days` after the day of issue. A last day in the last year that there is means for ever."""
    begin, ends = issued_at, []
    if rules.from_on and rules.from_on > issued_at.astimezone(zone).date():
        begin = midnight(rules.from_on, zone)
    if rules.to_on and rules.to_on.year < date.max.year:
        ends.append(midnight(rules.to_on + timedelta(days=1), zone))
    if rules.days is not None:
        ends.append(midnight(issued_at.astimezone(zone).date() + timedelta(days=rules.days + 1), zone))
    return begin, min(ends, default=None)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The moment at which a day begins on the store's wall. Where the clock jumps over it: as it jumps."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def zones_of(stores: Collection[int | None]) -> dict[int | None, ZoneInfo]:
    """Of each of these stores; of none the chain's."""
    known = {one.pk: one.zone for one in Store.objects.filter(pk__in=[pk for pk in stores if pk])}
    chain = ZoneInfo(Chain.current().timezone)
    return {pk: known.get(pk, chain) if pk else chain for pk in stores}


def zone_of(store_id: int | None, home_store: Store | None = None) -> ZoneInfo:
    """Of the store where it happens, else of the home store, else of the chain."""
    store = Store.objects.filter(pk=store_id).first() if store_id else home_store
    return store.zone if store else ZoneInfo(Chain.current().timezone)
