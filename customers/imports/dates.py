"""Dates as people's files write them. Where a date can be read two ways nobody guesses."""

import re
from datetime import date

_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d.*|Z|[+-]\d\d:\d\d)?")
_RUN = re.compile(r"(\d{4})(\d\d)(\d\d)")
_CHINESE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?")
_DOTS = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})")
_MONTHS = 12


class AmbiguousDate(ValueError):
    """03/04/1980: the third of April, or the fourth of March."""


def read(text: str) -> date:
    """The day. 1980-12-31 (a time after it is left out), 1980/12/31, 19801231, 1980年12月31日, 31.12.1980 (day first),
    and 31/12/1980 or 12-31-1980 where only one reading exists. Raises ValueError, or AmbiguousDate.
    """
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found[1], found[3], found[4]
    elif found := _RUN.fullmatch(text) or _CHINESE.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DOTS.fullmatch(text):
        day, month, year = found.groups()
    elif found := _YEAR_LAST.fullmatch(text):
        year, month, day = found[4], *_month_and_day(found[1], found[3])
    else:
        raise ValueError(text)
    return date(int(year), int(month), int(day))


def _month_and_day(first: str, second: str) -> tuple[str, str]:
    if int(first) > _MONTHS:
        return second, first
    if int(second) > _MONTHS or int(first) == int(second):
        return first, second
    raise AmbiguousDate(f"{first} {second}")
