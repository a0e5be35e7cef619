"""Merging two customers who are one person: side by side, done, and taken back.

Whoever merges must see both (their home stores in one's scope): they decide about both, and afterwards one of them is
no longer in the lists of a store. Two of different regions are merged by somebody who sees the chain.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import slots
from customers import merging, search
from customers.merging import history
from customers.merging.facts import LOSER, SURVIVOR
from customers.models import Customer, Merge
from customers.views import mergewords
from customers.views.base import CustomerView
from customers.views.counter import LONGEST
from customers.views.facts import rows_of, with_facts

CHOICE = "choice."


class MergePage(CustomerView):
    """GET shows what would become of both; POST merges. The first address is the survivor's."""

    permission = Permission.MERGE_CUSTOMERS
    template = "customers/merge.html"

    def get(self, request: HttpRequest, public_id: str, other: str) -> HttpResponse:
        return self.render(self.template, self.context(*self.both(public_id, other), request.GET))

    def post(self, request: HttpRequest, public_id: str, other: str) -> HttpResponse:
        survivor, loser = self.both(public_id, other)
        reason, is_confirmed = request.POST.get("reason", "").strip()[:200], "confirmed" in request.POST
        try:
            done = merging.merge(
                survivor, loser, by=self.staff, at=timezone.now(), choices=choices_of(request.POST),
                reason=reason, is_confirmed=is_confirmed,
            )  # fmt: skip
        except Refusal as refusal:
            context = self.context(survivor, loser, request.POST) | {
                "problem": str(refusal),
                "reason": reason,
            }
            return self.render(self.template, context, status=422)
        undo = reverse("customers:unmerge", args=[survivor.public_id, done.public_id])
        self.say(_("Merged: all of %(who)s is here now.") % {"who": loser}, undo=undo)
        return self.go(reverse("customers:customer", args=[survivor.public_id]))

    def both(self, public_id: str, other: str) -> tuple[Customer, Customer]:
        survivor, loser = self.customer(public_id), self.customer(other)
        if survivor.pk == loser.pk:
            raise Http404
        return survivor, loser

    def context(self, survivor: Customer, loser: Customer, asked: Any) -> dict[str, Any]:
        shown = mergewords.Shown(merging.preview(survivor, loser, choices_of(asked)), self.staff)
        address = reverse("customers:customer", args=[survivor.public_id])
        return {
            "shown": shown,
            "swap": reverse("customers:merge", args=[loser.public_id, survivor.public_id]),
            "title": _("Merge two customers"),
            "crumbs": [(_("Customers"), reverse("customers:list")), (shown.mine.name, address)],
            "back": address,
        }


def choices_of(asked: Any) -> dict[str, str]:
    """What the radio buttons say: {"name": "loser"}."""
    told = {name.removeprefix(CHOICE): asked[name] for name in asked if name.startswith(CHOICE)}
    return {name: side for name, side in told.items() if side in (SURVIVOR, LOSER)}


class Unmerge(CustomerView):
    """A merge that was done: DELETE undoes it."""

    permission = Permission.MERGE_CUSTOMERS

    def delete(self, request: HttpRequest, public_id: str, merge: str) -> HttpResponse:
        customer = self.customer(public_id)
        done = get_object_or_404(Merge, customer=customer, pk=Merge.row_id(merge))
        get_object_or_404(Customer.objects.visible_to(self.staff), pk=done.loser_id)  # both, as for merging
        try:
            merging.unmerge(done, by=self.staff, at=timezone.now())
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        else:
            freed = Customer.objects.get(pk=done.loser_id)
            self.say(_("Undone: %(who)s is a customer of their own again.") % {"who": freed})
        return self.go(reverse("customers:customer", args=[customer.public_id]))


class MergeWith(CustomerView):
    """Find the other one: GET shows the search, POST answers while somebody types (no personal data in addresses)."""

    permission = Permission.MERGE_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        name, address = (
            customer.name or customer.public_id,
            reverse("customers:customer", args=[customer.public_id]),
        )
        crumbs = [(_("Customers"), reverse("customers:list")), (name, address)]
        context = {"customer": customer, "title": _("Merge with another customer"), "crumbs": crumbs}
        return self.render("customers/merge_with.html", context)

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        words = request.POST.get("q", "").strip()[:LONGEST]
        hits = search.find(self.staff, words, 8) if words else []
        known = with_facts(hit.customer_id for hit in hits if hit.customer_id != customer.pk)
        own = [one for one in known.values() if one.home_store_id in self.staff.scope()]
        rows = rows_of(self.staff, own)[1]
        hidden = len(known) - len(own)
        context = {"customer": customer, "words": words, "rows": rows, "hidden": hidden}
        return self.render("customers/merge_hits.html", context)


class Merges(CustomerView):
    """The merges of a customer with Undo, as a fragment: loaded when the card comes into view."""

    permission = Permission.MERGE_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        context = {"past": history.of(customer, self.staff), "customer": customer}
        return self.render("customers/merge_past.html", context)


def panel(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """The card of merges: what is in it comes later, so that the page does not wait for it."""
    return {"customer": customer}


def fill() -> None:
    shown = slots.Panel("merges", "customers/panel_merges.html", panel, Permission.MERGE_CUSTOMERS, order=90)
    slots.offer("customer.side", shown)
