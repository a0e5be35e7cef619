"""The way from a customer's page to privacy: a panel with what can be asked and done."""

from typing import Any

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui.slots import Panel, offer
from customers.models import Customer


def fill() -> None:
    offer(
        "customer.side",
        Panel("privacy", "customers/privacy.html", _build, Permission.RECORD_PRIVACY, order=900),
    )


def _build(_staff: Staff, customer: Customer) -> dict[str, Any]:
    return {"customer": customer}
