"""Tokens that tell a browser's page who it is for, without telling the browser.

The shop's server gets one for a customer over the API and writes it into the page; the script hands it back. It holds
the customer's public id, signed, and works for a day. No phone and no address ever stands in a page for us.
"""

from datetime import datetime, timedelta

from django.core import signing
from django.utils.timezone import now

from customers.models import Customer

KEPT = timedelta(days=1)
_SALT = "customers.events.identify"


def make(customer: Customer) -> tuple[str, datetime]:
    """A token for this customer, and until when it works."""
    return signing.TimestampSigner(salt=_SALT).sign(customer.public_id), now() + KEPT


def customer_of(token: str) -> int | None:
    """Whose token it is; None for one that is none of ours, too old, or of somebody erased since."""
    try:
        text = signing.TimestampSigner(salt=_SALT).unsign(token, max_age=KEPT)
    except signing.BadSignature:
        return None
    return (
        Customer.objects.filter(pk=Customer.row_id(text) or 0, erased_at=None)
        .values_list("pk", flat=True)
        .first()
    )
