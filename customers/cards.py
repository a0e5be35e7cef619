"""The code on a member's card: a card number by chance, which the till scans like any other.

It is an identifier of the kind "card", so the Counter, the API and receipts know it, a merge carries it and an erasure
takes it away. Not the member number: those run on, and whoever counts would hold somebody's card.
"""

import secrets
from typing import Any

from django.db import transaction

from customers import contacts, present
from customers.models import Customer, Identity, IdentityKind

SOURCE = "member-page"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 14  # 70 bits


def of(customer: Customer) -> str:
    """The newest; "" before the first."""
    mine = _mine(customer).order_by("-pk").values_list("value", flat=True)
    return mine.first() or ""


def renew(customer: Customer, *, by: Any) -> str:
    """A new code; earlier ones open nothing any more. Raises Erased."""
    with transaction.atomic():
        present.hold(customer.pk)
        before = list(_mine(customer))
        made = contacts.add(customer, IdentityKind.CARD, new(), by=by, source=SOURCE)
        for one in before:
            contacts.remove(customer, one, by=by)
    return made.value


def shown(code: str) -> str:
    """In groups of four, as people read it; the spaces are no part of it."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def new() -> str:
    return "MC" + "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(LENGTH))


def _mine(customer: Customer) -> Any:
    return Identity.objects.filter(customer=customer, kind=IdentityKind.CARD, source=SOURCE)
