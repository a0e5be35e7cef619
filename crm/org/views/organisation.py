"""Chain, regions, departments."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org import administration
from crm.org.forms import ChainForm, DepartmentForm, RegionForm
from crm.org.models import Chain, Department, Region
from crm.org.permissions import Permission
from crm.org.views.base import RecordView, SettingsView


class ChainSettings(RecordView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "chain"
    model, form = Chain, ChainForm
    heading_new = gettext_lazy("Chain")
    listing = "org:chain"

    def record(self, pk: int | None) -> Chain:
        return Chain.current()

    def context(self, record: Any, name: str = "") -> dict[str, Any]:
        return super().context(record, name) | {
            "title": _("Chain"),
            "listing": "",
            "lead": _("Amounts are shown in this currency, the night closes days in this time zone."),
        }


class Regions(SettingsView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "regions"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Region.objects.annotate(
            store_count=Count("stores", distinct=True), staff_count=Count("staff", distinct=True)
        )
        return self.render("org/regions.html", {"rows": rows.order_by("name", "pk"), "title": _("Regions")})


class RegionRecord(RecordView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "regions"
    model, form = Region, RegionForm
    heading_new = gettext_lazy("New region")
    listing = "org:regions"

    def delete(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        return _remove(self, get_object_or_404(Region, pk=pk))

    def context(self, record: Any, name: str = "") -> dict[str, Any]:
        return super().context(record, name) | {"removable": bool(record.pk)}


class Departments(SettingsView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "departments"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Department.objects.select_related("store").annotate(staff_count=Count("staff"))
        return self.render(
            "org/departments.html", {"rows": rows.order_by("name", "pk"), "title": _("Departments")}
        )


class DepartmentRecord(RecordView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "departments"
    model, form = Department, DepartmentForm
    heading_new = gettext_lazy("New department")
    listing = "org:departments"

    def delete(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        return _remove(self, get_object_or_404(Department, pk=pk))

    def context(self, record: Any, name: str = "") -> dict[str, Any]:
        return super().context(record, name) | {"removable": bool(record.pk)}


def _remove(view: RecordView, record: Region | Department) -> HttpResponse:
    name = str(record)
    try:
        administration.remove(record, by=view.staff)
    except Refusal as refusal:
        view.say(_("%(name)s stays: %(why)s") % {"name": name, "why": refusal}, error=True)
    else:
        view.say(_("Deleted: %(name)s.") % {"name": name})
    return view.go(reverse(view.listing))
