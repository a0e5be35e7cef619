"""The nouns of this app, one module a topic."""

from segmentation.models.churn import ChurnModel, ChurnNight, ChurnScore
from segmentation.models.clusters import Cluster, ClusterCount, ClusterFit, ClusterMember, ClusterSettings
from segmentation.models.following import Changed, ChangedTable, ShelfPointer, Touched
from segmentation.models.lifetime import LifetimeFit, LifetimeScore, LifetimeSum, WhyAverages
from segmentation.models.lookalikes import Among, LookAlike, LookAlikeMatch
from segmentation.models.products import (
    AgeLimit,
    BasketPair,
    DueGood,
    Level,
    ProductFit,
    Recommendation,
    StockFigure,
)
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
    "AgeLimit", "Among", "Axis", "BasketPair", "CellCount", "Changed", "ChangedTable", "ChurnModel", "ChurnNight",
    "ChurnScore", "ClassCount", "Cluster", "ClusterCount", "ClusterFit", "ClusterMember", "ClusterSettings",
    "DueGood", "Group", "Level", "LifetimeFit", "LifetimeScore", "LifetimeSum", "LookAlike", "LookAlikeMatch",
    "Method", "Mode", "NightCuts", "ProductFit", "Recommendation", "Scheme", "Segment", "SegmentKind",
    "SegmentListed", "SegmentNight", "SegmentSpell", "SegmentSpellQuerySet", "SegmentUse", "SegmentVersion",
    "ShelfPointer", "Standing", "StockFigure", "Target", "TargetCount", "TargetDecision", "TargetJudgement",
    "TargetNight", "TargetStatus", "Targeting", "Touched", "ValueClass", "WhyAverages",
]  # fmt: skip
