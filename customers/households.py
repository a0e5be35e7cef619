"""Households: customers who carry the same household code."""

from crm.org.scope import Viewer
from customers.models import Customer

SHOWN = 12


def others(customer: Customer, viewer: Viewer) -> list[Customer]:
    """The others of the customer's household whom the viewer may see, at most SHOWN; no query without a code."""
    if not customer.household_code:
        return []
    rows = Customer.objects.visible_to(viewer).living().filter(household_code=customer.household_code)
    return list(rows.exclude(pk=customer.pk).order_by("pk")[:SHOWN])
