"""What notes and follow-ups add to the customer's page: one statement each."""

from typing import Any

from django.utils.timezone import now

from crm.audit import trail
from crm.org.models import Staff
from crm.org.permissions import Permission
from customers import worklists
from customers.models import Customer
from customers.views.notes import notes_of
from customers.views.work import in_words


def notes(staff: Staff, customer: Customer) -> dict[str, Any]:
    found, more = notes_of(customer)
    may_write = staff.may(Permission.EDIT_CUSTOMERS)
    return {"notes": found, "more_notes": more, "may_write": may_write, "staff_key": trail.actor_name(staff)}


def follow_ups(staff: Staff, customer: Customer) -> dict[str, Any]:
    return {"follow_ups": in_words(worklists.of_customer(staff, customer), staff, now())}
