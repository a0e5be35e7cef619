"""The nouns of this app, one module a topic."""

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
from segmentation.models.standing import CellCount, ClassCount, NightCuts, Standing, ValueClass

__all__ = [
    "AgeLimit", "Axis", "BasketPair", "CellCount", "ClassCount", "DueGood", "Group", "Level", "Method", "NightCuts",
    "ProductFit", "Recommendation", "Scheme", "Standing", "StockFigure", "ValueClass",
]  # fmt: skip
