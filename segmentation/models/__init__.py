"""The nouns of this app, one module a topic."""

from segmentation.models.scheme import Axis, Group, Method, Scheme
from segmentation.models.segment import (
    Segment,
    SegmentKind,
    SegmentListed,
    SegmentNight,
    SegmentSpell,
    SegmentSpellQuerySet,
    SegmentUse,
    SegmentVersion,
)
from segmentation.models.standing import CellCount, ClassCount, NightCuts, Standing, ValueClass
from segmentation.models.targets import (
    Mode,
    Target,
    TargetCount,
    TargetDecision,
    Targeting,
    TargetJudgement,
    TargetNight,
    TargetStatus,
)

__all__ = [
    "Axis", "CellCount", "ClassCount", "Group", "Method", "Mode", "NightCuts", "Scheme", "Segment", "SegmentKind",
    "SegmentListed", "SegmentNight", "SegmentSpell", "SegmentSpellQuerySet", "SegmentUse", "SegmentVersion", "Standing",
    "Target", "TargetCount", "TargetDecision", "TargetJudgement", "TargetNight", "TargetStatus", "Targeting",
    "ValueClass",
]  # fmt: skip
