"""Scores of who leaves for tests that are not about how they come about."""

from collections.abc import Iterable
from datetime import date

from customers import nights
from customers.models import Customer
from segmentation.models import ChurnModel, ChurnNight, ChurnScore


def scored(customers: Iterable[Customer], *, probability: float = 0.6) -> ChurnModel:
    """As if the published night had scored these customers, all alike."""
    night, everybody = nights.published(), list(customers)
    model = ChurnModel.objects.create(
        night=night, trained_on=date(2026, 3, 9), horizon_days=28, proved_on=date(2026, 2, 9), customers=100,
        serves="recency", average=0.2, reasons=["recency"],
    )  # fmt: skip
    bins = [0] * 20
    bins[int(probability * 20)] = len(everybody)
    ChurnNight.objects.create(
        night=night,
        model=model,
        customers=len(everybody),
        expected=probability * len(everybody),
        histogram=bins,
    )
    rows = [
        ChurnScore(
            customer=one, night=night, probability=probability, at_stake="5.00", points=[probability - 0.2]
        )
        for one in everybody
    ]
    ChurnScore.objects.bulk_create(rows)
    return model
