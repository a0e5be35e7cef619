"""The tab of stored value: what is owed, pay-outs that wait, the offers with their versions, and the settings."""

from datetime import date
from typing import Any

from django import forms
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from crm.audit import trail
from crm.audit.trail import actor_name
from crm.lib.refusals import Refusal
from crm.org.models import Store
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.edits import EditForm
from crm.ui.views import StaffView
from loyalty import storedvalue
from loyalty.liability import figures
from loyalty.models import StoredOperation, StoredTerms, TopUpOffer
from loyalty.storedvalue import offers, reading, terms
from loyalty.storedvalue.cents import money
from loyalty.views.base import tabs
from loyalty.views.fields import Numbers, Words
from loyalty.views.words import people_of

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class OnForm(forms.Form):
    """As of which day."""

    on = forms.DateField(label=gettext_lazy("As of the end of"), required=False, widget=_DAY)

    def wanted(self) -> date:
        """Today, where nothing can be read or the day has not begun."""
        today = figures.today()
        told = self.cleaned_data.get("on") if self.is_valid() else None
        return min(told or today, today)


class StoredView(StaffView):
    permission = Permission.EDIT_PROGRAMME

    def around(self) -> dict[str, Any]:
        crumbs = [(_("Stored value"), reverse("loyalty:stored-value"))]
        return {"tabs": tabs(self, "stored"), "crumbs": crumbs, "title": _("Stored value")}


class StoredValue(StoredView):
    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest) -> HttpResponse:
        sums: dict[str, Any] = {}
        if self.staff.may(Permission.VIEW_LIABILITY):
            form = OnForm({"on": request.GET.get("on") or figures.today().isoformat()})
            on = form.wanted()
            total, stores = reading.owed(self.staff, on)
            sums = {
                "form": form, "on": on, "total": _shown(total), "stores": [_shown(one) for one in stores],
                "export": reverse("loyalty:stored-value-export"),
            }  # fmt: skip
        waiting = reading.waiting(self.staff) if self.staff.may(Permission.APPROVE_POINTS) else []
        context = self.around() | sums | {
            "title": _("Loyalty"), "offers": offers.latest(), "rules": terms.latest(), "waiting": waiting,
            "me": actor_name(self.staff), "people": people_of(one.actor for one in waiting), "today": figures.today(),
            "store_names": dict(Store.objects.values_list("pk", "name")),
        }  # fmt: skip
        return self.render("loyalty/stored_value.html", context)


def _shown(one: reading.Owed) -> dict[str, Any]:
    return {"name": one.name, "principal": money(one.principal), "bonus": money(one.bonus)}


class OwedExport(StaffView):
    """What is owed by store as a file: sums, no customers."""

    permission = Permission.VIEW_LIABILITY

    def get(self, request: HttpRequest) -> HttpResponseBase:
        on = OnForm(request.GET).wanted()
        total, stores = reading.owed(self.staff, on)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            details = {"format": kind, "on": on.isoformat()}
            trail.record("stored.export", "loyalty.storedoperation:*", by=self.staff, details=details)
        header = [_("As of"), _("Store"), pgettext("amount", "Paid in"), pgettext("stored value", "Bonus")]
        total.name = _("In all")
        rows = ((on, one.name, money(one.principal), money(one.bonus)) for one in (*stores, total))
        return export.download(f"{_('stored-value')}-{on.isoformat()}", kind, header, rows)


class Decision(StaffView):
    """POST decides about a pay-out that waits."""

    permission = Permission.APPROVE_POINTS

    def post(self, request: HttpRequest, act: str) -> HttpResponse:
        rows = StoredOperation.objects.visible_to(self.staff)
        wait = get_object_or_404(rows, pk=StoredOperation.row_id(act) or 0)
        agrees = request.POST.get("decision") == "approve"
        try:
            storedvalue.decide(
                wait, agrees=agrees, by=self.staff, at=now(), note=request.POST.get("note", "")[:500]
            )
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        else:
            self.say(_("Approved: the money can be paid out.") if agrees else _("Rejected."))
        return self.go(reverse("loyalty:stored-value"))


