"""Settings → Facts of others: providers, whether they are used, and files of facts."""

from typing import Any

from django import forms
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.forms import RecordForm
from crm.org.permissions import Permission
from crm.org.views.base import RecordView, SettingsView
from crm.ui.views import explain
from customers.models import ProvidedFact, Provider
from customers.provided import facts, files

LARGEST = 2 * 1024 * 1024


class ProviderForm(RecordForm):
    class Meta:
        model = Provider
        fields = ["name", "code", "right", "is_on"]
        help_texts = {
            "is_on": gettext_lazy("Off: what it gave is hidden and not used, and it can give no more.")
        }


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("A CSV file"),
        help_text=gettext_lazy("In UTF-8, with these columns in any order; right may be left out."),
    )

    def clean_file(self) -> Any:
        if self.cleaned_data["file"].size > LARGEST:
            raise forms.ValidationError(_("At most 2 MB; split the file."))
        return self.cleaned_data["file"]


class Providers(SettingsView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "providers"

    def get(self, request: HttpRequest) -> HttpResponse:
        counted = ProvidedFact.objects.values("provider").annotate(facts=Count("pk"), last=Max("recorded_at"))
        by_provider = {row["provider"]: (row["facts"], row["last"]) for row in counted.order_by()}
        rows = [(one, *by_provider.get(one.pk, (0, None))) for one in Provider.objects.order_by("name", "pk")]
        return self.render("customers/providers.html", {"rows": rows, "title": _("Facts of others")})


class ProviderRecord(RecordView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "providers"
    template = "customers/provider.html"
    model, form = Provider, ProviderForm
    heading_new = gettext_lazy("New provider")
    listing = "customers:providers"

    def context(self, record: Any, name: str = "") -> dict[str, Any]:
        return super().context(record, name) | {
            "file": FileForm() if record.pk else None,
            "columns": files.NAMES,
        }


class FactsFile(SettingsView):
    """POST reads a file of facts and tells what became of each row."""

    permission = Permission.MANAGE_ORGANISATION
    tab = "providers"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        provider = get_object_or_404(Provider, pk=pk)
        form, outcome = FileForm(request.POST, request.FILES), None
        if form.is_valid():
            try:
                rows = files.read(form.cleaned_data["file"].read())
                outcome = facts.give(provider, rows, today=timezone.localdate(), by=self.staff)
            except Refusal as refusal:
                explain(form, refusal)
        context = {
            "record": provider, "form": ProviderForm(instance=provider), "title": provider.name, "file": form,
            "listing": reverse("customers:providers"), "outcome": outcome, "columns": files.NAMES,
        }  # fmt: skip
        return self.render("customers/provider.html", context, 200 if form.is_valid() else 422)
