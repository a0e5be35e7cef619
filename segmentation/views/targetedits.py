"""Saying something about a target market, and how the chain chooses: forms that overwrite nothing unseen."""

from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.models import Staff
from crm.org.permissions import GRANTS, Permission
from crm.ui.edits import EditForm
from crm.ui.views import StaffView
from segmentation.models import Group, Mode, Segment, Targeting, TargetStatus
from segmentation.models import Target as Decided
from segmentation.targets import candidates, editing, scoring, weighing
from segmentation.views.base import tabs
from segmentation.views.lifecycle import names_of
from segmentation.views.targetwords import FACTORS, MODES

VERSIONS = 12
READERS = [role for role, granted in GRANTS.items() if Permission.VIEW_SEGMENTS in granted]


def _rating(label: Any, least: Any, most: Any) -> forms.TypedChoiceField:
    told = {1: _joined("1", least), 2: "2", 3: "3", 4: "4", 5: _joined("5", most)}
    return forms.TypedChoiceField(
        label=label, required=False, coerce=int, empty_value=None, choices=[("", "–"), *told.items()]
    )


def _joined(number: str, words: Any) -> Any:
    from django.utils.text import format_lazy

    return format_lazy("{} · {}", number, words)


def _note(label: Any, hint: Any) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(
        label=label, required=False, max_length=editing.LONGEST["product"], widget=area, help_text=hint
    )


class PlanForm(EditForm, forms.Form):
    """A goal and the four notes of a strategy."""

    goal = forms.CharField(
        label=gettext_lazy("Goal"), required=False, max_length=editing.LONGEST["goal"],
        help_text=gettext_lazy("One that can be measured, such as: 500 more members by the summer."),
    )  # fmt: skip
    product = _note(gettext_lazy("Product"), gettext_lazy("What they get: range, own brands, service."))
    price = _note(gettext_lazy("Price"), gettext_lazy("What it costs them: level, discounts, points."))
    channel = _note(gettext_lazy("Channel"), gettext_lazy("Where they meet us: stores, web shop, delivery."))
    promotion = _note(
        gettext_lazy("Promotion"), gettext_lazy("How they hear of it: message, channel, occasion.")
    )


class TargetForm(PlanForm):
    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=TargetStatus.choices)
    competition = _rating(
        gettext_lazy("Competition"), gettext_lazy("nobody else"), gettext_lazy("everybody wants them")
    )
    fit = _rating(gettext_lazy("Fit"), gettext_lazy("not ours"), gettext_lazy("just ours"))
    owner = forms.ModelChoiceField(
        Staff.objects.none(), label=gettext_lazy("Looked after by"), required=False
    )
    review_on = forms.DateField(
        label=gettext_lazy("Review on"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("A chosen market needs one. On that day whoever looks after it is told."),
    )  # fmt: skip
    remark = forms.CharField(
        label=gettext_lazy("Why"), required=False, max_length=400,
        help_text=gettext_lazy("Kept in the history with a new status or judgement."),
    )  # fmt: skip

    def __init__(self, data: Any, *, target: Decided | None) -> None:
        super().__init__(data, initial=editing.values_of(target))
        able = Staff.objects.filter(is_active=True, role__in=READERS).order_by("name", "pk")
        self.fields["owner"].queryset = able  # type: ignore[attr-defined]
        self.fields["owner"].empty_label = "–"  # type: ignore[attr-defined]
        self.carry()

    def wanted(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in editing.FIELDS}


class TargetEdit(StaffView):
    """GET shows the form, POST keeps what was changed."""

    permission = Permission.EDIT_TARGETS
    template = "segmentation/target_edit.html"

    def get(self, request: HttpRequest, target: str) -> HttpResponse:
        record, now_there = self.found(target)
        form = TargetForm(None, target=now_there)
        return self.render(self.template, self.around(record) | {"form": form})

    def post(self, request: HttpRequest, target: str) -> HttpResponse:
        record, now_there = self.found(target)
        form = TargetForm(request.POST, target=now_there)
        keep = lambda: editing.edit(  # noqa: E731
            record, form.wanted(), by=self.staff, at=now(), remark=form.cleaned_data["remark"], based_on=form.based_on()
        )  # fmt: skip
        return self.answer(
            form, keep, done=lambda _kept: self.done(target), context=lambda: self.around(record)
        )

    def found(self, key: str) -> tuple[Group | Segment, Decided | None]:
        record = candidates.find(self.staff, key)
        if record is None:
            raise Http404
        return record, editing.target_of(record)

    def done(self, key: str) -> str:
        self.say(_("Kept."))
        return reverse("segmentation:target", args=[key])

    def around(self, record: Group | Segment) -> dict[str, Any]:
        back = reverse("segmentation:target", args=[candidates.key_of(record)])
        crumbs = [(_("Target markets"), reverse("segmentation:targets")), (record.name, back)]
        return {"tabs": tabs(self, "targets"), "title": record.name, "crumbs": crumbs, "back": back}


class TargetingForm(PlanForm):
    parts: ClassVar[dict[str, Any]] = {}
    mode = forms.ChoiceField(label=gettext_lazy("Mode"), choices=Mode.choices)

    def __init__(self, data: Any, *, now: Targeting) -> None:
        super().__init__(data, initial=weighing.settings_of(now))
        for name in scoring.FACTORS:
            label, hint = FACTORS[name]
            self.fields[name] = forms.IntegerField(label=label, min_value=0, max_value=100, help_text=hint)
        self.fields["remark"] = forms.CharField(label=_("Why it changes"), required=False, max_length=200)
        self.carry()

    @property
    def axes(self) -> list[tuple[Any, list[forms.BoundField]]]:
        names = ((_("Attractiveness"), scoring.ATTRACTIVENESS), (_("Our strength"), scoring.STRENGTH))
        return [(axis, [self[name] for name in factors]) for axis, factors in names]


class TargetingPage(StaffView):
    """The mode of the chain and the weights: GET shows them, POST makes a version."""

    permission = Permission.EDIT_TARGETS
    template = "segmentation/targeting.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(
            self.template, self.around() | {"form": TargetingForm(None, now=Targeting.current())}
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        form = TargetingForm(request.POST, now=Targeting.current())
        change = lambda: weighing.change(by=self.staff, based_on=form.based_on(), **form.cleaned_data)  # noqa: E731
        return self.answer(form, change, done=self.done, context=self.around)

    def done(self, _version: Targeting) -> str:
        self.say(_("Kept. It holds at once."))
        return reverse("segmentation:targets")

    def around(self) -> dict[str, Any]:
        Targeting.current()
        versions = list(Targeting.objects.order_by("-pk")[:VERSIONS])
        names = names_of(version.created_by for version in versions)
        return {
            "tabs": tabs(self, "targets"), "title": _("How we choose"), "modes": MODES.items(),
            "crumbs": [(_("Target markets"), reverse("segmentation:targets"))],
            "versions": [
                (version, names.get(version.created_by, ""), [getattr(version, name) for name in scoring.FACTORS])
                for version in versions
            ],
            "labels": [FACTORS[name][0] for name in scoring.FACTORS],
        }  # fmt: skip
