"""Keyset pages: the next page begins after the last row seen, so page 1,000 costs what page 1 costs.

The order is a unique key, or a column and the primary key after it. The place in the list stands in the address,
signed by nothing: it grants nothing, for rows still come through `visible_to`.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, F, Q, QuerySet
from django.http import HttpRequest

SIZE = 50


@dataclass(frozen=True)
class Page:
    """Some rows of a list; `next` and `first` are values for `?after=` (None: there is none)."""

    rows: list[Any]
    next: str | None
    is_first: bool


def page_of(rows: QuerySet, request: HttpRequest, order: str, *, size: int = SIZE, key: str = "pk") -> Page:
    """The page of `rows` that the address asks for, ordered by `order` ("-last_on", "name") and then by `key`.

    Rows without a value in the order column come last. `key`: a whole number that no two of `rows` share, where the
    primary key is of several columns.
    """
    column, down = order.removeprefix("-"), order.startswith("-")
    token = _fitting(rows, column, _read(request.GET.get("after", "")))
    if token is not None:
        rows = rows.filter(_later(rows, column, down, token, key))
    found = list(rows.order_by(*_order(rows, column, down, key))[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, _write(found[-1], column, key) if more else None, token is None)


def _fitting(rows: QuerySet, column: str, token: tuple[Any, int] | None) -> tuple[Any, int] | None:
    """The place, if it can be one in this order; None for one of another order, or a bent one."""
    if token is None or token[0] is None or column in ("pk", "id"):
        return token
    field = F(column).resolve_expression(rows.query.clone()).output_field
    if isinstance(field, DateTimeField) and not (isinstance(token[0], datetime) and token[0].tzinfo):
        return None
    try:
        value = field.to_python(token[0])
    except (TypeError, ValueError, ValidationError):
        return None
    return None if isinstance(value, str) and "\0" in value else (value, token[1])


def _order(rows: QuerySet, column: str, down: bool, key: str) -> list[Any]:
    """NULLS LAST only where there can be any: said of a column that has none, it keeps the planner from the index."""
    last = f"-{key}" if down else key
    if column in ("pk", "id"):
        return [last]
    if not _may_be_null(rows, column):
        return [f"-{column}" if down else column, last]
    return [F(column).desc(nulls_last=True) if down else F(column).asc(nulls_last=True), last]


def _may_be_null(rows: QuerySet, column: str) -> bool:
    """A column of a related row may always be missing, and so may one that was worked out."""
    return (
        "__" in column
        or column in rows.query.annotations
        or bool(getattr(rows.model._meta.get_field(column), "null", True))
    )


def _later(rows: QuerySet, column: str, down: bool, token: tuple[Any, int], key: str) -> Q:
    value, place = token
    way = "lt" if down else "gt"
    if column in ("pk", "id"):
        return Q(**{f"pk__{way}": place})
    if value is None:
        return Q(**{f"{column}__isnull": True, f"{key}__{way}": place})
    later = Q(**{f"{column}__{way}": value}) | Q(**{column: value, f"{key}__{way}": place})
    return later | Q(**{f"{column}__isnull": True}) if _may_be_null(rows, column) else later


def _write(row: Any, column: str, key: str) -> str:
    value = row
    for part in column.split("__"):
        value = getattr(value, part, None)
    kind = "d" if isinstance(value, date) else "n" if isinstance(value, Decimal) else "v"
    plain = (
        value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
    )
    return (
        base64.urlsafe_b64encode(json.dumps([kind, plain, getattr(row, key)]).encode()).decode().rstrip("=")
    )


def _read(token: str) -> tuple[Any, int] | None:
    """None for no token, and for one that somebody bent: the list begins again."""
    if not token:
        return None
    try:
        kind, value, pk = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if kind == "d":
            value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
        elif kind == "n":
            value = Decimal(value)
        return value, int(pk)
    except (ValueError, TypeError, binascii.Error, InvalidOperation):
        return None
