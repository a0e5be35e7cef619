"""What the administration pages share: the tabs, and one page to make or change a record."""

from functools import lru_cache
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.org import administration
from crm.org.forms import RecordForm
from crm.org.tabs import TABS
from crm.ui.views import StaffView


@lru_cache(maxsize=1)
def zones() -> list[str]:
    return sorted(
        zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/"))
    )


class SettingsView(StaffView):
    """A page under Settings; `tab` is the one that is open."""

    tab: ClassVar[str]

    def _around(self) -> dict[str, Any]:
        tabs = [
            (_(label), reverse(name), key == self.tab, None)
            for key, label, name, need in TABS
            if self.staff.may(need)
        ]
        return super()._around() | {"tabs": tabs}


class RecordView(SettingsView):
    """GET shows the form of a new or known record; POST keeps it."""

    template = "org/record.html"
    model: ClassVar[type[Model]]
    form: ClassVar[type[RecordForm]]
    heading_new: ClassVar[Any]
    listing: ClassVar[str]

    def record(self, pk: int | None) -> Any:
        return get_object_or_404(self.model._default_manager, pk=pk) if pk else self.model()

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        record = self.record(pk)
        return self.render(self.template, self.context(record) | {"form": self.form(instance=record)})

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        record = self.record(pk)
        name = str(record) if pk else ""
        form = self.form(request.POST, instance=record)
        return self.answer(
            form, lambda: self.keep(form), done=self.done, context=lambda: self.context(record, name)
        )

    def keep(self, form: Any) -> Any:
        return administration.keep(form.instance, form.values(), by=self.staff, based_on=form.based_on())

    def done(self, record: Any) -> str:
        self.say(_("Saved: %(name)s.") % {"name": record})
        return reverse(self.listing)

    def context(self, record: Any, name: str = "") -> dict[str, Any]:
        heading = (name or str(record)) if record.pk else self.heading_new
        return {"record": record, "title": heading, "listing": reverse(self.listing), "zones": zones()}
