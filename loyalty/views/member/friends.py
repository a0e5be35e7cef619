"""Friends: a member's own code with its link and picture, who came by it, and where the link leads."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from crm.lib import qr
from customers.models import SignUpForm
from loyalty.models import Referral, ReferralState
from loyalty.referrals import checks, codes, terms
from loyalty.views.member.base import MemberView, OpenView


class Friends(MemberView):
    """GET shows the code and how many came, by state and not by name; POST makes the code."""

    def get(self, request: HttpRequest) -> HttpResponse:
        code = codes.of(self.me.pk)
        address = request.build_absolute_uri(reverse("member:invited", args=[code])) if code else ""
        brought = Referral.objects.filter(referrer_id__in=checks.together(self.me))
        states = list(brought.values_list("state", flat=True))
        context = {
            "title": _("Bring a friend"), "code": codes.shown(code) if code else "", "address": address,
            "picture": mark_safe(qr.svg(address)) if code else "",  # noqa: S308
            "worth": terms.on(timezone.localdate()),
            "rewarded": states.count(ReferralState.PAID),
            "waiting": states.count(ReferralState.WAITING) + states.count(ReferralState.FLAGGED),
        }  # fmt: skip
        return self.show("member/friends.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        codes.make(self.me.pk)
        return self.go("friends")


class Invited(OpenView):
    """Where a friend's link leads: the form of the member's store with the code filled in, or the code to say."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        if self.is_too_often("member-invited", 60):
            return self.slower()
        known = codes.read(code)
        owner = codes.owner(known) if known else None
        if owner is None:
            context = {"title": _("This link is incomplete or too old"), "code": ""}
            return self.show("member/invited.html", context, status=404)
        forms = SignUpForm.objects.filter(is_on=True)
        form = forms.filter(store=owner.home_store_id).first() or forms.order_by("pk").first()
        if form is None:
            return self.show("member/invited.html", {"title": _("Welcome"), "code": codes.shown(known or "")})
        address = reverse("customers:join", args=[form.code])
        return HttpResponse(status=303, headers={"Location": f"{address}?by={codes.shown(known or '')}"})
