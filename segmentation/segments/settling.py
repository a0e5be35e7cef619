"""Bringing a segment up to date: for everybody, or for the customers of whom something changed.

Everybody is settled by the night, and within seconds of a new version. Both hold the segment's lock, so what is decided
is decided from what is true then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from customers.attributes import Moment
from segmentation.models import SegmentNight, SegmentVersion
from segmentation.segments import active, evaluating, membership, reasons
from segmentation.segments.active import Active


@dataclass(frozen=True)
class Settled:
    """Who is in it as of `at`, rising, by which version, and how many that changed."""

    at: datetime
    version_id: int
    members: list[int]
    changed: int


class Decided(NamedTuple):
    """Who is in it, by what was asked of which day, and since when that is written down."""

    at: datetime
    moment: Moment
    inside: set[int]


def everybody(cursor: Any, one: Active, moment: Moment) -> Settled:
    """Settle a segment for all customers. Call it in a transaction."""
    at = membership.lock(cursor, one.segment_id)
    one = active.current(one)
    inside = evaluating.everybody(one.tree, moment)
    known = membership.members_now(cursor, one.segment_id)
    changed = _write(cursor, one, Decided(at, moment, set(inside)), known)
    SegmentVersion.objects.filter(pk=one.version_id, settled_at=None).update(settled_at=at)
    return Settled(at, one.version_id, inside, changed)


def some(cursor: Any, one: Active, ids: Sequence[int]) -> None:
    """Settle it for these customers. Call it in a transaction."""
    at = membership.lock(cursor, one.segment_id)
    one = active.current(one)
    moment = _moment(SegmentNight.objects.filter(segment=one.segment_id))
    inside = evaluating.ids(one.tree, moment, among=ids)
    known = membership.members_now(cursor, one.segment_id, ids)
    _write(cursor, one, Decided(at, moment, set(inside)), known)


def new_versions() -> int:
    """Settle the segments whose newest version nobody has settled yet. Returns how many."""
    newer = SegmentVersion.objects.filter(segment=OuterRef("segment"), number__gt=OuterRef("number"))
    waiting = SegmentVersion.objects.filter(~Exists(newer), settled_at=None, segment__archived_at=None)
    if not waiting.exists():
        return 0
    wanted = set(waiting.values_list("pk", flat=True))
    found = [one for one in active.segments() if one.version_id in wanted]
    for one in found:
        with transaction.atomic(), connection.cursor() as cursor:
            everybody(cursor, one, _moment(SegmentNight.objects.all()))
    return len(found)


def _moment(settled: QuerySet[SegmentNight]) -> Moment:
    """Now; but a night that has settled them and is not published yet is not taken back customer by customer."""
    now = evaluating.moment()
    newest = settled.order_by("-night_id").values_list("night_id", flat=True).first()
    return replace(now, night=max(now.night, newest or 0))


def _write(cursor: Any, one: Active, decided: Decided, known: set[int]) -> int:
    came, went = sorted(decided.inside - known), sorted(known - decided.inside)
    membership.settle(
        cursor, segment_id=one.segment_id, version_id=one.version_id, at=decided.at, came=came, went=went,
        because=lambda ids: reasons.because(one.tree, ids, decided.moment),
    )  # fmt: skip
    return len(came) + len(went)
