"""How a customer is reached and recognised: adding an identifier, choosing the main one of a kind, removing one."""

from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from customers import enrolment, present
from customers.matching import keys
from customers.models import Customer, Identity


class LastIdentifier(Refusal):
    code: ClassVar[str] = "last_identifier"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("A customer needs one identifier at least. Add another one first."))


class Removed(NamedTuple):
    """What it takes to put an identifier back."""

    kind: str
    value: str
    is_primary: bool
    source: str
    verified_at: datetime | None


def add(customer: Customer, kind: str, value: str, *, by: Any, source: str = "page") -> Identity:
    """One more identifier; the first of its kind becomes the main one. Raises what `enrolment.identify` raises."""
    with transaction.atomic():
        found = enrolment.identify(customer, kind, value, by=by, source=source)
        if not _of_kind(customer, found.kind).filter(is_primary=True).exists():
            _set_main(customer, found)
    return found


def make_main(customer: Customer, identity: Identity, *, by: Any) -> Identity | None:
    """Make this the main one of its kind; the one that was (None: it was main already)."""
    with transaction.atomic():
        present.hold(customer.pk)
        rows = list(_of_kind(customer, identity.kind).select_for_update().order_by("pk"))
        before = next((one for one in rows if one.is_primary), None)
        if before is not None and before.pk == identity.pk:
            return None
        _set_main(customer, identity)
        _record("customer.main_identifier", customer, identity, by)
    return before or identity


def remove(customer: Customer, identity: Identity, *, by: Any) -> Removed:
    """Take an identifier away: they are not found by it any more. Raises LastIdentifier."""
    with transaction.atomic():
        # two removals wait for each other
        if Customer.objects.select_for_update(no_key=True).get(pk=customer.pk).erased_at:
            raise present.Erased
        if not Identity.objects.filter(customer=customer).exclude(pk=identity.pk).exists():
            raise LastIdentifier
        gone = Removed(
            identity.kind, identity.value, identity.is_primary, identity.source, identity.verified_at
        )
        identity.delete()
        if gone.is_primary and (heir := _of_kind(customer, gone.kind).order_by("pk").first()):
            _set_main(customer, heir)
        keys.index([customer.pk])
        trail.record("customer.unidentify", customer, by=by, store_id=customer.home_store_id,
            details={"identifiers": [gone.kind]})  # fmt: skip
    return gone


def put_back(customer: Customer, gone: Removed, *, by: Any) -> Identity:
    """Undo a removal. Raises AlreadyEnrolled where somebody has got the identifier meanwhile."""
    with transaction.atomic():
        found = enrolment.identify(customer, gone.kind, gone.value, by=by, source=gone.source)
        Identity.objects.filter(pk=found.pk).update(verified_at=gone.verified_at)
        if gone.is_primary:
            _set_main(customer, found)
    return found


def _of_kind(customer: Customer, kind: str) -> Any:
    return Identity.objects.filter(customer=customer, kind=kind)


def _set_main(customer: Customer, identity: Identity) -> None:
    _of_kind(customer, identity.kind).exclude(pk=identity.pk).filter(is_primary=True).update(is_primary=False)
    Identity.objects.filter(pk=identity.pk).update(is_primary=True)


def _record(action: str, customer: Customer, identity: Identity, by: Any) -> None:
    details = {"kind": identity.kind, "identity": identity.pk}
    trail.record(action, customer, by=by, store_id=customer.home_store_id, details=details)
