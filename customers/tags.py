"""Tags: words that the chain puts on customers."""

from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import normalise
from crm.lib.refusals import Fault, Refusal
from customers.models import Customer, CustomerTag, Tag

LONGEST = 60
SUGGESTED = 8


class InvalidTag(Refusal):
    """`faults` point at "/name"."""

    code: ClassVar[str] = "invalid_tag"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, faults=(Fault("/name", detail),))


def suggest(text: str) -> list[str]:
    """Names of tags that begin with this, or hold it."""
    wanted = normalise.plain(text)
    rows = Tag.objects.filter(name__icontains=wanted).order_by("name").values_list("name", flat=True)
    found = sorted(rows[: SUGGESTED * 4], key=lambda name: not name.casefold().startswith(wanted.casefold()))
    return found[:SUGGESTED]


def add(customer: Customer, name: str, *, by: Any, may_create: bool = True) -> tuple[Tag, bool]:
    """Put a tag on a customer; (the tag, whether it is new to them). Case does not make another tag.

    Raises InvalidTag, also for a tag that does not exist where `may_create` is false; then nothing has changed.
    """
    wanted = normalise.plain(name)
    if not wanted or not wanted.isprintable() or len(wanted) > LONGEST:
        raise InvalidTag(_("A tag has between 1 and %(n)d characters.") % {"n": LONGEST})
    with transaction.atomic():
        tag = Tag.objects.filter(name__iexact=wanted).order_by("pk").first()
        if tag is None and not may_create:
            raise InvalidTag(_("There is no such tag. Choose one of those that there are."))
        tag = tag or Tag.objects.get_or_create(name=wanted)[0]
        return tag, _put(customer, tag, by)


def put(customer: Customer, tag: Tag, *, by: Any) -> bool:
    """Put a known tag on a customer; whether it is new to them."""
    with transaction.atomic():
        return _put(customer, tag, by)


def remove(customer: Customer, tag: Tag, *, by: Any) -> bool:
    """Take a tag from a customer; whether they had it."""
    with transaction.atomic():
        gone, _rows = CustomerTag.objects.filter(customer=customer, tag=tag).delete()
        if gone:
            _record("customer.untag", customer, tag, by)
        return bool(gone)


def _put(customer: Customer, tag: Tag, by: Any) -> bool:
    _held, is_new = CustomerTag.objects.get_or_create(customer=customer, tag=tag)
    if is_new:
        _record("customer.tag", customer, tag, by)
    return is_new


def _record(action: str, customer: Customer, tag: Tag, by: Any) -> None:
    trail.record(action, customer, by=by, store_id=customer.home_store_id, details={"tag": tag.pk})
