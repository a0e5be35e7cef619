"""The nouns of this app, one module a topic."""

from segmentation.models.clusters import (
    Cluster,
    ClusterCount,
    ClusterFit,
    ClusterMember,
    ClusterSettings,
)
from segmentation.models.lookalikes import Among, LookAlike, LookAlikeMatch
from segmentation.models.scheme import Axis, Group, Method, Scheme
from segmentation.models.standing import CellCount, ClassCount, NightCuts, Standing, ValueClass

__all__ = [
    "Among", "Axis", "CellCount", "ClassCount", "Cluster", "ClusterCount", "ClusterFit", "ClusterMember",
    "ClusterSettings", "Group", "LookAlike", "LookAlikeMatch", "Method", "NightCuts", "Scheme", "Standing",
    "ValueClass",
]  # fmt: skip
