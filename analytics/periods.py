"""The days that an analysis looks at, and the days it compares them with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

EARLIEST = date(1990, 1, 1)  # no till remembers more, and a year before it is still a date
YEAR = timedelta(days=364)  # 52 weeks: each day is compared with the same day of the week


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both of them included."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    def back(self, span: timedelta) -> "Period":
        return Period(self.since - span, self.until - span)


class Preset(models.TextChoices):
    """Counted back from the last day that a night has closed."""

    WEEKS_4 = "4w", _("The last 4 weeks")
    WEEKS_13 = "13w", _("The last 13 weeks")
    WEEKS_26 = "26w", _("The last 26 weeks")
    WEEKS_52 = "52w", _("The last 52 weeks")
    MONTH = "month", _("The last full month")
    OWN = "own", _("Own dates")


class Against(models.TextChoices):
    BEFORE = "before", _("As many days before")
    YEAR = "year", _("The same weeks a year ago")


def period_of(preset: str, on: date) -> Period:
    """The days of a preset, `on` being the last day that is known."""
    found: dict[str, Callable[[], Period]] = {
        Preset.WEEKS_13: lambda: _weeks(13, on),
        Preset.WEEKS_26: lambda: _weeks(26, on),
        Preset.WEEKS_52: lambda: _weeks(52, on),
        Preset.MONTH: lambda: _full_month(on),
    }
    return found.get(preset, lambda: _weeks(4, on))()


def compared(period: Period, against: str) -> Period:
    """The days that `period` is compared with; as many as it has."""
    return period.back(YEAR if against == Against.YEAR else timedelta(days=period.days))


def _weeks(number: int, on: date) -> Period:
    return Period(on - timedelta(days=7 * number - 1), on)


def _full_month(on: date) -> Period:
    """The month of `on` when that is its last day, else the one before."""
    last = on if (on + timedelta(days=1)).day == 1 else on.replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)
