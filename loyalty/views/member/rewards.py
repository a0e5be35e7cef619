"""What my points buy: the rewards of a store, taking one in two steps, and what waits for me there."""

import secrets
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.models import Store
from loyalty import glance, redeeming, rewards
from loyalty.evaluation.prizes import Prize
from loyalty.families import roster
from loyalty.ledger import Cause
from loyalty.models import Redemption, RedemptionState, Reward, RewardKind
from loyalty.rewards import catalogue
from loyalty.views.member.base import BY, MemberView

MOST_TAKEN = 30  # from one place, in ten minutes
SHOWN_FOR = timedelta(days=90)
SHOWN = 10


class RewardsView(MemberView):
    """What answers with the page."""

    def page(self, said: str = "", status: int = 200, **more: Any) -> HttpResponse:
        at, stores = timezone.now(), self.stores()
        store = self.chosen(stores)
        spendable = glance.read(self.me.pk, at).points.spendable
        together = roster.together(self.me.pk, spendable, at)
        offered = redeeming.rewards_for(self.me.pk, together, store, at) if store else []
        shown = Redemption.objects.filter(customer=self.me.pk, redeemed_at__gt=at - SHOWN_FOR)
        waiting = Redemption.objects.filter(customer=self.me.pk, state=RedemptionState.READY)
        mine = (
            (waiting | shown)
            .select_related("reward", "terms", "store", "coupon")
            .order_by("-redeemed_at", "-pk")
        )
        context = {
            "title": _("Rewards"), "said": said, "stores": stores, "store": store, "spendable": spendable,
            "together": together,
            "offered": [(one, max(0, one.points - together)) for one in offered], "mine": mine[:SHOWN],
            "asked": self.asked(offered), "token": secrets.token_hex(16),
        }  # fmt: skip
        return self.show("member/rewards.html", context | more, status)

    def stores(self) -> list[Store]:
        """Where rewards can be taken, the own one first."""
        found = list(Store.objects.filter(is_active=True, is_stub=False))
        return sorted(found, key=lambda one: one.pk != self.me.home_store_id)

    def chosen(self, stores: list[Store]) -> Store | None:
        wanted = self.request.POST.get("store") or self.request.GET.get("store")
        return next((one for one in stores if one.code == wanted), stores[0] if stores else None)

    def asked(self, offered: list[Prize]) -> Prize | None:
        """Of which we ask whether they mean it."""
        wanted = self.request.GET.get("take", "")
        return next(
            (one for one in offered if one.terms.reward.public_id == wanted and is_for_here(one)), None
        )


class Rewards(RewardsView):
    """GET shows them, with `take` it asks. POST takes one, once a form."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.is_too_often("member-rewards", MOST_TAKEN):
            return self.slower()
        at, store = timezone.now(), self.chosen(self.stores())
        reward = Reward.objects.filter(pk=Reward.row_id(request.POST.get("reward", "")[:40]) or 0).first()
        if reward is None or store is None:
            raise Http404
        terms = catalogue.terms_at(reward, at)
        if terms is not None and terms.kind == RewardKind.DISCOUNT:
            return self.page(said=_("This one is taken at the till: show your card there."), status=422)
        try:
            taken = redeeming.take_reward(
                self.me.pk, reward, token=request.POST.get("token", ""), at=at, by=BY, store_id=store.pk,
                door="member",
            )  # fmt: skip
        except Refusal as refusal:
            return self.page(said=str(refusal), status=409 if refusal.status == 409 else 422)
        return self.go("rewards", f"?store={store.code}&taken={taken.public_id}")


class Taken(RewardsView):
    """DELETE gives one back that still waits: the points are there again."""

    def delete(self, request: HttpRequest, redemption: str) -> HttpResponse:
        mine = Redemption.objects.filter(customer=self.me.pk, pk=Redemption.row_id(redemption) or 0).first()
        if mine is None:
            raise Http404
        cause = Cause(f"member:{mine.public_id}/back", timezone.now(), BY, mine.store_id)
        try:
            rewards.cancel(self.me.pk, mine.pk, cause, waiting=True)
        except Refusal as refusal:
            return self.page(said=str(refusal), status=409)
        return self.go("rewards", f"?back={mine.public_id}")


def is_for_here(prize: Prize) -> bool:
    """Whether somebody who is not at the till can take it: what a discount takes off is taken off there."""
    return prize.refused is None and prize.terms.kind != RewardKind.DISCOUNT
