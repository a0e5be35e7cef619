"""Stores: the list, one store, closing and reopening."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org import administration
from crm.org.forms import StoreFilter, StoreForm
from crm.org.models import Chain, Store
from crm.org.permissions import Permission
from crm.org.views.base import RecordView, SettingsView
from crm.ui.pages import page_of


class Stores(SettingsView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "stores"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = StoreFilter(request.GET)
        rows = _filtered(Store.objects.visible_to(self.staff).select_related("region"), form)
        count = rows.count()  # a chain has hundreds of stores, not millions
        context = {"form": form, "page": page_of(rows, request, "name"), "count": count, "title": _("Stores")}
        return self.render("org/stores.html", context)


def _filtered(rows: QuerySet[Store], form: StoreFilter) -> QuerySet[Store]:
    wanted = form.cleaned_data if form.is_valid() else {}
    if words := wanted.get("q"):
        rows = rows.filter(Q(name__icontains=words) | Q(code__icontains=words))
    if wanted.get("region"):
        rows = rows.filter(region=wanted["region"])
    states = {"open": Q(is_active=True), "closed": Q(is_active=False), "stub": Q(is_stub=True)}
    return rows.filter(states.get(wanted.get("state", ""), Q()))


class StoreRecord(RecordView):
    permission = Permission.MANAGE_ORGANISATION
    template = "org/store.html"
    tab = "stores"
    model, form = Store, StoreForm
    heading_new = gettext_lazy("New store")
    listing = "org:stores"

    def record(self, pk: int | None) -> Store:
        if pk is None:
            return Store(timezone=Chain.current().timezone)
        return get_object_or_404(Store.objects.visible_to(self.staff), pk=pk)

    def context(self, record: Any, name: str = "") -> dict[str, Any]:
        return super().context(record, name) | {
            "staff_count": record.staff.filter(is_active=True).count() if record.pk else 0
        }


class StoreClosure(SettingsView):
    """POST closes the store, DELETE opens it again."""

    permission = Permission.MANAGE_ORGANISATION
    tab = "stores"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        store = get_object_or_404(Store.objects.visible_to(self.staff), pk=pk)
        administration.close(store, by=self.staff)
        self.say(_("%(name)s is closed.") % {"name": store.name}, undo=request.path)
        return self.go(reverse("org:stores"))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        store = get_object_or_404(Store.objects.visible_to(self.staff), pk=pk)
        administration.reopen(store, by=self.staff)
        self.say(_("%(name)s is open again.") % {"name": store.name})
        return self.go(reverse("org:stores"))
