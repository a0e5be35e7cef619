"""What stands in a column after the person is gone from it."""

from typing import Any

from django.db import models

DIGEST_LENGTH = 32  # hexadecimal letters of a keyed digest


class _NoBlank(ValueError):
    """The column has no empty value."""


def blank_of(field: Any) -> Any:
    """NULL where that is allowed, else the empty text, else the column's own default. Raises ValueError."""
    if field.null:
        return None
    if isinstance(field, models.CharField | models.TextField) and not field.choices:
        return ""
    if isinstance(field, models.CharField | models.TextField | models.BooleanField) and field.blank:
        return "" if not isinstance(field, models.BooleanField) else False
    if field.has_default() and not field.is_relation:
        return field.get_default()
    raise _NoBlank(field.name)


def can_be_blank(field: Any) -> bool:
    try:
        blank_of(field)
    except ValueError:
        return False
    return True


def can_hold_digest(field: Any) -> bool:
    longest = getattr(field, "max_length", None)
    return (
        isinstance(field, models.CharField | models.TextField) and (longest or DIGEST_LENGTH) >= DIGEST_LENGTH
    )
