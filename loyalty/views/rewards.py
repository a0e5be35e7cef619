"""Rewards: the catalogue with stock, one reward, and what is to be handed over."""

from typing import Any

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.org.models import Store
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.pages import page_of
from crm.ui.views import StaffView, explain
from customers import masks
from customers.models import Customer
from loyalty import rewards
from loyalty.ledger import Cause
from loyalty.models import (
    Redemption,
    RedemptionState,
    Reward,
    RewardStock,
    RewardTerms,
)
from loyalty.rewards import catalogue, fulfilment, stock
from loyalty.views.base import tabs
from loyalty.views.rewardform import RewardForm
from loyalty.views.stockform import StockForm


class Rewards(StaffView):
    """The catalogue."""

    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest) -> HttpResponse:
        newest = RewardTerms.objects.filter(reward=OuterRef("pk")).order_by("-number")
        rows = list(
            Reward.objects.annotate(newest=Subquery(newest.values("pk")[:1])).order_by("ended_at", "-pk")
        )
        terms = RewardTerms.objects.select_related("product", "partner", "coupon").in_bulk(
            [row.newest for row in rows]
        )
        seen = RewardStock.objects.filter(store__in=Store.objects.visible_to(self.staff))
        left = dict(seen.values_list("reward").annotate(Sum("quantity")))
        mine = Redemption.objects.visible_to(self.staff).exclude(state=RedemptionState.CANCELLED)
        taken = dict(mine.values_list("reward").annotate(Count("pk")))
        context = {
            "rows": [(row, terms[row.newest], left.get(row.pk, 0), taken.get(row.pk, 0)) for row in rows]
        }
        return self.render(
            "loyalty/rewards.html", context | {"tabs": tabs(self, "rewards"), "title": _("Rewards")}
        )


class RewardPage(StaffView):
    """The page of a reward: its terms and, where it is counted, what each store has."""

    permission = Permission.EDIT_PROGRAMME
    template = "loyalty/reward.html"

    def around(self, known: Reward | None) -> dict[str, Any]:
        return {"tabs": tabs(self, "rewards"), "title": known.name if known else _("New reward"), "known": known,
                "crumbs": [(_("Rewards"), reverse("loyalty:rewards"))], "counts": self.counts(known)}  # fmt: skip

    def counts(self, known: Reward | None, data: Any = None) -> StockForm | None:
        """What each store has, of a reward that is counted."""
        if known is None or not known.is_counted:
            return None
        stores = Store.objects.visible_to(self.staff).filter(is_active=True)
        return StockForm(data, reward=known, stores=list(stores))