class TermsForm(EditForm, forms.ModelForm):
    class Meta:
        model = StoredTerms
        fields = StoredTerms.SETTINGS
        widgets = {"valid_from": _DAY}
        help_texts = {
            "pay_order": gettext_lazy("In proportion, who asks for the rest has spent fairly of both."),
            "most_balance": gettext_lazy("Bonus included."),
            "principal_days": gettext_lazy("Empty: what was paid in never ends. Ask what the law allows."),
            "pay_out_alone": gettext_lazy("What is above waits for a second person who may approve points."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.carry()


class Settings(StoredView):
    """A version of the settings: GET shows the newest as a draft, POST publishes."""

    template = "loyalty/stored_settings.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        known = terms.latest()
        begin = max(figures.today(), known.valid_from if known else date.min)
        form = TermsForm(instance=known or StoredTerms(), initial={"valid_from": begin})
        return self.render(self.template, {"form": form} | self.around())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = TermsForm(request.POST)
        publish = lambda: terms.change(by=self.staff, at=now(), **form.cleaned_data)  # noqa: E731
        return self.answer(form, publish, done=self.done, context=self.around)

    def done(self, _made: StoredTerms) -> str:
        self.say(_("Published. From that day on it holds."))
        return reverse("loyalty:stored-value")

    def around(self) -> dict[str, Any]:
        return super().around() | {"title": _("Settings of stored value")}


class OfferForm(forms.ModelForm):
    stores = Numbers(label=gettext_lazy("Only in these stores"))
    tiers = Words(
        label=gettext_lazy("Only for these tiers"), required=False,
        help_text=gettext_lazy("Codes of tiers, with spaces between."),
    )  # fmt: skip

    class Meta:
        model = TopUpOffer
        fields = ("code", "name", "pay", "bonus", "bonus_days", "valid_from", "valid_to", "stores", "tiers")
        widgets = {"valid_from": _DAY, "valid_to": _DAY}
        help_texts = {
            "code": gettext_lazy("For reports and the API; customers do not see it."),
            "pay": gettext_lazy("From this amount on."),
            "bonus_days": gettext_lazy("Empty: the bonus does not end."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["stores"]
        field.choices = list(Store.objects.order_by("name").values_list("pk", "name"))
        if self.instance.pk:
            del self.fields["code"]


class OfferRecord(StoredView):
    """A new offer, or another version of one: what was topped up keeps the version by which it was."""

    template = "loyalty/offer.html"

    def get(self, request: HttpRequest, code: str = "") -> HttpResponse:
        known = _latest(code) if code else None
        begin = max(figures.today(), known.valid_from if known else date.min)
        form = OfferForm(instance=known or TopUpOffer(), initial={"valid_from": begin})
        return self.render(self.template, {"form": form} | self.more(code))

    def post(self, request: HttpRequest, code: str = "") -> HttpResponse:
        known = _latest(code) if code else None
        form = OfferForm(request.POST, instance=TopUpOffer(pk=known.pk) if known else None)
        return self.answer(form, lambda: self.do(form, code), done=self.done, context=lambda: self.more(code))

    def do(self, form: OfferForm, code: str) -> TopUpOffer:
        told = dict(form.cleaned_data)
        named = told.pop("code", code)
        if not code and offers.versions(named):
            raise offers.taken()
        return offers.publish(named, by=self.staff, at=now(), is_ended=False, **told)

    def done(self, made: TopUpOffer) -> str:
        self.say(_("Published: %(name)s.") % {"name": made.name})
        return reverse("loyalty:stored-value")

    def more(self, code: str) -> dict[str, Any]:
        known = offers.versions(code) if code else []
        title = known[0].name if known else _("New top-up offer")
        return self.around() | {"title": title, "versions": known}


class OfferEnd(StoredView):
    """POST: from today on the offer is over."""

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        known = _latest(code)
        begins = max(figures.today(), known.valid_from)
        try:
            offers.end(code, on=begins, by=self.staff, at=now())
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        else:
            self.say(_("Ended: %(name)s. Bonus that was given stays.") % {"name": known.name})
        return self.go(reverse("loyalty:stored-value"))


def _latest(code: str) -> TopUpOffer:
    known = offers.versions(code)
    if not known:
        raise Http404
    return known[0]
