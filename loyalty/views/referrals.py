"""Friends brought along: what needs a look, what was decided, and what bringing one is worth."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers.models import Customer
from loyalty import programmes
from loyalty.models import Referral, ReferralState, ReferralTerms
from loyalty.referrals import deciding, terms, words
from loyalty.views.base import tabs
from loyalty.views.words import people_of

SHOWN = 100
_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
OPEN = (ReferralState.WAITING, ReferralState.FLAGGED)


class Referrals(StaffView):
    """Those of one's own stores: friends whose home store one sees."""

    permission = Permission.APPROVE_POINTS

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Referral.objects.visible_to(self.staff).select_related("customer", "terms")
        flagged = list(rows.filter(state=ReferralState.FLAGGED).order_by("pk")[:SHOWN])
        settled = list(rows.exclude(state__in=OPEN).order_by("-settled_at", "-pk")[:20])
        both = flagged + settled
        seen = Customer.objects.visible_to(self.staff).filter(pk__in={one.referrer_id for one in both})
        context = {
            "title": _("Loyalty"), "tabs": tabs(self, "referrals"), "flagged": flagged, "settled": settled,
            "waiting": rows.filter(state=ReferralState.WAITING).count(), "referrers": {one.pk: one for one in seen},
            "why": {one.pk: words.told(one.why) for one in both}, "worth": terms.latest(),
            "people": people_of(one.settled_by for one in settled),
        }  # fmt: skip
        return self.render("loyalty/referrals.html", context)


class ReferralDecision(StaffView):
    """POST decides about one that was flagged: both get their points all the same, or nobody does."""

    permission = Permission.APPROVE_POINTS

    def post(self, request: HttpRequest, referral: str) -> HttpResponse:
        rows = Referral.objects.visible_to(self.staff)
        one = get_object_or_404(rows, pk=Referral.row_id(referral))
        is_paid = request.POST.get("decision") == "pay"
        decide = deciding.pay if is_paid else deciding.refuse
        try:
            decide(one, note=request.POST.get("note", ""), by=self.staff, at=now())
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        else:
            self.say(_("Both have their points.") if is_paid else _("Refused: nobody gets points."))
        return self.go(reverse("loyalty:referrals"))


class TermsForm(forms.ModelForm):
    class Meta:
        model = ReferralTerms
        fields = ReferralTerms.SETTINGS
        widgets = {"valid_from": _DAY}
        help_texts = {
            "most_a_month": gettext_lazy("What is above waits for a look."),
            "within_days": gettext_lazy("Counted from the day on which the friend became a member."),
        }


class Terms(StaffView):
    """A version of the terms: GET shows the newest as a draft, POST publishes."""

    permission = Permission.EDIT_PROGRAMME
    template = "loyalty/referral_terms.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        known = terms.latest()
        begin = programmes.today(now()) + timedelta(days=1 if known else 0)
        form = TermsForm(instance=known or ReferralTerms(), initial={"valid_from": begin})
        return self.render(self.template, {"form": form} | self.around())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = TermsForm(request.POST)
        publish = lambda: terms.change(by=self.staff, at=now(), **form.cleaned_data)  # noqa: E731
        return self.answer(form, publish, done=self.done, context=self.around)

    def done(self, _made: ReferralTerms) -> str:
        self.say(_("Published. Who comes from that day on is rewarded by it."))
        return reverse("loyalty:referrals")

    def around(self) -> dict[str, Any]:
        crumbs = [(_("Friends"), reverse("loyalty:referrals"))]
        return {
            "title": _("What bringing a friend is worth"),
            "tabs": tabs(self, "referrals"),
            "crumbs": crumbs,
        }
