"""Writing the trail."""

from typing import Any

from django.db import connection, models

from crm.audit.models import Entry


class OutsideTransaction(RuntimeError):
    """An act was recorded outside the transaction of its change: one could survive without the other."""


def record(
    action: str,
    subject: models.Model | str,
    *,
    by: Any,
    store_id: int | None = None,
    details: dict[str, Any] | None = None,
) -> Entry:
    """Record that `by` did `action` to `subject`. Must run inside the transaction of the change.

    `by` is a Staff, an API principal, or a string such as "system:night". `details` hold names and ids of what
    changed; personal values do not belong there.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(action)
    return Entry.objects.create(
        action=action,
        actor=actor_name(by),
        subject=subject_name(subject),
        store_id=store_id,
        details=details or {},
    )


def last_change(subject: models.Model, field: str) -> Entry | None:
    """The last act on `subject` that named this field among those it changed."""
    known = Entry.objects.filter(subject=subject_name(subject), details__fields__contains=[field])
    return known.order_by("-id").first()


def actor_name(by: Any) -> str:
    """ "staff:12" for a member of staff, an object's own `actor`, or the string itself."""
    if isinstance(by, str):
        return by
    return str(getattr(by, "actor", None) or f"{by._meta.model_name}:{by.pk}")


def subject_name(subject: models.Model | str) -> str:
    return subject if isinstance(subject, str) else f"{subject._meta.label_lower}:{subject.pk}"
