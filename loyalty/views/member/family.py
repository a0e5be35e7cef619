"""My family: who is in it, an invitation by code, coming in by one, what I share, leaving."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from loyalty import familywords
from loyalty.coupons import codes
from loyalty.families import joining, roster
from loyalty.models import FamilyInvite
from loyalty.views.member.base import BY, MemberView

MOST_TRIED = 20  # codes from one place, in ten minutes


class FamilyView(MemberView):
    """What answers with the page of the family."""

    def page(self, said: str = "", status: int = 200) -> HttpResponse:
        at, seat = timezone.now(), roster.seat_of(self.me.pk)
        seats = list(roster.seats(seat.family_id)) if seat else []
        names = familywords.of_members(one.customer_id for one in seats)
        is_head = not seats or seats[0].customer_id == self.me.pk
        open_now = FamilyInvite.objects.filter(customer_id=self.me.pk, used_at__isnull=True, until__gt=at)
        invite = open_now.order_by("-made_at").first() if is_head else None
        context = {
            "title": _("My family"), "seat": seat, "said": said, "is_head": is_head,
            "members": [(one, names[one.customer_id]) for one in seats],
            "pool": roster.pool(self.me.pk, seat.family_id, at) if seat else None,
            "code": codes.shown(invite.code) if invite else "", "until": invite.until if invite else None,
            "spent": familywords.spent(self.me.pk, familywords.of_members),
        }  # fmt: skip
        return self.show("member/family.html", context, status)


class Family(FamilyView):
    """GET shows it. POST joins by a code, DELETE leaves; both are the member's own word."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.is_too_often("member-family", MOST_TRIED):
            return self.slower()
        shares = "shares" in request.POST
        try:
            joining.accept(
                self.me.pk, request.POST.get("code", "")[:40], by=BY, at=timezone.now(), shares=shares
            )
        except Refusal as refusal:
            return self.page(said=str(refusal), status=422)
        return self.go("family")

    def delete(self, request: HttpRequest) -> HttpResponse:
        try:
            joining.leave(self.me.pk, by=BY, at=timezone.now())
        except Refusal as refusal:
            return self.page(said=str(refusal), status=409)
        return self.go("family")


class Invitation(FamilyView):
    """POST makes a code for one person."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.is_too_often("member-family-codes", MOST_TRIED):
            return self.slower()
        try:
            joining.invite(self.me.pk, by=BY, at=timezone.now())
        except Refusal as refusal:
            return self.page(said=str(refusal), status=409)
        return self.go("family")


class Sharing(FamilyView):
    """POST: whether the others may spend my points."""

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            joining.share(self.me.pk, request.POST.get("shares") == "yes", by=BY, at=timezone.now())
        except Refusal as refusal:
            return self.page(said=str(refusal), status=409)
        return self.go("family")
