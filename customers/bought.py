"""What customers bought, in a few numbers, as of now: read from their own purchases through one covering index.

Scores, groups and stages are of the last night; these figures are of this moment, so that they agree with the receipts
below them. As everywhere, a purchase counts while something of it is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, Max, Min, Q, Sum

from customers.models import Purchase

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
