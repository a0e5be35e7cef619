"""One customer: who they are, what they bought, where they stand; editing the plain facts."""

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.org.permissions import Permission
from crm.ui.pages import page_of
from crm.ui.staff import chain_of
from crm.ui.views import StaffView
from customers import nights, profile, stages
from customers.forms import CustomerForm
from customers.masks import masked
from customers.models import Customer, CustomerTag, Identity, Payment, Purchase, Stage
from customers.views import words
from customers.views.facts import TONES, rows_of

MONTHS = 13


class CustomerView(StaffView):
    """A page of one customer in one's scope. Whoever was merged away leads to who they became."""

    def customer(self, public_id: str) -> Customer:
        rows = Customer.objects.visible_to(self.staff).select_related("home_store")
        found = get_object_or_404(rows, pk=Customer.row_id(public_id))
        if found.merged_into_id:
            raise Moved(get_object_or_404(rows, pk=found.merged_into_id))
        return found

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Moved as moved:
            return self.go(reverse("customers:customer", args=[moved.to.public_id]))


class Moved(Exception):
    def __init__(self, to: Customer) -> None:
        self.to = to


class Profile(CustomerView):
    permission = Permission.VIEW_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        labels, (row,) = rows_of(self.staff, [customer])
        spells = stages.life_of(customer)[:12]
        context = {
            "customer": customer,
            "row": row,
            "night": nights.published(),
            "more": list(zip(labels, row.more, strict=True)),
            "months": months_of(customer, chain_of(request).currency),
            "spells": [(spell, TONES.get(Stage(spell.stage), "")) for spell in spells],
            "identities": [
                (one, masked(one.kind, one.value))
                for one in customer.identities.order_by("kind", "-is_primary", "pk")
            ],
            "tags": CustomerTag.objects.filter(customer=customer).select_related("tag").order_by("tag__name"),
            "page": page_of(purchases_of(customer), request, "-business_date", size=20),
            "title": customer.name or customer.public_id,
            "crumbs": [(_("Customers"), reverse("customers:list"))],
        }
        return self.render("customers/profile.html", context)


def purchases_of(customer: Customer) -> QuerySet[Purchase]:
    return Purchase.objects.filter(customer=customer).select_related("store")


def months_of(customer: Customer, currency: str) -> dict[str, Any]:
    """What they spent in each of the last 13 months, net of returns: the shape of a bar chart."""
    today = timezone.localdate()
    last = today.year * 12 + today.month - 1
    months = [date(n // 12, n % 12 + 1, 1) for n in range(last - MONTHS + 1, last + 1)]
    sums = (
        Purchase.objects.filter(customer=customer, business_date__gte=months[0])
        .annotate(month=TruncMonth("business_date"))
        .values("month")
        .annotate(spent=Sum("amount") - Sum("returned"), visits=Count("pk"))
        .order_by("month")
    )
    known = {row["month"]: row for row in sums}
    spent = [float(known[month]["spent"]) if month in known else 0 for month in months]
    rows = [
        (month, spent[at], known[month]["visits"] if month in known else 0) for at, month in enumerate(months)
    ]
    chart = {
        "labels": [f"{month:%Y-%m}" for month in months],
        "series": [{"name": _("Spent"), "values": spent}],
    }
    return {"chart": chart | {"currency": currency}, "rows": rows}


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
        with transaction.atomic():
            trail.record(
                "customer.reveal", customer, by=self.staff, details={"kind": one.kind, "identity": one.pk}
            )
        return self.render(
            "customers/identity.html", {"one": one, "shown": one.value, "customer": customer, "is_open": True}
        )


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
