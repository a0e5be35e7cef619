"""Settings → Order connectors: the mapping of a shop's orders, trying it with a sample, switching it on."""

import json
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.forms import RecordForm
from crm.org.permissions import Permission
from crm.org.views.base import RecordView, SettingsView
from crm.ui.views import explain
from customers.models import Connector, KeptOrder
from customers.orders import connecting, mapping, presets, signing
from customers.views.webhook import address_of

LARGEST = 256 * 1024


class Pretty(json.JSONEncoder):
    """Mappings are read and written by people."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"indent": 2, "ensure_ascii": False})


class ConnectorForm(RecordForm):
    class Meta:
        model = Connector
        fields = ["name", "code", "store", "mapping"]
        widgets = {"mapping": forms.Textarea(attrs={"rows": 22, "spellcheck": "false", "class": "full"})}
        help_texts = {"mapping": gettext_lazy("Where in an order each part of a receipt stands.")}

    def complete(self) -> None:
        field: Any = self.fields["mapping"]
        field.encoder = Pretty

    def clean_mapping(self) -> Any:
        try:
            mapping.parsed(self.cleaned_data["mapping"])
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return self.cleaned_data["mapping"]

    def values(self) -> dict[str, Any]:
        """Another mapping has to be tried again, and until then the connector is off."""
        values = super().values()
        if self.instance.pk and "mapping" in self.changed_data:
            values |= {"tested_at": None, "is_on": False}
        return values


class SampleForm(forms.Form):
    order = forms.CharField(
        label=gettext_lazy("A sample order"),
        max_length=LARGEST,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "full"}),
    )

    def clean_order(self) -> Any:
        try:
            return json.loads(self.cleaned_data["order"])
        except (ValueError, RecursionError):
            raise forms.ValidationError(_("This is not JSON.")) from None


class Connectors(SettingsView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "connectors"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Connector.objects.select_related("store").order_by("name", "pk")
        kept = KeptOrder.objects.select_related("connector").order_by("-recorded_at", "-pk")[:100]
        return self.render(
            "customers/connectors.html", {"rows": rows, "kept": kept, "title": _("Order connectors")}
        )


class ConnectorRecord(RecordView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "connectors"
    template = "customers/connector.html"
    model, form = Connector, ConnectorForm
    heading_new = gettext_lazy("New order connector")
    listing = "customers:connectors"

    def record(self, pk: int | None) -> Any:
        if pk:
            return super().record(pk)
        preset = self.request.GET.get("preset", "generic")
        return Connector(mapping=presets.PRESETS.get(preset, presets.GENERIC))

    def context(self, record: Any, name: str = "") -> dict[str, Any]:
        return super().context(record, name) | around(self.request, record)

    def done(self, record: Any) -> str:
        self.say(_("Saved: %(name)s.") % {"name": record})
        return reverse("customers:connector", args=[record.pk])


def around(request: HttpRequest, record: Connector) -> dict[str, Any]:
    """The sample beside the form, and where and how the shop sends."""
    if not record.pk:
        return {"presets": presets.PRESETS}
    sample = json.dumps(presets.SAMPLE, indent=2, ensure_ascii=False)
    return {
        "sample": SampleForm(initial={"order": sample}),
        "webhook": address_of(request, record),
        "secret": signing.derived(record),
    }


class Sample(SettingsView):
    """POST reads a sample order with the mapping as it is kept, and shows what would become of it."""

    permission = Permission.MANAGE_ORGANISATION
    tab = "connectors"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        connector = get_object_or_404(Connector.objects.select_related("store"), pk=pk)
        form, draft = SampleForm(request.POST), None
        if form.is_valid():
            try:
                draft = connecting.read(connector, form.cleaned_data["order"])
                connecting.check(draft)
                connecting.note_test(connector, at=now())
            except Refusal as refusal:
                explain(form, refusal)
        connector.refresh_from_db()
        context = {
            "record": connector, "form": ConnectorForm(instance=connector), "title": connector.name,
            "listing": reverse("customers:connectors"),
        } | around(request, connector) | {"sample": form, "draft": draft}  # fmt: skip
        return self.render("customers/connector.html", context, 200 if form.is_valid() else 422)


class Switch(SettingsView):
    """POST switches the connector on, DELETE off."""

    permission = Permission.MANAGE_ORGANISATION
    tab = "connectors"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._set(pk, on=True)

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._set(pk, on=False)

    def _set(self, pk: int, *, on: bool) -> HttpResponse:
        connector = get_object_or_404(Connector, pk=pk)
        try:
            connecting.switch(connector, on=on, by=self.staff)
        except Refusal as refusal:
            self.say(refusal, error=True)
        else:
            self.say(_("It takes orders now.") if on else _("It takes no orders any more."))
        return self.go(reverse("customers:connector", args=[pk]))


class Kept(SettingsView):
    """An order that was set aside: POST tries it again, DELETE puts it away."""

    permission = Permission.REPLAY_QUARANTINE
    tab = "connectors"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        kept = get_object_or_404(KeptOrder.objects.select_related("connector__store"), pk=pk)
        outcome = connecting.replay(kept, by=self.staff)
        if outcome.state == connecting.SET_ASIDE:
            self.say(_("It stays set aside: %(why)s") % {"why": outcome.detail}, error=True)
        else:
            self.say(_("Applied."))
        return self.go(reverse("customers:connectors"))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        connecting.discard(get_object_or_404(KeptOrder, pk=pk), by=self.staff)
        self.say(_("Put away."))
        return self.go(reverse("customers:connectors"))
