"""The nouns of this app, one module a topic."""

from segmentation.models.churn import ChurnModel, ChurnNight, ChurnScore
from segmentation.models.scheme import Axis, Group, Method, Scheme
from segmentation.models.standing import CellCount, ClassCount, NightCuts, Standing, ValueClass

__all__ = [
    "Axis", "CellCount", "ChurnModel", "ChurnNight", "ChurnScore", "ClassCount", "Group", "Method", "NightCuts",
    "Scheme", "Standing", "ValueClass",
]  # fmt: skip
