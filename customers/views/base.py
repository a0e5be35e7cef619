"""A page of one customer."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.ui.views import StaffView
from customers import masks
from customers.models import Customer


class CustomerView(StaffView):
    """A page of one customer in one's scope. Whoever was merged away leads to who they became."""

    def customer(self, public_id: str) -> Customer:
        rows = Customer.objects.visible_to(self.staff).select_related("home_store")
        found = get_object_or_404(rows, pk=Customer.row_id(public_id))
        if found.merged_into_id:
            raise Moved(get_object_or_404(rows, pk=found.merged_into_id))
        if found.erased_at:
            raise Erased(found)
        return masks.seen_by(self.staff, found)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Moved as moved:
            if request.method == "GET":
                self.say(_("This address was of somebody who was merged into this customer."))
            return self.go(reverse("customers:customer", args=[moved.to.public_id]))
        except Erased as erased:
            crumbs = [(_("Customers"), reverse("customers:list"))]
            context = {"customer": erased.customer, "title": _("Erased"), "crumbs": crumbs}
            return self.render("customers/erased.html", context, 410)


class Moved(Exception):
    def __init__(self, to: Customer) -> None:
        self.to = to


class Erased(Exception):
    def __init__(self, customer: Customer) -> None:
        self.customer = customer
