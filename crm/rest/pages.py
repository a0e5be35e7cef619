"""Cursor pages: `{"results": […], "next": url or null}`.

A cursor says after which row to go on (keyset), so page 1,000 costs what page 1 does and rows that come or go
meanwhile neither repeat nor hide others. It is opaque to callers.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from django.http import HttpRequest

from crm.lib.refusals import Fault
from crm.rest import moments
from crm.rest.problems import InvalidInput

Row = TypeVar("Row")
DEFAULT_SIZE = 50
LARGEST_SIZE = 200

Limit = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_SIZE, description="Rows a page.")]
RowNumber = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Cursor = Annotated[
    str,
    msgspec.Meta(
        max_length=400,
        description="Where to go on: take it from `next`.",
        extra_json_schema={"format": "cursor"},
    ),
]


class PageQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The parameters of every list."""

    limit: Limit = DEFAULT_SIZE
    cursor: Cursor | None = None


def position(cursor: str | None, *types: Any) -> tuple[Any, ...] | None:
    """The values that a cursor holds, or None at the beginning. Anything else than a cursor of ours is refused."""
    if cursor is None:
        return None
    try:
        packed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        form: Any = tuple[types]  # type: ignore[valid-type]
        values = tuple(msgspec.json.decode(packed, type=form))
        moments.check(values)
        return values
    except (InvalidInput, ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise InvalidInput(
            "This cursor is none of ours: take it from `next`.", faults=(Fault("cursor", "Unknown cursor."),)
        ) from None


def cursor_of(*values: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).rstrip(b"=").decode()


def cursor_after(found: Sequence[Row], limit: int, key: Callable[[Row], tuple[Any, ...]]) -> str | None:
    """The cursor after the page's last row. `found` holds one row more than the page when there are more."""
    return cursor_of(*key(found[limit - 1])) if len(found) > limit else None


def page(request: HttpRequest, results: Sequence[Any], cursor: str | None) -> dict[str, Any]:
    """One page. `cursor` None: it is the last."""
    return {"results": results, "next": cursor and _address(request, cursor)}


def _address(request: HttpRequest, cursor: str) -> str:
    parameters = request.GET.copy()
    parameters["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{parameters.urlencode()}")
