"""Telling somebody something."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now

from crm.audit.trail import OutsideTransaction, subject_name
from crm.notices import kinds
from crm.notices.models import Notice, Silence
from crm.org.models import Staff

Told = tuple[int, str, dict[str, Any], str]  # staff id, about, params, once


def tell(
    staff_ids: Iterable[int],
    kind: str,
    *,
    about: models.Model | str,
    params: dict[str, Any] | None = None,
    once: str = "",
) -> int:
    """Give these people a notice. Must run inside the transaction of its cause. Returns how many got one.

    Who left, or has switched the kind off, gets none. `params` hold ids and numbers, never a personal value. `once`
    makes it idempotent: the same kind about the same thing with the same `once` reaches a person one time.
    """
    subject = subject_name(about)
    return tell_each(kind, [(one, subject, params or {}, once) for one in dict.fromkeys(staff_ids)])


def tell_each(kind: str, told: Sequence[Told]) -> int:
    """Notices of one kind, each with its own reader and subject, in one statement."""
    if not connection.in_atomic_block:
        raise OutsideTransaction(kind)
    if kinds.named(kind) is None:
        raise ValueError(f"no kind of notice is called {kind}")
    if not told:
        return 0
    columns = [list(column) for column in zip(*told, strict=True)]
    columns[2] = [json.dumps(params) for params in columns[2]]
    with connection.cursor() as cursor:
        cursor.execute(_TELL, [kind, *columns, kind])
        return cursor.rowcount


_TELL = """
INSERT INTO notices_notice (staff_id, kind, about, params, once)
SELECT told.staff_id, %s, told.about, told.params, told.once
FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::text[]) AS told (staff_id, about, params, once)
JOIN org_staff staff ON staff.id = told.staff_id AND staff.is_active
WHERE NOT EXISTS (SELECT FROM notices_silence off WHERE off.staff_id = told.staff_id AND off.kind = %s)
ON CONFLICT (staff_id, kind, about, once) WHERE NOT once = '' DO NOTHING
"""


def read(reader: Staff, notice_id: int | None = None, *, about: str = "") -> int:
    """Mark one of the reader's notices as read, those about a thing, or all. Returns how many were new."""
    rows = Notice.objects.of(reader).filter(read_at=None)
    if notice_id is not None:
        rows = rows.filter(pk=notice_id)
    if about:
        rows = rows.filter(about=about)
    return rows.update(read_at=Now())


def unread(reader: Staff, notice_id: int) -> int:
    """Put a notice back among the new ones."""
    return Notice.objects.of(reader).filter(pk=notice_id).update(read_at=None)


def listen(reader: Staff, wanted: Iterable[str]) -> None:
    """The kinds that the reader wants; all others are off."""
    off = {kind.name for kind in kinds.known()} - set(wanted)
    Silence.objects.filter(staff=reader).exclude(kind__in=off).delete()
    Silence.objects.bulk_create(
        [Silence(staff=reader, kind=name) for name in sorted(off)], ignore_conflicts=True
    )


def forget_old(read_before: Any, made_before: Any) -> int:
    """Remove read notices made before the one time, and all made before the other. Returns how many."""
    old = Q(made_at__lt=made_before) | Q(made_at__lt=read_before, read_at__isnull=False)
    return Notice.objects.filter(old).delete()[0]
