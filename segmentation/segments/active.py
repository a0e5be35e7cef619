"""The segments that are kept up to date: those not archived, by their newest version, in an order in which none comes
before one that it names."""

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import structlog

from segmentation.models import Segment, SegmentKind, SegmentVersion
from segmentation.segments.reading import InvalidSegment, read
from segmentation.segments.tree import Group, MemberOf, Node, conditions

log = structlog.get_logger(__name__)
NOBODY = Group("any")


@dataclass(frozen=True)
class Active:
    """A segment and what it means now. A list is what its newest version lists."""

    segment_id: int
    version_id: int
    tree: Node


def segments() -> list[Active]:
    """All of them. One that can no longer be read (a field was taken away) stays as it was, and is said to be."""
    newest: dict[int, SegmentVersion] = {}
    rows = SegmentVersion.objects.filter(segment__archived_at=None).select_related("segment")
    for version in rows.order_by("segment_id", "number"):
        newest[version.segment_id] = version
    found = {pk: one for pk, version in newest.items() if (one := _read(version))}
    return [found[pk] for pk in _in_order(found)]


def of(segment: Segment) -> Active | None:
    """One of them, archived or not."""
    version = (
        SegmentVersion.objects.filter(segment=segment).select_related("segment").order_by("-number").first()
    )
    return _read(version) if version else None


def current(one: Active) -> Active:
    """The same by its newest version, for whoever waited for its lock: it may have been changed meanwhile, or archived,
    and then nobody is in it."""
    rows = SegmentVersion.objects.filter(segment=one.segment_id).select_related("segment")
    version = rows.order_by("-number").first()
    if version and version.segment.archived_at is not None:
        return Active(one.segment_id, version.pk, NOBODY)
    if version is None or version.pk == one.version_id:
        return one
    return _read(version) or one


def _read(version: SegmentVersion) -> Active | None:
    if version.segment.kind == SegmentKind.LIST:
        return Active(version.segment_id, version.pk, MemberOf(version.segment_id))
    try:
        return Active(version.segment_id, version.pk, read(version.definition))
    except InvalidSegment as refusal:
        log.warning("segment_unreadable", segment=version.segment_id, why=refusal.code)
        return None


def _in_order(found: dict[int, Active]) -> list[int]:
    names = {
        pk: {c.segment for c in conditions(one.tree) if isinstance(c, MemberOf) and c.segment in found} - {pk}
        for pk, one in found.items()
    }
    try:
        return list(TopologicalSorter(names).static_order())
    except (
        CycleError
    ):  # saving refuses circles; should one be there, each is asked about the others as they stand
        return sorted(found)
