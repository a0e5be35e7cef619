"""Changing the plain facts of a customer. Identifiers have their own ways (enrolment, merge)."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from crm.audit import trail
from customers import names
from customers.models import Customer


def change(customer_id: int, values: dict[str, Any], *, by: Any) -> Customer:
    """Set these fields; the search keys follow the name and the home store. Naming a stub enrols nobody.

    The trail keeps the names of the fields that changed, not what was in them.
    """
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer_id)
        changed = [name for name, value in values.items() if getattr(customer, name) != value]
        if not changed:
            return customer
        for name in changed:
            setattr(customer, name, values[name])
        customer.save(update_fields=changed)
        Customer.objects.filter(pk=customer_id).update(updated_at=Now())
        fields = {Customer._meta.get_field(name).name for name in changed}  # home_store_id is home_store
        if fields & {"name", "home_store"}:
            names.index([customer_id])
        trail.record(
            "customer.change",
            customer,
            by=by,
            store_id=customer.home_store_id,
            details={"fields": sorted(fields)},
        )
    return customer
