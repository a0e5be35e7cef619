"""Taking back a change of a customer's page. The notice carries a sealed note of what to restore; nothing of it is kept
here, and it opens only for who made the change, for a quarter of an hour."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from crm.lib import sealed
from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.permissions import Permission
from customers import contacts, profile, tags
from customers.models import Customer, Identity, Tag
from customers.views.base import CustomerView

PURPOSE = "customers.undo"
OPEN_FOR = 15 * 60  # seconds


def note(customer: Customer, staff: Staff, kind: str, *told: Any) -> str:
    """A sealed note that takes a change back."""
    return sealed.seal([customer.pk, staff.pk, kind, *told], secret=settings.SECRET_KEY, purpose=PURPOSE)


class Undo(CustomerView):
    """POST takes back what the note says, unless somebody changed it since."""

    permission = Permission.EDIT_CUSTOMERS

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        try:
            note = request.POST.get("undo", "")
            opened = sealed.unseal(note, secret=settings.SECRET_KEY, purpose=PURPOSE, max_age=OPEN_FOR)
            owner, staff, kind, *told = opened
        except sealed.Broken:
            return self.render("customers/undone.html", {"said": _("Too late to undo that.")}, status=422)
        if owner != customer.pk or staff != self.staff.pk:
            raise Http404
        try:
            UNDOING[kind](customer, self.staff, *told)
        except Refusal as refusal:
            said = _("Not undone: %(why)s") % {"why": refusal}
            return self.render("customers/undone.html", {"said": said}, status=409)
        answer = self.render("customers/undone.html", {"said": _("Undone.")})
        answer["HX-Refresh"] = "true"
        return answer


def _fact(customer: Customer, staff: Staff, name: str, old: Any, new: Any) -> None:
    """Only where it still holds what was written."""
    field = _typed(name)
    profile.change(customer.pk, {name: field(old)}, by=staff, based_on={name: field(new)})


def _typed(name: str) -> Callable[[Any], Any]:
    """JSON knows no dates; what a fact holds is made of what the note says."""
    if name == "birthday":
        return lambda value: Customer._meta.get_field(name).to_python(value)  # type: ignore[union-attr]
    return lambda value: value


def _untag(customer: Customer, staff: Staff, tag: int) -> None:
    tags.remove(customer, get_object_or_404(Tag, pk=tag), by=staff)


def _tag(customer: Customer, staff: Staff, tag: int) -> None:
    tags.put(customer, get_object_or_404(Tag, pk=tag), by=staff)


def _unidentify(customer: Customer, staff: Staff, identity: int) -> None:
    contacts.remove(customer, get_object_or_404(Identity, pk=identity, customer=customer), by=staff)


def _main(customer: Customer, staff: Staff, identity: int) -> None:
    contacts.make_main(customer, get_object_or_404(Identity, pk=identity, customer=customer), by=staff)


def _identify(customer: Customer, staff: Staff, *told: Any) -> None:
    kind, value, is_primary, source, verified_at = told
    at = parse_datetime(verified_at) if verified_at else None
    contacts.put_back(customer, contacts.Removed(kind, value, is_primary, source, at), by=staff)


UNDOING: dict[str, Callable[..., None]] = {
    "fact": _fact,
    "untag": _untag,
    "tag": _tag,
    "unidentify": _unidentify,
    "main": _main,
    "identify": _identify,
}
