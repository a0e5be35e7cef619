"""Staff: the list, one person, leaving and coming back, a new password."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org import administration
from crm.org.forms import StaffFilter, StaffForm
from crm.org.models import Staff
from crm.org.permissions import CHAIN_WIDE, Permission
from crm.org.views.base import RecordView, SettingsView
from crm.ui.pages import page_of


class StaffList(SettingsView):
    permission = Permission.MANAGE_STAFF
    tab = "staff"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = StaffFilter(request.GET)
        rows = (
            Staff.objects.visible_to(self.staff)
            .select_related("user", "region", "department")
            .prefetch_related("stores")
        )
        rows = _filtered(rows, form)
        context = {
            "form": form,
            "page": page_of(rows, request, "name"),
            "count": rows.count(),
            "title": _("Staff"),
            "chain_wide": CHAIN_WIDE,
        }
        return self.render("org/staff.html", context)


def _filtered(rows: QuerySet[Staff], form: StaffFilter) -> QuerySet[Staff]:
    wanted = form.cleaned_data if form.is_valid() else {}
    if wanted.get("role"):
        rows = rows.filter(role=wanted["role"])
    if wanted.get("store"):
        rows = rows.filter(stores=wanted["store"])
    if wanted.get("state") != "all":
        rows = rows.filter(is_active=wanted.get("state") != "left")
    return rows


class StaffRecord(RecordView):
    permission = Permission.MANAGE_STAFF
    template = "org/person.html"
    tab = "staff"
    model, form = Staff, StaffForm
    heading_new = gettext_lazy("New member of staff")
    listing = "org:staff"

    def record(self, pk: int | None) -> Staff:
        return (
            get_object_or_404(Staff.objects.visible_to(self.staff).select_related("user"), pk=pk)
            if pk
            else Staff()
        )

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        if pk is not None:
            return super().post(request, pk)
        form = StaffForm(request.POST, instance=Staff())
        if form.is_valid():
            person, password = administration.hire(
                form.values(), form.cleaned_data["username"], by=self.staff
            )
            return self.render(
                "org/password.html", {"person": person, "password": password, "title": person.name}, 201
            )
        return self.render(self.template, self.context(form.instance) | {"form": form}, 422)

    def context(self, record: Any, name: str = "") -> dict[str, Any]:
        return super().context(record, name) | {"is_self": record.pk == self.staff.pk}


class Departure(SettingsView):
    """POST: the person has left; DELETE: they are back."""

    permission = Permission.MANAGE_STAFF
    tab = "staff"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = get_object_or_404(Staff.objects.visible_to(self.staff), pk=pk)
        try:
            administration.let_go(person, by=self.staff)
        except Refusal as refusal:
            self.say(refusal, error=True)
        else:
            self.say(_("%(name)s can no longer sign in.") % {"name": person.name}, undo=request.path)
        return self.go(reverse("org:staff"))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = get_object_or_404(Staff.objects.visible_to(self.staff), pk=pk)
        administration.take_back(person, by=self.staff)
        self.say(_("%(name)s can sign in again.") % {"name": person.name})
        return self.go(reverse("org:staff"))


class Password(SettingsView):
    """POST gives the person a new first password, shown once."""

    permission = Permission.MANAGE_STAFF
    tab = "staff"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = get_object_or_404(Staff.objects.visible_to(self.staff).select_related("user"), pk=pk)
        password = administration.new_password(person, by=self.staff)
        return self.render(
            "org/password.html", {"person": person, "password": password, "title": person.name}, 201
        )
