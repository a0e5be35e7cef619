"""The counter: find a customer while they stand there."""

from typing import Any

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers import search, serving
from customers.models import Customer
from customers.views.facts import rows_of, with_facts

LONGEST = 120
SERVED_FOR = 30 * 60  # seconds that a customer of another branch stays open to whoever found them
_SALT = "customers.served"


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
        shown = [
            (rows.get(one.pk), serving.serving(one), address_of(self.staff, one), one.pk in exact)
            for one in people
            if one.pk in rows or one.pk in exact
        ]
        return self.render("customers/hits.html", {"words": words, "hits": shown, "place": place})


class Served(StaffView):
    """A customer of another branch who was found by an exact identifier: what serving them takes, for half an hour."""

    permission = Permission.FIND_CUSTOMERS

    def get(self, request: HttpRequest, pass_: str) -> HttpResponse:
        try:
            customer_id, staff_id = signing.loads(pass_, salt=_SALT, max_age=SERVED_FOR)
        except signing.BadSignature:
            raise Http404 from None
        people = with_facts([customer_id]) if staff_id == self.staff.pk else {}
        if not people:
            raise Http404
        (customer,) = people.values()
        shown = serving.serving(customer)
        context = {"shown": shown, "title": shown.name or customer.public_id, "subject": customer}
        return self.render("customers/served.html", context)


def address_of(staff: Staff, customer: Customer) -> str:
    """Their page; for somebody of another branch a pass that only this person can use."""
    if serving.sees_all(staff, customer):
        return reverse("customers:customer", args=[customer.public_id])
    token: Any = [customer.pk, staff.pk]
    return reverse("customers:served", args=[signing.dumps(token, salt=_SALT)])
