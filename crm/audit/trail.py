"""Writing the trail."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from crm.audit import context, signing, values
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
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> Entry:
    """Record that `by` did `action` to `subject`. Must run inside the transaction of the change.

    `by` is a Staff, an API principal, or a string such as "system:night". `details` hold names and ids of what
    changed; personal values do not belong there. `changes` are old and new by field: of personal columns only a keyed
    digest is kept (`crm/audit/values.py`). From where it came is taken from the context (`crm/audit/context.py`).
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(action)
    actor, about, origin = actor_name(by), subject_name(subject), context.origin()
    entry = Entry(
        recorded_at=timezone.now(),
        action=action,
        actor=actor,
        subject=about,
        store_id=store_id,
        details=values.plain(details or {}),
        changes=values.pairs(about, changes) if changes else {},
        channel=origin.channel,
        address=context.address_for(actor, origin.address),
        agent=origin.agent,
        request_id=context.request_id(),
    )
    entry.signature = signing.sign(entry)
    entry.save(force_insert=True)
    return entry


@contextlib.contextmanager
def first_use(table: str) -> Iterator[None]:
    """What the product brings along is made inside, as it is asked for the first time: the system's act, on `table`."""
    with transaction.atomic():
        yield
        record("defaults.make", table, by="system:first_use")


def last_change(subject: models.Model, field: str) -> Entry | None:
    """The last act on `subject` that named this field among those it changed."""
    named = Q(changes__has_key=field) | Q(details__fields__contains=[field])
    known = Entry.objects.filter(named, subject=subject_name(subject))
    return known.order_by("-id").first()


def actor_name(by: Any) -> str:
    """ "staff:12" for a member of staff, an object's own `actor`, or the string itself."""
    if isinstance(by, str):
        return by
    return str(getattr(by, "actor", None) or f"{by._meta.model_name}:{by.pk}")


def subject_name(subject: models.Model | str) -> str:
    return subject if isinstance(subject, str) else f"{subject._meta.label_lower}:{subject.pk}"
