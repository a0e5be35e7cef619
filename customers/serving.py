"""What somebody sees of a customer whom they found: one rule for the Counter and the API (docs/decisions/0010).

A member is the chain's: who may find customers finds anybody by an exact identifier. Of a customer in one's own scope
they see all that their role shows. Of any other they see what serving takes: who this is, whose customer, member or
not. Not how to reach them, nor how often or how much they buy elsewhere: that is for their own store. Apps above add
what a till needs (points, coupons) through the slot "customer.served".
"""

from dataclasses import dataclass
from datetime import datetime

from crm.org.scope import Viewer
from customers.models import Customer


@dataclass(frozen=True)
class Serving:
    """All that is shown of a customer of another branch, besides their id."""

    name: str
    home_store: str | None
    is_stub: bool
    enrolled_at: datetime | None


FIELDS = tuple(Serving.__dataclass_fields__)


def sees_all(viewer: Viewer, customer: Customer) -> bool:
    """Is the customer one of the viewer's own?"""
    return customer.home_store_id in viewer.scope()


def serving(customer: Customer) -> Serving:
    """The customer as somebody of another branch sees them; `home_store` is its name."""
    store = customer.home_store
    return Serving(customer.name, store.name if store else None, customer.is_stub, customer.enrolled_at)
