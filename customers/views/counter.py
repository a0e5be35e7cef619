"""The counter: find a customer while they stand there."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import slots
from crm.ui.views import StaffView
from customers import search, serving
from customers.models import Customer
from customers.views import passes
from customers.views.facts import rows_of, with_facts

LONGEST = 120
COLUMNS = "counter.hits"  # what apps say of each who was found; of one found exactly the slot "counter.found" says more


class Counter(StaffView):
    permission = Permission.FIND_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render("customers/counter.html", {"title": _("Counter")})


class Find(StaffView):
    """POST: the customers who match the words, as a fragment. A POST, for personal data never stands in an address."""

    permission = Permission.FIND_CUSTOMERS

    def post(self, request: HttpRequest) -> HttpResponse:
        words = request.POST.get("q", "").strip()[:LONGEST]
        place = "top" if request.POST.get("place") == "top" else "counter"
        hits = search.find(self.staff, words, 8 if place == "top" else 20) if words else []
        exact = {hit.customer_id for hit in hits if hit.is_exact}
        known = with_facts(hit.customer_id for hit in hits)
        people = [known[hit.customer_id] for hit in hits if hit.customer_id in known]
        own = [one for one in people if serving.sees_all(self.staff, one)]
        rows = {row.customer.pk: row for row in rows_of(self.staff, own)[1]}
        told = [one for one in people if one.pk in rows or one.pk in exact]
        added = slots.columns(COLUMNS, self.staff, [one.pk for one in told]) if place == "counter" else []
        shown = [
            (
                rows.get(one.pk),
                serving.serving(one),
                address_of(self.staff, one),
                one.pk in exact,
                [values[one.pk] for _label, values in added if one.pk in values],
            )
            for one in told
        ]
        seen = {pk: row.customer for pk, row in rows.items()}
        found = [seen.get(one.pk, one) for one in told if one.pk in exact and place == "counter"]
        context = {"words": words, "hits": shown, "place": place}
        return self.render("customers/hits.html", context | {"found": found[0] if len(found) == 1 else None})


class Served(StaffView):
    """A customer of another branch who was found by an exact identifier: what serving them takes, for half an hour."""

    permission = Permission.FIND_CUSTOMERS

    def get(self, request: HttpRequest, pass_: str) -> HttpResponse:
        customer = passes.opened(self.staff, pass_)
        shown = serving.serving(customer)
        context = {"shown": shown, "title": shown.name or customer.public_id, "subject": customer}
        return self.render("customers/served.html", context)


def address_of(staff: Staff, customer: Customer) -> str:
    """Their page; for somebody of another branch a pass that only this person can use."""
    if serving.sees_all(staff, customer):
        return reverse("customers:customer", args=[customer.public_id])
    return reverse("customers:served", args=[passes.sealed(staff, customer)])
