"""Numbers, money and times as people read them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from crm.ui import words
from crm.ui.templatetags import ui

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_thousands_are_parted_in_every_language(language: str) -> None:
    with translation.override(language):
        assert words.number(1469307) == "1,469,307"


def test_numbers_are_rounded_half_up_as_tills_do() -> None:
    assert words.number(Decimal("2.345"), 2) == "2.35"
    assert words.number(Decimal("2.5"), 0) == "3"
    assert words.number(12.34) == "12.3"
    assert words.number(None) == "–"


def test_money_carries_its_currency() -> None:
    assert words.money(Decimal("1234.5"), "CNY") == "¥1,234.50"
    assert words.money(Decimal("-3"), "USD") == "\u2212$3.00"
    assert words.money(1500, "JPY") == "¥1,500"
    assert words.money(1, "CHF") == "CHF\u00a01.00"
    assert words.money(None, "CNY") == "–"


def test_percent() -> None:
    assert words.percent(0.1234) == "12.3%"
    assert words.percent(1, 0) == "100%"


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(hours=30), "yesterday"),
        (timedelta(days=20), "20 days ago"),
        (timedelta(days=90), "3 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(minutes=-5), "in 5 minutes"),
        (timedelta(days=-30), "in 30 days"),
    ],
)
def test_times_are_relative(before: timedelta, said: str) -> None:
    assert words.ago(NOON - before, NOON) == said


def test_a_date_is_told_by_days() -> None:
    assert words.ago(date(2026, 3, 10), NOON) == "today"
    assert words.ago(date(2026, 3, 9), NOON) == "yesterday"
    assert words.ago(date(2026, 3, 11), NOON) == "tomorrow"


@pytest.mark.parametrize(
    ("language", "day", "month", "month_day", "gap"),
    [
        ("en", "Oct 3, 2026", "Oct 2026", "Oct 3", " "),
        ("zh-hans", "2026年10月3日", "2026年10月", "10月3日", ""),
        ("zh-hant", "2026年10月3日", "2026年10月", "10月3日", ""),
    ],
)
def test_dates_have_one_form_in_each_language(
    language: str, day: str, month: str, month_day: str, gap: str
) -> None:
    on = date(2026, 10, 3)
    with translation.override(language):
        assert (words.day(on), words.month(on), words.month_day(on)) == (day, month, month_day)
        assert words.gap() == gap


def test_seconds() -> None:
    assert words.seconds(0.44) == "0.4 s"
    assert words.seconds(59.6) == "1 min 0 s"
    assert words.seconds(185) == "3 min 5 s"
    assert words.seconds(None) == "–"


@pytest.mark.parametrize(
    ("store", "reader"),
    [
        ("America/Chicago", "America/New_York"),
        ("America/Chicago", "America/Los_Angeles"),
        ("Asia/Shanghai", "Asia/Tokyo"),
    ],
)
def test_an_end_at_a_stores_midnight_is_told_by_its_last_day_to_everybody(store: str, reader: str) -> None:
    midnight = datetime(2027, 1, 1, tzinfo=ZoneInfo(store))
    with timezone.override(ZoneInfo(reader)), translation.override("en"):
        assert "Dec 31, 2026" in ui.last_day(midnight)
        assert ui.last_day(None) == words.NOTHING
