"""Numbers, money and times as people read them, in the language that is active."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import get_language, get_language_info, ngettext
from django.utils.translation import gettext as _

NOTHING = "–"
SIGNS = {
    "CNY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "HKD": "HK$",
    "TWD": "NT$",
    "MOP": "MOP$",
    "SGD": "S$",
    "AUD": "A$",
    "CAD": "CA$",
    "KRW": "₩",
    "THB": "฿",
    "VND": "₫",
    "INR": "₹",
}
WHOLE = frozenset({"JPY", "KRW", "VND"})


def number(value: Any, places: int | None = None) -> str:
    """12345.6 → 12,345.6; None → a dash."""
    if value is None or value == "":
        return NOTHING
    if places is None:
        places = 0 if value == int(value) else 1
    return formats.number_format(
        _rounded(value, places), decimal_pos=places, use_l10n=True, force_grouping=True
    )


def money(value: Any, currency: str, places: int | None = None) -> str:
    """The chain's currency in front, its sign where one is known; a minus goes before it."""
    if value is None or value == "":
        return NOTHING
    if places is None:
        places = 0 if currency in WHOLE else 2
    amount = _rounded(value, places)
    sign = SIGNS.get(currency, f"{currency}\u00a0")
    return ("\u2212" if amount < 0 else "") + sign + number(abs(amount), places)


def gap() -> str:
    """What stands between two sentences: Chinese ends them with a full-width mark and leaves no room."""
    return "" if (get_language() or "").startswith("zh") else " "


def percent(share: Any, places: int = 1) -> str:
    """0.1234 → 12.3%."""
    if share is None or share == "":
        return NOTHING
    return number(Decimal(str(share)) * 100, places) + "%"


def day(value: date | None) -> str:
    """A date, short."""
    if value is None:
        return NOTHING
    return formats.date_format(
        timezone.localtime(value) if isinstance(value, datetime) else value, "DATE_FORMAT"
    )


def month(value: date) -> str:
    """The month of a date, with its year."""
    return formats.date_format(value, "YEAR_MONTH_FORMAT")


def month_day(value: date) -> str:
    """A date without its year, where that is plain or stands beside it."""
    return formats.date_format(value, "MONTH_DAY_FORMAT")


def exact(value: date | datetime) -> str:
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")
    return formats.date_format(value, "DATE_FORMAT")


def clock(value: datetime) -> str:
    return formats.date_format(timezone.localtime(value), "TIME_FORMAT")


def ago(value: date | datetime, now: datetime | None = None) -> str:  # noqa: PLR0911  one return a span
    """ "3 hours ago", "yesterday", "in 2 days"; past 60 days, months; past 2 years, years."""
    now = now or timezone.now()
    if isinstance(value, datetime):
        seconds = (now - value).total_seconds()
        if abs(seconds) < 60:
            return _("just now")
        if abs(seconds) < 3600:
            return _past_or_future(int(abs(seconds) // 60), seconds > 0, _minutes)
        if abs(seconds) < 86400:
            return _past_or_future(int(abs(seconds) // 3600), seconds > 0, _hours)
        value = timezone.localtime(value).date()
    days = (timezone.localtime(now).date() - value).days
    if days == 0:
        return _("today")
    if days == 1:
        return _("yesterday")
    if days == -1:
        return _("tomorrow")
    return _past_or_future(abs(days), days > 0, _long)


def language(code: str) -> str:
    """The name of a language; a code that nobody knows stays as it is."""
    try:
        return _(get_language_info(code)["name"])
    except KeyError:
        return code


def seconds(value: float | None) -> str:
    """How long something took: 0.4 s, 12 s, 3 min 5 s."""
    if value is None:
        return NOTHING
    if value < 10:
        return _("%(n)s s") % {"n": number(Decimal(str(value)), 1)}
    minutes, rest = divmod(round(value), 60)
    if not minutes:
        return _("%(n)s s") % {"n": rest}
    return _("%(m)s min %(s)s s") % {"m": number(minutes), "s": rest}


def _past_or_future(count: int, is_past: bool, words: Any) -> str:
    return (_("%(span)s ago") if is_past else _("in %(span)s")) % {"span": words(count)}


def _minutes(count: int) -> str:
    return ngettext("%(n)d minute", "%(n)d minutes", count) % {"n": count}


def _hours(count: int) -> str:
    return ngettext("%(n)d hour", "%(n)d hours", count) % {"n": count}


def _long(days: int) -> str:
    if days < 60:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if days < 730:
        months = round(days / 30.44)
        return ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
    years = days // 365
    return ngettext("%(n)d year", "%(n)d years", years) % {"n": years}


def _rounded(value: Any, places: int) -> Decimal:
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
