"""What this app adds to the customer page and to lists of customers."""

from typing import Any

from crm.org.models import Chain, Staff
from customers import nights
from customers.models import Customer
from segmentation import standings
from segmentation.models import Standing
from segmentation.views.words import of_score


def scores(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """Their scores with the figures and limits behind them, in words."""
    found = standings.explain(customer)
    if found is None:
        return {"explanation": None}
    currency = Chain.current().currency
    return {"explanation": found, "scores": [of_score(one, found, currency) for one in found.scores]}


def movement(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """In which group they were since when, and by which scores."""
    history = standings.history_of(customer)
    return {"history": history[:12]} if history else None


def group_column(staff: Staff, ids: list[int]) -> dict[int, tuple[Any, str]]:
    """The group of each, by the published night."""
    night = nights.published()
    if night is None or not ids:
        return {}
    rows = Standing.objects.at(night.pk).filter(customer__in=ids).select_related("group")
    return {row.customer_id: (row.group.name, "") for row in rows}
