"""Uses of an audience: whom somebody took, when, for what; told again to the same digest at any time.

`take` is called wherever people of a segment leave the house or are acted on: files, follow-ups, coupons, the set that
a search for look-alikes learns from. Reading is no use (docs/algorithms/segments.md says which is which).
"""

import zlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from crm.audit import trail
from customers.models import Customer
from segmentation.models import Segment, SegmentUse
from segmentation.segments import membership
from segmentation.segments.membership import ids_at

EXPORT, FOLLOW_UPS, COUPONS, LOOKALIKES = "export", "follow-ups", "coupons", "look-alikes"
_THESE = "SELECT unnest(%s::bigint[])"


def take(
    segment: Segment | None, ids: Callable[[], Iterable[int]], *, used_for: str, by: Any,
    store_ids: Iterable[int] | None = None, as_of: datetime | None = None, part: str = "",
) -> tuple[SegmentUse, list[int]]:  # fmt: skip
    """Take people for something and remember exactly whom. Returns the record and their row numbers, rising.

    `ids` is called while nobody can settle the segment, so what it reads is what the spells say of that moment, now and
    for ever. Where they do not say it (a part of the chain, a list that is not settled yet, a group of the grid, which
    has no spells here), the members are kept. `as_of`: whose members of then; `part`: which people.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        at = membership.lock(cursor, segment.pk) if segment else timezone.now()
        taken = sorted(ids())
        told = segment is not None and store_ids is None and taken == ids_at(segment.pk, as_of or at)
        record = SegmentUse.objects.create(
            segment=segment, at=at, as_of=as_of, part=part[:200], used_for=used_for, used_by=trail.actor_name(by),
            store_ids=None if store_ids is None else sorted(store_ids), customers=len(taken),
            digest=membership.digest(taken), members=None if told else _packed(taken),
        )  # fmt: skip
    return record, taken


def audience(record: SegmentUse) -> list[int]:
    """Whom a use was about, rising."""
    if record.members is not None:
        return _unpacked(bytes(record.members))
    assert record.segment_id is not None  # segmentuse_tells_whom
    return ids_at(record.segment_id, record.as_of or record.at)


def these(rows: QuerySet[Customer], ids: list[int]) -> QuerySet[Customer]:
    """Of these customers those who were taken: what leaves is what is remembered."""
    return rows.filter(pk__in=RawSQL(_THESE, [ids]))  # noqa: S611  # nosec B611  our own statement


def _packed(ids: list[int]) -> bytes:
    """Row numbers, rising, as steps from one to the next, compressed."""
    steps = [b - a for a, b in zip([0, *ids], ids, strict=False)]
    return zlib.compress(" ".join(map(str, steps)).encode())


def _unpacked(packed: bytes) -> list[int]:
    numbers, last = [], 0
    for step in zlib.decompress(packed).split():
        last += int(step)
        numbers.append(last)
    return numbers
