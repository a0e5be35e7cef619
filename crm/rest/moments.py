"""Moments that ISO 8601 can write and a database cannot hold: offsets of sixteen hours and more, the ends of time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from crm.rest.problems import InvalidInput

FURTHEST = timedelta(hours=16)  # PostgreSQL takes offsets below
YEARS = range(2, 9999)  # in UTC, so that every zone can show them


def check(read: Any) -> None:
    """Raises InvalidInput with the place of the first moment that cannot be kept."""
    for place, moment in _moments(read, ""):
        if not is_kept(moment):
            raise InvalidInput.at(place, "This moment is out of range.")


def is_kept(moment: datetime) -> bool:
    offset = moment.utcoffset() or timedelta(0)
    try:
        return abs(offset) < FURTHEST and moment.astimezone(UTC).year in YEARS
    except OverflowError:
        return False


def _moments(value: Any, place: str) -> Iterator[tuple[str, datetime]]:
    if isinstance(value, datetime):
        yield place, value
    elif isinstance(value, msgspec.Struct):
        for name, told in _fields(type(value)):
            yield from _moments(getattr(value, name), f"{place}/{told}")
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _moments(one, f"{place}/{number}")


@lru_cache
def _fields(shape: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """The fields that can hold a moment, so that the two thousand lines of a receipt are not walked in vain."""
    kind: Any = inspect.type_info(shape)
    return tuple((field.name, field.encode_name) for field in kind.fields if _may_hold(field.type))


def _may_hold(kind: Any) -> bool:
    if isinstance(kind, inspect.Metadata):
        return _may_hold(kind.type)
    if isinstance(kind, inspect.UnionType):
        return any(_may_hold(one) for one in kind.types)
    if isinstance(kind, inspect.ListType):
        return _may_hold(kind.item_type)
    if isinstance(kind, inspect.StructType):
        return bool(_fields(kind.cls))
    return isinstance(kind, inspect.DateTimeType)
