"""How the stages of a customer's life are told apart: the chain's days, and who set them when."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui.edits import EditForm
from crm.ui.views import StaffView
from customers import rules
from customers.models import LifecycleRules, Stage
from customers.views.facts import TONES
from segmentation.views.base import around_settings

VERSIONS = 12


class RulesForm(EditForm, forms.Form):
    new_days = forms.IntegerField(
        label=gettext_lazy("New for"),
        min_value=1,
        max_value=rules.MOST_DAYS,
        help_text=gettext_lazy("Days from the first purchase."),
    )
    dormant_days = forms.IntegerField(
        label=gettext_lazy("Dormant after"),
        min_value=1,
        max_value=rules.MOST_DAYS,
        help_text=gettext_lazy("Days without a purchase."),
    )
    lost_days = forms.IntegerField(
        label=gettext_lazy("Lost after"),
        min_value=1,
        max_value=rules.MOST_DAYS,
        help_text=gettext_lazy("Days without a purchase; more than for dormant."),
    )
    won_back_days = forms.IntegerField(
        label=gettext_lazy("Won back for"),
        min_value=1,
        max_value=rules.MOST_DAYS,
        help_text=gettext_lazy("Days from the purchase with which somebody lost comes back."),
    )

    def __init__(self, data: Any, *, now: LifecycleRules) -> None:
        super().__init__(data, initial=rules.days_of(now))
        self.carry()


class LifecyclePage(StaffView):
    """GET shows the days, POST changes them."""

    permission = Permission.EDIT_SCHEMES
    template = "segmentation/lifecycle.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = RulesForm(None, now=LifecycleRules.current())
        return self.render(self.template, self.around() | {"form": form})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = RulesForm(request.POST, now=LifecycleRules.current())
        change = lambda: rules.change(by=self.staff, based_on=form.based_on(), **form.cleaned_data)  # noqa: E731
        return self.answer(form, change, done=self.done, context=self.around)

    def done(self, _rules: LifecycleRules) -> str:
        self.say(_("Kept. It holds from the next night on; run one now to see it at once."))
        return reverse("segmentation:lifecycle")

    def around(self) -> dict[str, Any]:
        LifecycleRules.current()  # the first version is made on first use
        versions = list(LifecycleRules.objects.order_by("-pk")[:VERSIONS])
        names = names_of(version.created_by for version in versions)
        return around_settings(self, "lifecycle") | {
            "stages": [(stage.label, TONES[stage], sentence) for stage, sentence in meanings(versions[0])],
            "versions": [(version, names.get(version.created_by, "")) for version in versions],
        }


def meanings(now: LifecycleRules) -> list[tuple[Stage, Any]]:
    """The stages in the order in which they are decided: the first that fits."""
    days = {name.removesuffix("_days"): count for name, count in rules.days_of(now).items()}
    return [
        (Stage.POTENTIAL, _("Enrolled, and has not bought anything yet.")),
        (Stage.NEW, _("Bought for the first time less than %(new)s days ago.") % days),
        (Stage.WON_BACK, _("Was lost, and came back less than %(won_back)s days ago.") % days),
        (Stage.ACTIVE, _("Last bought less than %(dormant)s days ago.") % days),
        (Stage.DORMANT, _("Last bought %(dormant)s days ago or more, but less than %(lost)s.") % days),
        (Stage.LOST, _("Last bought %(lost)s days ago or more.") % days),
    ]


def names_of(actors: Any) -> dict[str, str]:
    """Names of the staff among these actors of the trail."""
    ids = {int(number) for kind, _colon, number in (one.partition(":") for one in actors) if kind == "staff"}
    return {f"staff:{pk}": name for pk, name in Staff.objects.filter(pk__in=ids).values_list("pk", "name")}
