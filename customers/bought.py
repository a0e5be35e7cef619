"""What customers bought, in a few numbers, as of now: read from their own purchases through one covering index.

Scores, groups and stages are of the last night; these figures are of this moment, so that they agree with the receipts
below them. As everywhere, a purchase counts while something of it is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, F, Max, Min, Q, Sum

from customers.models import Customer, Night, Purchase

_COUNTS = Q(returned=0) | Q(returned__lt=F("amount"))


@dataclass(frozen=True)
class Bought:
    """`spent` is net of returns; `undone` are purchases of which nothing was kept: listed, but not counted."""

    count: int = 0
    spent: Decimal = Decimal(0)
    first_on: date | None = None
    last_on: date | None = None
    undone: int = 0


NOTHING = Bought()


@dataclass(frozen=True)
class Counted:
    """What a night counted of a customer: their last day ever, the purchases and the net sum of its window."""

    last_on: date | None
    frequency: int
    monetary: Decimal


def counted(customer: Customer, night: Night) -> Counted:
    """From the purchases as the night knew them: those recorded until it was computed."""
    known = Purchase.objects.filter(_COUNTS, customer=customer, business_date__lte=night.on)
    if night.computed_at:
        known = known.filter(recorded_at__lte=night.computed_at)
    window = Q(business_date__gte=night.on - timedelta(days=night.window_days - 1))
    found = known.aggregate(
        last_on=Max("business_date"),
        frequency=Count("pk", filter=window),
        monetary=Sum(F("amount") - F("returned"), filter=window, default=Decimal(0)),
    )
    return Counted(**found)


def bought_by(ids: Iterable[int]) -> dict[int, Bought]:
    """By customer; those who never bought are left out."""
    rows = Purchase.objects.filter(customer__in=list(ids)).values("customer_id").order_by()
    found = rows.annotate(
        count=Count("pk", filter=_COUNTS),
        spent=Sum(F("amount") - F("returned")),
        first_on=Min("business_date", filter=_COUNTS),
        last_on=Max("business_date", filter=_COUNTS),
        undone=Count("pk", filter=~_COUNTS),
    )
    fields = tuple(Bought.__dataclass_fields__)
    return {customer: Bought(*values) for customer, *values in found.values_list("customer_id", *fields)}
