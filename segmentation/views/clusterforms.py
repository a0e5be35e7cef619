"""How many clusters, how often they are learnt anew, and what the chain calls them."""

from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from crm.org.permissions import Permission
from crm.ui.edits import EditForm
from crm.ui.views import StaffView
from segmentation.clusters import reading, settings
from segmentation.models import Cluster, ClusterSettings
from segmentation.models.clusters import FEWEST_CLUSTERS, MOST_CLUSTERS, MOST_DAYS
from segmentation.models.scheme import colour_validator
from segmentation.views.base import around_settings, tabs
from segmentation.views.lifecycle import names_of

VERSIONS = 12


class SettingsForm(EditForm, forms.Form):
    wanted = forms.IntegerField(
        label=gettext_lazy("Number of clusters"), min_value=FEWEST_CLUSTERS, max_value=MOST_CLUSTERS, required=False,
        help_text=gettext_lazy("Empty: the data choose, from 3 to 10."),
    )  # fmt: skip
    relearn_days = forms.IntegerField(
        label=gettext_lazy("Learn anew every"), min_value=1, max_value=MOST_DAYS,
        help_text=gettext_lazy("Days. Customers move every night; what the clusters are changes when they are learnt."),
    )  # fmt: skip

    def __init__(self, data: Any, *, now: ClusterSettings) -> None:
        super().__init__(data, initial=now.values())
        self.carry()


class ClusterSettingsPage(StaffView):
    """GET shows the settings, POST changes them."""

    permission = Permission.EDIT_SCHEMES
    template = "segmentation/cluster_settings.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = SettingsForm(None, now=ClusterSettings.current())
        return self.render(self.template, self.around() | {"form": form})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SettingsForm(request.POST, now=ClusterSettings.current())
        change = lambda: settings.change(by=self.staff, based_on=form.based_on(), **form.cleaned_data)  # noqa: E731
        return self.answer(form, change, done=self.done, context=self.around)

    def done(self, _settings: ClusterSettings) -> str:
        self.say(_("Kept. It holds from the next night on; run one now to see it at once."))
        return reverse("segmentation:cluster-settings")

    def around(self) -> dict[str, Any]:
        ClusterSettings.current()  # the first version is made on first use
        versions = list(ClusterSettings.objects.order_by("-pk")[:VERSIONS])
        names = names_of(version.created_by for version in versions)
        return around_settings(self, "clusters") | {
            "versions": [(version, names.get(version.created_by, "")) for version in versions],
        }


class Learning(StaffView):
    """POST asks the next night to learn anew."""

    permission = Permission.EDIT_SCHEMES

    def post(self, request: HttpRequest) -> HttpResponse:
        settings.relearn(by=self.staff)
        self.say(_("The next night learns the clusters anew."))
        return self.go(reverse("segmentation:clusters"))


class NameForm(EditForm, forms.Form):
    """The chain's own names for a cluster, in each language; empty keeps the one found in the data."""

    colour = forms.CharField(
        label=gettext_lazy("Colour"),
        validators=[colour_validator],
        widget=forms.TextInput(attrs={"type": "color"}),
    )

    def __init__(self, data: Any, *, cluster: Cluster) -> None:
        super().__init__(data, initial={"colour": cluster.colour})
        for code, _name in django_settings.LANGUAGES:
            self.fields[f"name_{code}"] = forms.CharField(
                label=get_language_info(code)["name_local"], max_length=60, required=False,
                initial=cluster.names.get(code, ""),
            )  # fmt: skip
        self.order_fields([*(f"name_{code}" for code, _name in django_settings.LANGUAGES), "colour"])
        self.carry()

    def based_on(self) -> dict[str, Any]:
        seen = super().based_on()
        if not seen:
            return seen
        names = {code: seen.pop(f"name_{code}", "") for code, _name in django_settings.LANGUAGES}
        return seen | {"names": {code: name for code, name in names.items() if name}}

    def places(self, now: Any) -> dict[str, tuple[str, Any]]:
        codes = [code for code, _name in django_settings.LANGUAGES] if "names" in now else []
        names = {f"name_{code}": ("names", now["names"].get(code, "")) for code in codes}
        return super().places(now) | names

    def names(self) -> dict[str, str]:
        told = {code: self.cleaned_data[f"name_{code}"] for code, _name in django_settings.LANGUAGES}
        return {code: name for code, name in told.items() if name}


class ClusterName(StaffView):
    permission = Permission.EDIT_SCHEMES
    template = "segmentation/cluster.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        cluster = get_object_or_404(Cluster, pk=pk)
        return self.render(self.template, {"form": NameForm(None, cluster=cluster)} | self.around(cluster))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        cluster = get_object_or_404(Cluster, pk=pk)
        form = NameForm(request.POST, cluster=cluster)
        return self.answer(
            form, lambda: self.keep(cluster, form), done=self.done, context=lambda: self.around(cluster)
        )

    def keep(self, cluster: Cluster, form: NameForm) -> None:
        colour = form.cleaned_data["colour"]
        settings.name(cluster, by=self.staff, based_on=form.based_on(), names=form.names(), colour=colour)

    def done(self, _nothing: Any) -> str:
        self.say(_("Saved."))
        return reverse("segmentation:clusters")

    def around(self, cluster: Cluster) -> dict[str, Any]:
        heading = reading.names_of([cluster.pk])[cluster.pk]
        return {
            "tabs": tabs(self, "clusters"),
            "title": _("Segments"),
            "heading": heading,
            "cluster": cluster,
        }
