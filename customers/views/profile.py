"""One customer: who they are, what they bought, where they stand; editing the plain facts."""

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.org.permissions import Permission
from crm.privacy import reveals
from crm.ui.pages import page_of
from crm.ui.staff import chain_of
from crm.ui.words import month
from customers import households, masks, profile, whole
from customers.forms import CustomerForm
from customers.models import Customer, Identity, IdentityKind, Payment, Purchase, Stage
from customers.views import factsheet, words
from customers.views.base import CustomerView
from customers.views.facts import TONES
from customers.views.stream import stream_of

MONTHS = 13
RECEIPTS = 10  # of a page


class Profile(CustomerView):
    permission = Permission.VIEW_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        chain, months = chain_of(request), months_until(timezone.localdate())
        found = whole.read(customer, months_since=months[0])
        whole.set_around(customer, chain, found)
        context = {
            "customer": customer,
            "whole": found,
            "tone": TONES.get(found.stage, "") if found.stage else "",
            "member": masks.identifier(
                self.staff, IdentityKind.MEMBER, found.number(IdentityKind.MEMBER) or ""
            ),
            "months": chart_of(found.months, months, chain.currency),
            "spells": [(spell, TONES.get(Stage(spell.stage), "")) for spell in found.spells],
            "identities": [
                (one, masks.identifier(self.staff, one.kind, one.value)) for one in found.identities
            ],
            "first_rows": f"?kinds=purchase&to={found.bought.first_on}#timeline"
            if found.bought.first_on
            else "",
            "facts": factsheet.of(customer, found.fields, self.staff),
            "sharing": households.others(customer, self.staff),
            "stream": stream_of(request, self.staff, customer),
            "page": page_of(purchases_of(customer), request, "-business_date", size=RECEIPTS),
            "title": customer.name or customer.public_id,
            "crumbs": [(_("Customers"), reverse("customers:list"))],
        }
        return self.render("customers/profile.html", context)


def purchases_of(customer: Customer) -> QuerySet[Purchase]:
    return Purchase.objects.filter(customer=customer).select_related("store")


def months_until(today: date) -> list[date]:
    """The first days of the last 13 months."""
    last = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(last - MONTHS + 1, last + 1)]


def chart_of(found: list[whole.Month], months: list[date], currency: str) -> dict[str, Any]:
    """What they spent in each month, net of returns: the shape of a bar chart, and its rows."""
    known = {one.month: one for one in found}
    rows = [
        (
            month,
            float(known[month].spent) if month in known else 0,
            known[month].visits if month in known else 0,
        )
        for month in months
    ]
    chart = {
        "labels": [month(one) for one in months],
        "series": [{"name": _("Spent"), "values": [spent for _month, spent, _visits in rows]}],
    }
    return {"chart": chart | {"currency": currency}, "rows": rows, "is_empty": not found}


class PurchaseLines(CustomerView):
    """The lines of one purchase, as a fragment: loaded when somebody opens the row."""

    permission = Permission.VIEW_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str, purchase: str) -> HttpResponse:
        customer = self.customer(public_id)
        receipt = get_object_or_404(purchases_of(customer), pk=Purchase.row_id(purchase))
        lines = receipt.lines.select_related("product", "product__category", "product__brand").order_by(
            "number"
        )
        paid = Payment.objects.filter(customer=customer, purchase=receipt).order_by("number")
        context = {
            "receipt": receipt,
            "lines": lines,
            "returns": receipt.returns.select_related("store").order_by("occurred_at", "pk"),
            "payments": [(words.method(one.method), one.amount) for one in paid],
        }
        return self.render("customers/purchase.html", context)


class Reveal(CustomerView):
    """POST shows one identifier in full, and writes down who asked."""

    permission = Permission.EDIT_CUSTOMERS

    def post(self, request: HttpRequest, public_id: str, identity: int) -> HttpResponse:
        customer = self.customer(public_id)
        one = get_object_or_404(Identity, pk=identity, customer=customer)
        context: dict[str, Any] = {"one": one, "customer": customer}
        asked: Any = {"customer_id": customer.pk, "store_id": customer.home_store_id, "what": one.kind}
        try:
            reveals.reveal(self.staff, **asked, reason=request.POST.get("reason", ""))
        except (reveals.ReasonMissing, reveals.ReasonUnknown):
            shown = masks.identifier(self.staff, one.kind, one.value)
            return self.render("customers/identity.html", context | {"shown": shown}, 422)
        except reveals.MayNotReveal:
            raise PermissionDenied from None
        return self.render("customers/identity.html", context | {"shown": one.value, "is_open": True})


class Edit(CustomerView):
    permission = Permission.EDIT_CUSTOMERS
    template = "customers/edit.html"

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        form = CustomerForm(None, staff=self.staff, instance=customer)
        return self.render(self.template, {"form": form} | self.around(customer))

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        around = self.around(customer)
        form = CustomerForm(request.POST, staff=self.staff, instance=customer)
        return self.answer(
            form,
            lambda: profile.change(customer.pk, form.cleaned_data, by=self.staff, based_on=form.based_on()),
            done=self.done(customer),
            context=around,
        )

    def done(self, customer: Customer) -> Any:
        def address(_changed: Any) -> str:
            self.say(_("Saved."))
            return reverse("customers:customer", args=[customer.public_id])

        return address

    def around(self, customer: Customer) -> dict[str, Any]:
        address = reverse("customers:customer", args=[customer.public_id])
        name = customer.name or customer.public_id
        crumbs = [(_("Customers"), reverse("customers:list")), (name, address)]
        title = _("Edit %(name)s") % {"name": name}
        return {"title": title, "crumbs": crumbs, "back": address, "customer": customer}
