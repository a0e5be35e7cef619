"""What consent adds to the customer page. Both places share one statement."""

from typing import Any

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui.slots import Panel, offer
from customers import consents
from customers.consents import touches
from customers.models import Customer
from customers.views import consentwords


def fill() -> None:
    may = Permission.VIEW_CUSTOMERS
    offer("customer.head", Panel("contact", "customers/alert_contact.html", do_not_contact, may, order=10))
    touches.fill()
    offer("customer.side", Panel("consent", "customers/panel_consent.html", consent, may, order=5))


_KEPT = "_consent_standing"  # on the customer that the page has loaded


def standing_of(customer: Customer) -> consents.Standing:
    """Where they stand; read once a page."""
    kept: consents.Standing | None = getattr(customer, _KEPT, None)
    if kept is None:
        kept = consents.state_of(customer)
        setattr(customer, _KEPT, kept)
    return kept


def consent(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """Where they stand by channel and purpose."""
    standing = standing_of(customer)
    return {"standing": standing, "grid": consentwords.grid(standing.cells)}


def do_not_contact(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """The alert in the head of the page."""
    standing = standing_of(customer)
    return {"standing": standing} if standing.do_not_contact or standing.lacks_guardian else None
