"""Who was in a segment, when, and how that changed: all from spells, which are never rewritten.

Every night keeps a digest of the members of each segment, every use (`uses.py`) one of those it took. Both can be made
again at any time; `faults` names those that come out differently.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Exists, OuterRef, QuerySet

from crm.org.scope import Viewer
from customers import nights
from customers.models import Customer
from segmentation.models import Segment, SegmentNight, SegmentSpell, SegmentUse
from segmentation.segments import membership, uses
from segmentation.segments.membership import ids_at


def night_of(segment: Segment, on: date) -> SegmentNight | None:
    """What stands for a date: the segment's latest night up to it. None: there was none yet, so nothing is known."""
    last = nights.published()
    if last is None:
        return None
    rows = SegmentNight.objects.filter(
        segment=segment, night__on__lte=on, night_id__lte=last.pk, night__published_at__isnull=False
    )
    return rows.select_related("night").order_by("-night__on", "-night_id").first()


def moment_of(segment: Segment, on: date) -> datetime | None:
    """The moment of that night. Every door asks it here, so that a date means the same people everywhere."""
    night = night_of(segment, on)
    return night.at if night else None


def newest_nights(until: date = date.max) -> QuerySet[SegmentNight]:
    """Of each segment what stands for a date: its latest published night up to it."""
    rows = SegmentNight.objects.filter(night__on__lte=until, night__published_at__isnull=False)
    return rows.order_by("segment", "-night__on", "-night_id").distinct("segment")


def members_at(segment: Segment, viewer: Viewer, at: datetime | None = None) -> QuerySet[Customer]:
    """Who was in it at a moment (None: who is now), of the stores that the viewer sees now; in no order."""
    spells = SegmentSpell.objects.filter(segment=segment).at(at).filter(customer=OuterRef("pk"))
    return Customer.objects.visible_to(viewer).filter(Exists(spells))


def digest_at(segment_id: int, at: datetime) -> bytes:
    return membership.digest(ids_at(segment_id, at))


@dataclass(frozen=True)
class Difference:
    """A digest that comes out differently. `what`: "night" or "use"."""

    what: str
    segment_id: int
    at: datetime
    kept: int
    found: int


def faults(segment: Segment | None = None) -> Iterator[Difference]:
    """Nights and uses whose members are not those of the digest any more. None: of all segments."""
    which = {} if segment is None else {"segment": segment}
    for night in SegmentNight.objects.filter(**which).order_by("segment_id", "night_id").iterator():
        ids = ids_at(night.segment_id, night.at)
        if membership.digest(ids) != bytes(night.digest):
            yield Difference("night", night.segment_id, night.at, night.customers, len(ids))
    for record in SegmentUse.objects.filter(**which).order_by("pk").iterator():
        ids = uses.audience(record)
        if membership.digest(ids) != bytes(record.digest):
            yield Difference("use", record.segment_id or 0, record.at, record.customers, len(ids))


@dataclass(frozen=True)
class Flow:
    """Between two moments: members at the first, who came, who went, members at the second."""

    before: int
    came: int
    went: int
    after: int
    stayed: int


def flow(segment: Segment, viewer: Viewer, since: datetime, until: datetime) -> Flow:
    """How the members of the viewer's stores changed. Somebody who came and went in between counts in neither."""
    before = members_at(segment, viewer, since)
    after = members_at(segment, viewer, until)
    n_before, n_after = before.count(), after.count()
    stayed = before.filter(
        Exists(SegmentSpell.objects.filter(segment=segment).at(until).filter(customer=OuterRef("pk")))
    ).count()
    return Flow(n_before, n_after - stayed, n_before - stayed, n_after, stayed)


def came(segment: Segment, viewer: Viewer, since: datetime, until: datetime) -> QuerySet[Customer]:
    """In it at the second moment and not at the first."""
    earlier = SegmentSpell.objects.filter(segment=segment).at(since).filter(customer=OuterRef("pk"))
    return members_at(segment, viewer, until).exclude(Exists(earlier))


def went(segment: Segment, viewer: Viewer, since: datetime, until: datetime) -> QuerySet[Customer]:
    """In it at the first moment and not at the second."""
    later = SegmentSpell.objects.filter(segment=segment).at(until).filter(customer=OuterRef("pk"))
    return members_at(segment, viewer, since).exclude(Exists(later))


@dataclass(frozen=True)
class Overlap:
    """Two segments: members of each, and of both."""

    first: int
    second: int
    both: int

    @property
    def either(self) -> int:
        return self.first + self.second - self.both

    @property
    def of_first(self) -> float:
        return self.both / self.first if self.first else 0.0

    @property
    def of_second(self) -> float:
        return self.both / self.second if self.second else 0.0

    @property
    def share(self) -> float:
        """Jaccard (1901): both ÷ either; 0 of nobody."""
        return self.both / self.either if self.either else 0.0


def overlap(first: Segment, second: Segment, viewer: Viewer, at: datetime | None = None) -> Overlap:
    """How many are in both, at a moment (None: now), of the stores that the viewer sees."""
    return Overlap(
        members_at(first, viewer, at).count(),
        members_at(second, viewer, at).count(),
        in_both(first, second, viewer, at).count(),
    )


def in_both(
    first: Segment, second: Segment, viewer: Viewer, at: datetime | None = None
) -> QuerySet[Customer]:
    """Who is in both, in no order."""
    other = SegmentSpell.objects.filter(segment=second).at(at).filter(customer=OuterRef("pk"))
    return members_at(first, viewer, at).filter(Exists(other))


def sizes_now(segments: Iterable[Segment], viewer: Viewer) -> dict[int, int]:
    """How many of the viewer's customers are in each now, by the segment's number; an empty one is left out."""
    rows = SegmentSpell.objects.filter(segment__in=[one.pk for one in segments]).at().visible_to(viewer)
    return dict(rows.values_list("segment").annotate(n=Count("customer_id")).order_by())


def shared_by(segment: Segment, viewer: Viewer, others: Iterable[Segment]) -> dict[int, int]:
    """How many members of the segment are in each of the others now, by the number of the other."""
    people = members_at(segment, viewer).values("pk")
    rows = SegmentSpell.objects.filter(segment__in=[one.pk for one in others]).at()
    counts = rows.filter(customer__in=people).values("segment").annotate(n=Count("customer_id")).order_by()
    return {row["segment"]: row["n"] for row in counts}
