"""Signed links that a customer opens without signing in: the preference centre and the one-click unsubscribe.

A link holds the customer's public id, what it is for and when it was made, under the installation's signature: no name,
no number, no address. The way to one's preferences ends after half a year; the way to stop messages never ends,
because a message may be read years later. A link of somebody who was merged away leads to who they became.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

from customers.consents.cells import Cell, by_code
from customers.models import Customer

PREFERENCES_FOR = timedelta(days=180)
_PREFERENCES, _UNSUBSCRIBE = "customers.preferences", "customers.unsubscribe"


class Invalid(LookupError):
    """No link of ours, or of nobody."""


class Gone(LookupError):
    """A link that was ours, of somebody of whom nothing is held any more."""


class Expired(LookupError):
    """A link that was ours, but is too old."""


@dataclass(frozen=True)
class Leaving:
    """`cell`: what an unsubscribe link stops."""

    customer: Customer
    cell: Cell


def preferences_token(customer: Customer) -> str:
    return signing.TimestampSigner(salt=_PREFERENCES).sign(_bare(customer))


def unsubscribe_token(customer: Customer, cell: Cell) -> str:
    return signing.Signer(salt=_UNSUBSCRIBE).sign(f"{_bare(customer)}~{cell.code}")


def of_preferences(token: str) -> Customer:
    """Whose preferences a link opens. Raises Expired, Gone, Invalid."""
    try:
        bare = signing.TimestampSigner(salt=_PREFERENCES).unsign(token, max_age=PREFERENCES_FOR)
    except signing.SignatureExpired:
        raise Expired from None
    except signing.BadSignature:
        raise Invalid from None
    return _living(bare)


def of_unsubscribe(token: str) -> Leaving:
    """What a link stops, and for whom. Raises Gone, Invalid."""
    try:
        bare, _sign, code = signing.Signer(salt=_UNSUBSCRIBE).unsign(token).partition("~")
    except signing.BadSignature:
        raise Invalid from None
    cell = by_code(code)
    if cell is None:
        raise Invalid
    return Leaving(_living(bare), cell)


def _bare(customer: Customer) -> str:
    return customer.public_id.removeprefix("cus_")


def _living(bare: str) -> Customer:
    """The customer, or who they became. Raises Gone for those of whom nothing is held."""
    found = Customer.objects.filter(pk=Customer.row_id(f"cus_{bare}") or 0).first()
    while found is not None and found.merged_into_id is not None:
        found = Customer.objects.filter(pk=found.merged_into_id).first()
    if found is None or found.erased_at:
        raise Gone
    return found
