"""Points of somebody: every movement with the balance after it, and what each took from which lot."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from crm.audit import trail
from crm.org.permissions import Permission
from crm.ui import export
from customers.models import Customer
from customers.views.base import CustomerView
from loyalty import familywords, glance, history, movementwords
from loyalty.models import Kind, Movement, Unit

MOST = 100_000  # rows of a file
LAST_DAY = date.max - timedelta(days=2)  # the calendar has an end, and so has the day after it in every zone
# Money has a page of its own (`storedcustomer.py`).
COUNTED = [(unit.value, unit.label) for unit in Unit if not unit.is_money]
_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FilterForm(forms.Form):
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=COUNTED, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=_DAY)
    until = forms.DateField(label=pgettext_lazy("period", "Until"), required=False, widget=_DAY)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        kind: Any = self.fields["kind"]
        kind.choices = [("", _("All")), *((name, group.label) for name, group in history.GROUPS.items())]

    def asked(self, owner: Customer) -> history.Asked:
        """What is wrong is left out."""
        told: dict[str, Any] = self.cleaned_data if self.is_valid() else getattr(self, "cleaned_data", {})
        until = told.get("until")
        return history.Asked(
            customer_id=owner.pk,
            unit=int(told.get("unit") or Unit.POINTS),
            group=told.get("kind") or "",
            since=_midnight(told.get("since")),
            until=_midnight(min(until, LAST_DAY) + timedelta(days=1) if until else None),
        )


class Account(CustomerView):
    """The movements of a member, newest first; what is at the end of the page fetches the next."""

    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner = self.customer(customer)
        form = FilterForm(request.GET)
        asked = form.asked(owner)
        page = history.page(asked, after=request.GET.get("after", ""))
        notes = familywords.notes(owner.pk, page.moves, self.names)
        kept = request.GET.copy()
        kept.pop("after", None)
        context = {
            "customer": owner,
            "page": page,
            "moves": [
                (one, movementwords.of(one.kind, one.points), notes.get(one.id, "")) for one in page.moves
            ],
            "query": kept.urlencode(),
        }
        if request.GET.get("after") and getattr(request, "htmx", False):
            return self.render("loyalty/account_rows.html", context)
        name = owner.name or owner.public_id
        address = reverse("customers:customer", args=[owner.public_id])
        context |= {
            "form": form,
            "now": glance.of(owner, timezone.now()),
            "title": _("Points of %(name)s") % {"name": name},
            "crumbs": [(_("Customers"), reverse("customers:list")), (name, address)],
            "spent": familywords.spent(owner.pk, self.names),
            "export": reverse("loyalty:account-export", args=[owner.public_id]),
        }
        return self.render("loyalty/account.html", context)

    def names(self, customer_ids: Iterable[int]) -> dict[int, str]:
        return familywords.of_staff(self.staff, customer_ids)


class Trace(CustomerView):
    """What a movement took from which lot, or gave it, as a fragment."""

    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest, customer: str, movement: str) -> HttpResponse:
        owner = self.customer(customer)
        pieces = history.trace(owner.pk, Movement.row_id(movement) or 0)
        if not pieces:
            raise Http404
        return self.render("loyalty/trace.html", {"pieces": pieces, "customer": owner})


class Export(CustomerView):
    """The movements as they are filtered, as a file. Goes into the trail."""

    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest, customer: str) -> HttpResponseBase:
        owner = self.customer(customer)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record("points.export", owner, by=self.staff, details={"format": kind})
        found = history.page(FilterForm(request.GET).asked(owner), limit=MOST)
        header = [_("Time"), pgettext("points", "Movement"), _("Points"), _("Balance"), _("Store")]
        rows = (
            (one.at, str(movementwords.TITLES[Kind(one.kind)]), one.points, one.balance, one.store or "")
            for one in found.moves
        )
        return export.download(f"{_('points')}-{owner.public_id}", kind, header, rows)


def _midnight(day: Any) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None
