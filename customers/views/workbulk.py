"""From a list of customers to follow-ups for staff: who gets how many is shown before, and can be taken back after."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.permissions import GRANTS, Permission
from customers import clocks, sharing, work, workkinds
from customers.models import Customer, WorkKind
from customers.views.listing import asked_for
from customers.views.work import WorkView


class BulkForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"))
    title = forms.CharField(
        label=gettext_lazy("What is to be done"),
        max_length=work.LONGEST_TITLE,
        widget=forms.TextInput(attrs={"class": "full"}),
    )
    due = forms.CharField(
        label=gettext_lazy("Due"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    staff = forms.ModelMultipleChoiceField(
        Staff.objects.none(),
        label=gettext_lazy("Shared out evenly among"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    script = forms.CharField(
        label=gettext_lazy("Script"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "full"}),
        help_text=gettext_lazy("Only where something else is to be said than the kind's script."),
    )  # fmt: skip

    def __init__(self, data: Any, staff: Staff, about: str) -> None:
        stores = list(staff.stores.all()[:1])
        self.zone = clocks.zone_of(stores[0] if stores else None)
        team = _team(staff)
        tomorrow = now().astimezone(self.zone) + timedelta(days=1)
        initial = {"kind": "call", "title": about, "due": f"{tomorrow:%Y-%m-%d}T18:00",
                   "staff": [one.pk for one in team if one.role == "clerk"]}  # fmt: skip
        super().__init__(data, initial=initial)
        fields: Any = self.fields
        fields["kind"].choices = [(kind.code, kind.name) for kind in workkinds.known()]
        fields["staff"].queryset = Staff.objects.filter(pk__in=[one.pk for one in team]).order_by(
            "name", "pk"
        )

    def clean_due(self) -> Any:
        due = clocks.local(self.cleaned_data["due"], self.zone)
        if due is None:
            raise forms.ValidationError(_("Day and time, please."))
        return due


def _team(staff: Staff) -> list[Staff]:
    """Colleagues of one's stores who do follow-ups."""
    roles = [role for role, granted in GRANTS.items() if Permission.WORK_ITEMS in granted]
    rows = Staff.objects.visible_to(staff).filter(is_active=True, role__in=roles, user__isnull=False)
    return list(rows.order_by("name", "pk")[:200])


class Bulk(WorkView):
    """GET shows the form with the plan; the plan is renewed as people are ticked; POST makes the items."""

    permission = Permission.ASSIGN_WORK
    template = "customers/work_bulk.html"

    def people(self) -> QuerySet[Customer]:
        """The customers that the address names, within one's scope."""
        return asked_for(self.request, self.staff)[1]

    def about(self) -> str:
        """What the title begins with."""
        return str(_("See how they are"))

    def back(self) -> str:
        return reverse("customers:list")

    def get(self, request: HttpRequest) -> HttpResponse:
        data = request.GET if "kind" in request.GET and "due" in request.GET else None
        form = BulkForm(data, self.staff, self.about())
        chosen = form.cleaned_data["staff"] if data and form.is_valid() else form.initial["staff"]
        kind = (data or form.initial)["kind"]
        template = "customers/work_plan.html" if data and getattr(request, "htmx", False) else self.template
        return self.render(template, self.around(form, list(Staff.objects.filter(pk__in=chosen)), kind))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = BulkForm(request.POST, self.staff, self.about())
        chosen = list(form.cleaned_data.get("staff", [])) if form.is_valid() else []
        kind = request.POST.get("kind", "call")
        return self.answer(
            form,
            lambda: self.make(form, chosen),
            done=self.made,
            context=lambda: self.around(form, chosen, kind),
        )

    def make(self, form: BulkForm, chosen: list[Staff]) -> Any:
        told = form.cleaned_data
        kind = workkinds.named(told["kind"])
        share = sharing.share_out(self.staff, self.people(), chosen, kind)
        with transaction.atomic():
            batch = sharing.create_many(
                share,
                kind=kind,
                title=told["title"],
                due_at=told["due"],
                script=told["script"],
                by=self.staff,
                at=now(),
            )
            self.remember([customer for customer, _store, _owner in share.rows])
        return batch

    def remember(self, customer_ids: list[int]) -> None:
        """Slot: for lists of which it is kept whom they were used for."""

    def made(self, batch: Any) -> str:
        words = ngettext("%(n)d follow-up made.", "%(n)d follow-ups made.", batch.count) % {"n": batch.count}
        self.say(words, undo=reverse("customers:work-batch", args=[batch.pk]))
        return f"{reverse('customers:work-store')}?all=1"

    def around(self, form: BulkForm, chosen: list[Staff], kind: str) -> dict[str, Any]:
        hidden = [(name, value) for name, value in self.request.GET.items() if name not in form.fields]
        title = _("Follow-ups for these customers")
        return {"hidden": hidden, "query": self.request.GET.urlencode(), "title": title, "back": self.back(),
                "zone": form.zone.key, "form": form} | self.plan(chosen, kind)  # fmt: skip

    def plan(self, chosen: list[Staff], kind: str) -> dict[str, Any]:
        """How many to whom; or why not."""
        try:
            share = sharing.share_out(self.staff, self.people(), chosen, _kind(kind))
        except Refusal as refusal:
            return {"refusal": refusal, "total": 0, "plan": [], "left_out": 0}
        names = {one.pk: one.name for one in chosen}
        counts = share.by_owner
        rows = [(names[pk], counts.get(pk, 0)) for pk in names]
        rows += [(_("Anybody at the store"), counts[None])] if counts.get(None) else []
        return {"plan": rows, "total": len(share.rows), "left_out": share.left_out}


def _kind(code: str) -> WorkKind:
    known = {kind.code: kind for kind in workkinds.known()}
    return known.get(code) or next(iter(known.values()))
