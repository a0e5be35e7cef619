"""The nouns of this app, one module a topic."""

from segmentation.models.lifetime import LifetimeFit, LifetimeScore, LifetimeSum, WhyAverages
from segmentation.models.scheme import Axis, Group, Method, Scheme
from segmentation.models.standing import CellCount, ClassCount, NightCuts, Standing, ValueClass

__all__ = [
    "Axis", "CellCount", "ClassCount", "Group", "LifetimeFit", "LifetimeScore", "LifetimeSum", "Method", "NightCuts",
    "Scheme", "Standing", "ValueClass", "WhyAverages",
]  # fmt: skip
