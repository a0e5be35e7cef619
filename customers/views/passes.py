"""Passes: what opens somebody of another branch to whoever found them by an exact identifier (docs/decisions/0010)."""

from typing import Any

from django.core import signing
from django.http import Http404

from crm.org.models import Staff
from customers.models import Customer
from customers.views.facts import with_facts

SERVED_FOR = 30 * 60  # seconds that a customer of another branch stays open to whoever found them
_SALT = "customers.served"


def sealed(staff: Staff, customer: Customer) -> str:
    """A pass that only this person can use."""
    token: Any = [customer.pk, staff.pk]
    return signing.dumps(token, salt=_SALT)


def opened(staff: Staff, pass_: str) -> Customer:
    """Whom a pass opens, with their home store. 404 when it is too old, somebody else's or of nobody."""
    try:
        customer_id, staff_id = signing.loads(pass_, salt=_SALT, max_age=SERVED_FOR)
    except signing.BadSignature:
        raise Http404 from None
    people = with_facts([customer_id]) if staff_id == staff.pk else {}
    found = people.get(customer_id)
    if found is None or found.merged_into_id or found.erased_at:
        raise Http404
    return found
