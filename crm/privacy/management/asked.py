"""Whom a command is about."""

from django.core.management.base import CommandError

from crm.org.models import public_id


def customer_of(text: str) -> int:
    """The row number behind "cus_…", or the number itself."""
    found = int(text) if text.isascii() and text.isdigit() else public_id("cus").decode(text)
    if found is None:
        raise CommandError(f"“{text}” is no customer: give an id such as cus_0f3k9w2mxq7t.")
    return found
