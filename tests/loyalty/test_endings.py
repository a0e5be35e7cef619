"""When points end: the store's midnight, on both days on which the clocks change too."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from loyalty import endings
from loyalty.models import Ending

BERLIN, HAVANA, BEIRUT = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Havana"), ZoneInfo("Asia/Beirut")


@pytest.mark.parametrize(
    ("ending", "count", "on", "last"),
    [
        (Ending.NEVER, 3, date(2026, 3, 10), None),
        (Ending.MONTHS, 1, date(2026, 1, 31), date(2026, 2, 28)),
        (Ending.MONTHS, 12, date(2024, 2, 29), date(2025, 2, 28)),
        (Ending.MONTHS, 11, date(2026, 1, 15), date(2026, 12, 15)),
        (Ending.ACTIVITY, 6, date(2026, 8, 31), date(2027, 2, 28)),
        (Ending.MONTH_END, 0, date(2026, 2, 1), date(2026, 2, 28)),
        (Ending.MONTH_END, 1, date(2026, 1, 31), date(2026, 2, 28)),
        (Ending.MONTH_END, 12, date(2026, 12, 31), date(2027, 12, 31)),
        (Ending.YEAR_END, 0, date(2026, 12, 31), date(2026, 12, 31)),
        (Ending.YEAR_END, 1, date(2026, 1, 1), date(2027, 12, 31)),
    ],
)
def test_the_last_day(ending: Ending, count: int, on: date, last: date | None) -> None:
    assert endings.last_day(ending, count, on) == last


@pytest.mark.parametrize(
    ("on", "zone", "begins"),
    [
        (date(2026, 3, 29), BERLIN, datetime(2026, 3, 28, 23, tzinfo=UTC)),  # a day of 23 hours …
        (date(2026, 3, 30), BERLIN, datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (date(2026, 10, 25), BERLIN, datetime(2026, 10, 24, 22, tzinfo=UTC)),  # … and one of 25
        (date(2026, 10, 26), BERLIN, datetime(2026, 10, 25, 23, tzinfo=UTC)),
        (date(2026, 3, 29), BEIRUT, datetime(2026, 3, 28, 22, tzinfo=UTC)),  # no midnight: it begins at one
        (date(2026, 11, 1), HAVANA, datetime(2026, 11, 1, 4, tzinfo=UTC)),  # two midnights: the first
    ],
)
def test_a_day_begins_once(on: date, zone: ZoneInfo, begins: datetime) -> None:
    assert endings.day_begins(on, zone) == begins


def test_points_live_through_their_last_day() -> None:
    ends = endings.expires_at(Ending.MONTHS, 1, date(2026, 9, 25), BERLIN)
    assert ends == datetime(2026, 10, 25, 23, tzinfo=UTC)  # the 25 hours of 25 October are theirs
    assert endings.expires_at(Ending.NEVER, 1, date(2026, 9, 25), BERLIN) is None


def test_the_window_of_returns() -> None:
    assert endings.vests_at(0, date(2026, 3, 10), BERLIN) is None
    assert endings.vests_at(14, date(2026, 3, 15), BERLIN) == datetime(2026, 3, 29, 22, tzinfo=UTC)
