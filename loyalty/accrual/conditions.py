"""What a rule asks of a receipt and of its lines. Kept as JSON, read into a type: what it does not know is refused.

Several values of one kind mean any of them; several kinds mean all of them. Kinds about goods choose the lines; all
others are about the receipt.
"""

from datetime import date
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

Weekday = Annotated[int, Meta(ge=0, le=6)]  # Monday is 0
Hour = Annotated[int, Meta(ge=0, le=24)]


class Condition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`categories` are paths and mean all below; brands, stores and regions are row numbers, products SKUs.

    `hours` are [from, until) by the store's clock; past midnight is allowed. `dates` hold both ends.
    `birthday_days`: within so many days of it, before or after (3: the week around it). `minimum_cents`: at
    least so much of the receipt's eligible goods that the rule is about.
    """

    categories: tuple[str, ...] = ()
    brands: tuple[int, ...] = ()
    products: tuple[str, ...] = ()
    stores: tuple[int, ...] = ()
    regions: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    tiers: tuple[str, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    hours: tuple[Hour, Hour] | None = None
    dates: tuple[date, date] | None = None
    birthday_days: Annotated[int, Meta(ge=0, le=31)] | None = None
    is_first: bool = False
    minimum_cents: Annotated[int, Meta(ge=0, le=10**12)] = 0

    @property
    def chooses_goods(self) -> bool:
        return bool(self.categories or self.brands or self.products)


class Unreadable(ValueError):
    """No condition: an unknown name, or a value of another kind."""


def read(kept: dict[str, Any]) -> Condition:
    """Raises Unreadable."""
    return _read(msgspec.json.encode(kept))


@lru_cache(maxsize=1024)
def _read(text: bytes) -> Condition:
    try:
        return msgspec.json.decode(text, type=Condition)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)) from error


def kept(condition: Condition) -> dict[str, Any]:
    """The form in which it is kept, with lists as JSON gives them back: the same condition is equal to it."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(condition))
    return found


def in_hours(hours: tuple[int, int], minute: int) -> bool:
    """Whether a minute of the day lies in [from, until), which may go past midnight."""
    start, end = hours[0] * 60, hours[1] * 60
    return start <= minute < end if start < end else minute >= start or minute < end


def is_below(path: str, tops: tuple[str, ...]) -> bool:
    """Whether a category is one of these or below one."""
    return any(path == top or path.startswith(top + "/") for top in tops)


def days_from_birthday(birthday: date | None, on: date) -> int | None:
    """Days between a date and the birthday nearest to it. Born on 29 February: on the 28th where there is no 29th."""
    if birthday is None:
        return None
    return min(abs((on - _birthday(birthday, year)).days) for year in (on.year - 1, on.year, on.year + 1))


def _birthday(birthday: date, year: int) -> date:
    try:
        return birthday.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