class RewardRecord(RewardPage):
    """GET shows the form of a new or known reward; POST keeps it: a known one gets a new version."""

    permission = Permission.EDIT_PROGRAMME

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        known = get_object_or_404(Reward, pk=pk) if pk else None
        return self.render(self.template, {"form": RewardForm(known=known)} | self.around(known))

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        known = get_object_or_404(Reward, pk=pk) if pk else None
        form = RewardForm(request.POST, known=known)
        return self.answer(
            form, lambda: self.keep(form, known), done=self.done, context=lambda: self.around(known)
        )

    def delete(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Ends it, or opens it again."""
        known = get_object_or_404(Reward, pk=pk)
        if known.ended_at:
            catalogue.reopen(known, by=self.staff)
        else:
            catalogue.end(known, by=self.staff, at=now())
        return self.go(reverse("loyalty:reward", args=[known.pk]))

    def keep(self, form: RewardForm, known: Reward | None) -> Reward:
        told, at = form.cleaned_data, now()
        with transaction.atomic():
            if known is None:
                return catalogue.define(code=told["code"], name=told["name"], is_counted=told["is_counted"],
                                        terms=form.terms(), by=self.staff, at=at)  # fmt: skip
            based_on = {name: value for name, value in form.based_on().items() if name != "partner"}
            catalogue.revise(
                known, name=told["name"], terms=form.terms(), based_on=based_on, by=self.staff, at=at
            )
        return known

    def done(self, made: Reward) -> str:
        self.say(_("Kept. What was redeemed before keeps its terms."))
        return reverse("loyalty:reward", args=[made.pk])


class StockCount(RewardPage):
    """POST says how many of a reward each store has, all or none."""

    permission = Permission.EDIT_PROGRAMME

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        known = get_object_or_404(Reward, pk=pk)
        counts, status = self.counts(known, request.POST), 422
        if counts and counts.is_valid():
            try:
                stock.count(known, counts.told(), by=self.staff, seen=counts.was())
                return self.go(reverse("loyalty:reward", args=[pk]))
            except Refusal as refusal:
                explain(counts, refusal)
                status = refusal.status
        shown = self.around(known) | {"form": RewardForm(known=known), "counts": counts}
        return self.render(self.template, shown, status=status)


class ToHandOver(StaffView):
    """Redeemed rewards of one's stores, those that wait first."""

    permission = Permission.REDEEM_POINTS

    def get(self, request: HttpRequest) -> HttpResponse:
        state = request.GET.get("state", RedemptionState.READY)
        chosen = state if state in RedemptionState.values else RedemptionState.READY
        rows = (
            Redemption.objects.visible_to(self.staff)
            .filter(state=chosen)
            .select_related("reward", "store", "customer")
        )
        page = page_of(rows, request, "-redeemed_at")
        return self.render("loyalty/handing.html", {
            "page": page, "rows": [(one, masks.seen_by(self.staff, one.customer)) for one in page.rows],
            "state": chosen, "states": RedemptionState.choices, "tabs": tabs(self, "rewards"),
            "title": _("Rewards"),
        })  # fmt: skip


class Handing(StaffView):
    """POST hands a reward over or sends it; DELETE cancels it."""

    permission = Permission.REDEEM_POINTS

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        found = self.found(public_id)
        act = fulfilment.send if request.POST.get("how") == "send" else fulfilment.hand_over
        return self.tell(
            lambda: act(found.customer_id, found.pk, by=self.staff, at=now()), _("Done: %(name)s."), found
        )

    def delete(self, request: HttpRequest, public_id: str) -> HttpResponse:
        found = self.found(public_id)
        cause = Cause(f"{public_id}/cancel", now(), self.staff, found.store_id)
        return self.tell(
            lambda: rewards.cancel(found.customer_id, found.pk, cause),
            _("Cancelled, the points are back: %(name)s."),
            found,
        )

    def found(self, public_id: str) -> Redemption:
        rows = Redemption.objects.visible_to(self.staff).select_related("reward")
        return get_object_or_404(rows, pk=Redemption.row_id(public_id))

    def tell(self, call: Any, words: str, found: Redemption) -> HttpResponse:
        try:
            call()
            self.say(words % {"name": found.reward.name})
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        return self.go(reverse("loyalty:handing"))


class RedeemedExport(StaffView):
    """Redeemed rewards of one's stores as a file."""

    permission = Permission.EDIT_PROGRAMME

    def get(self, request: HttpRequest) -> HttpResponseBase:
        kind = request.GET.get("format", "csv")
        header = [
            _("Redeemed"),
            _("Customer"),
            _("Reward"),
            _("Store"),
            _("Points"),
            _("And money"),
            _("State"),
        ]
        with transaction.atomic():
            trail.record("rewards.export", "loyalty.redemption", by=self.staff, details={"format": kind})
        rows = Redemption.objects.visible_to(self.staff).select_related("reward", "store").order_by("-pk")
        cells = (
            (one.redeemed_at, Customer(pk=one.customer_id).public_id, one.reward.name, one.store and one.store.name,
             one.points, one.money, one.get_state_display())
            for one in rows.iterator(chunk_size=2000)
        )  # fmt: skip
        return export.download("rewards", kind if kind in export.FORMATS else "csv", header, cells)
