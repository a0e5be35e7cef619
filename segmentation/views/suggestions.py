"""What to suggest to a customer: at the Counter and on top of their page what comes first, below both lists.

All of them go by one order: what is due by its rhythm comes first, the longest overdue before the others.
"""

from typing import Any

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import slots
from customers import serving
from customers.models import Customer
from segmentation.products import reasons, recommending
from segmentation.products.recommending import Suggestion

SHOWN = 5  # of each list, on the customer page


def fill() -> None:
    for place, template, build, order in (
        ("counter.found", "segmentation/counter_suggestion.html", at_the_counter, 3),
        ("customer.next", "segmentation/counter_suggestion.html", at_the_counter, 20),
        ("customer.main", "segmentation/panel_suggestions.html", on_their_page, 15),
    ):
        slots.offer(place, slots.Panel("suggestions", template, build, Permission.VIEW_CUSTOMERS, order))


def at_the_counter(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    if not serving.sees_all(staff, customer):
        return None  # what somebody of another branch buys is not told (docs/decisions/0010)
    best = recommending.reading(customer).best
    return {"best": best, "why": reasons.sentence(best)} if best else None


def on_their_page(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    found = recommending.reading(customer)
    if not (found.again or found.fresh):
        return None
    return {"again": _told(found.again), "fresh": _told(found.fresh), "night_on": found.on}


def _told(some: tuple[Suggestion, ...]) -> list[tuple[Suggestion, str]]:
    return [(one, reasons.sentence(one)) for one in recommending.shortened(some, SHOWN)]
