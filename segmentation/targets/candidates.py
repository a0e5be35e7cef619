"""What may be chosen as a target market: every RFM group, and every saved segment that the viewer may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from crm.org.models import Staff
from crm.org.scope import Viewer
from segmentation import schemes
from segmentation.models import Group, Segment, Target, Targeting, TargetStatus
from segmentation.targets import scoring
from segmentation.targets.figures import Figures, Key, Measured, measured
from segmentation.targets.scoring import Scores
from segmentation.targets.weighing import weights_of

NO_SCORES = Scores(dict.fromkeys(scoring.FACTORS), None, None)


@dataclass(frozen=True)
class Candidate:
    """A segment or a group with what was measured, judged and decided. `target` is None before the first word."""

    kind: str  # "group" or "segment"
    record: Group | Segment
    target: Target | None
    figures: Figures | None
    scores: Scores

    @property
    def key(self) -> str:
        """In addresses: the group's code or the segment's public id."""
        return key_of(self.record)

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def status(self) -> TargetStatus:
        return TargetStatus(self.target.status) if self.target else TargetStatus.CONSIDERED


@dataclass(frozen=True)
class Market:
    """All candidates of a viewer, compared with one another."""

    measured: Measured | None
    targeting: Targeting
    candidates: list[Candidate]

    def named(self, key: str) -> Candidate | None:
        return next((one for one in self.candidates if one.key == key), None)

    @property
    def chosen(self) -> list[Candidate]:
        return [one for one in self.candidates if one.status == TargetStatus.CHOSEN]


def key_of(record: Group | Segment) -> str:
    return record.code if isinstance(record, Group) else record.public_id


def visible_segments(viewer: Viewer) -> Any:
    """Segments that are not archived: those for everybody, and the viewer's own."""
    mine = Q(owner=viewer.pk) if isinstance(viewer, Staff) else Q(pk=None)
    return Segment.objects.filter(Q(is_shared=True) | mine, archived_at=None)


def find(viewer: Viewer, key: str) -> Group | Segment | None:
    """The record behind a key, if the viewer may see it."""
    number = Segment.row_id(key)
    if number is not None:
        return visible_segments(viewer).filter(pk=number).first()
    return Group.objects.filter(code=key).first()


def market(viewer: Viewer, person: Viewer | None = None) -> Market:
    """Groups in their order, then segments by name. `person`: whose own segments are shown (else the viewer's)."""
    schemes.groups()  # the product's own are made on first use
    segments = visible_segments(person or viewer).order_by("name", "pk")
    records: list[Group | Segment] = [*Group.objects.all(), *segments]
    found, targeting = measured(viewer), Targeting.current()
    targets = {of(target): target for target in Target.objects.select_related("owner", "group", "segment")}
    figures = {name: found.of(name) if found else None for name in map(_name, records)}
    scores = _scores(figures, targets, targeting)
    return Market(
        found,
        targeting,
        [
            Candidate(name[0], record, targets.get(name), figures[name], scores.get(name, NO_SCORES))
            for record in records
            for name in [_name(record)]
        ],
    )


def of(target: Target) -> Key:
    return ("group", target.group_id) if target.group_id else ("segment", target.segment_id or 0)


def _name(record: Group | Segment) -> Key:
    return ("group" if isinstance(record, Group) else "segment", record.pk)


def _scores(
    figures: Mapping[Key, Figures | None], targets: Mapping[Key, Target], targeting: Targeting
) -> dict[Key, Scores]:
    """Who is in it is compared; a segment of nobody has no scores."""
    compared = {}
    for name, of_one in figures.items():
        if of_one is not None and of_one.customers:
            judged = targets.get(name)
            compared[name] = of_one.compared() | {
                word: getattr(judged, word) if judged else None for word in scoring.JUDGED
            }
    return scoring.score(compared, weights_of(targeting))
