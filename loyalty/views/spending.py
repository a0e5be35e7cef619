"""Rewards and missed receipts while their owner stands there: two steps, and a notice that takes it back."""

import secrets
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.models import Chain, Store
from crm.ui import words
from crm.ui.views import explain
from customers.models import Customer
from loyalty import familywords, glance, redeeming
from loyalty.adjustments import missed
from loyalty.families.spending import again
from loyalty.models import Movement, Reward, RewardKind
from loyalty.rewards import wholes
from loyalty.views.till import Served, TillView, name_of, stores_in


class SpendForm(forms.Form):
    """What both ask: where, and once a form."""

    store = forms.ModelChoiceField(
        label=gettext_lazy("Store"), queryset=Store.objects.none(), empty_label=None
    )
    token = forms.CharField(widget=forms.HiddenInput)
    place = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, stores: list[Store], **initial: Any) -> None:
        super().__init__(data, initial={"token": secrets.token_hex(16)} | initial)
        field: Any = self.fields["store"]
        field.queryset = stores_in(stores)
        if len(stores) == 1:
            field.widget, field.initial = forms.HiddenInput(), stores[0].pk


class RewardForm(SpendForm):
    reward = forms.CharField()


class Prizes(TillView):
    """GET: the rewards, each with its button, or what is missing. POST takes one."""

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores = self.customer(customer), self.stores()
        form = RewardForm(
            None, stores=stores, place=request.GET.get("place", ""), store=home_of(owner, stores)
        )
        return self.asked(owner, stores, form)

    def asked(
        self, owner: Customer, stores: list[Store], form: RewardForm, status: int = 200
    ) -> HttpResponse:
        at = timezone.now()
        store = next((one for one in stores if str(one.pk) == str(form["store"].value())), None)
        found = []
        if store:
            own = glance.of(owner, at)
            spendable = self.pool(owner).together if own.family else own.points.spendable
            found = redeeming.rewards_for(owner.pk, spendable, store, at)
        found.sort(key=lambda one: one.refused is not None)
        pool = self.pool(owner) if glance.of(owner, at).family else None
        return self.dialog(
            "loyalty/prizes.html", owner, status, form=form, offered=found, store=store, pool=pool
        )

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores = self.customer(customer), self.stores()
        form = RewardForm(request.POST, stores=stores)
        if not form.is_valid():
            return self.asked(owner, stores, form, 422)
        told = form.cleaned_data
        reward = Reward.objects.filter(pk=Reward.row_id(told["reward"]) or 0).first()
        if reward is None:
            raise Http404
        try:
            taken = redeeming.take_reward(
                owner.pk,
                reward,
                token=told["token"],
                at=timezone.now(),
                by=self.staff,
                store_id=told["store"].pk,
            )
        except Refusal as refusal:
            explain(form, refusal)
            return self.asked(owner, stores, form, 409 if refusal.status == 409 else 422)
        said = _("%(reward)s for %(name)s.") % {"reward": reward.name, "name": name_of(owner)}
        if taken.trial_year:
            said += " " + _("Free of points this time.")
        if taken.terms.kind == RewardKind.DISCOUNT:
            said += " " + _("Take %(money)s off.") % {"money": money(taken.terms.amount)}
        if taken.trial_year:  # a free trial is cancelled where rewards are handed over
            return self.panel(owner, told["place"], said=said)
        if (whole := wholes.whole_of(taken)) is None:
            spent = Movement(pk=taken.movement_id).public_id
        else:
            spent = whole.public_id
            said += " " + familywords.taken(self.staff, again(owner.pk, whole.pk))
        undo_at = request.path.replace("/points/rewards/", f"/points/redemptions/{spent}/reversal/")
        return self.panel(owner, told["place"], points=taken.points, said=said, undo=spent, undo_at=undo_at)


class MissedForm(SpendForm):
    number = forms.CharField(label=gettext_lazy("Number of the receipt"), max_length=120)
    amount = forms.DecimalField(
        label=gettext_lazy("Amount paid"), min_value=Decimal("0.01"), max_digits=12, decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"}),
    )  # fmt: skip
    on = forms.DateField(
        label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class Missed(TillView):
    """GET: asks for what stands on a receipt that came without its customer. POST gives its points by the rules."""

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores = self.customer(customer), self.stores()
        form = MissedForm(
            None, stores=stores, place=request.GET.get("place", ""), store=home_of(owner, stores),
            on=timezone.localdate(),
        )  # fmt: skip
        return self.dialog("loyalty/missed.html", owner, form=form)

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner = self.customer(customer)
        form = MissedForm(request.POST, stores=self.stores())
        if not form.is_valid():
            return self.dialog("loyalty/missed.html", owner, 422, form=form)
        told = form.cleaned_data
        try:
            made, found = missed.ask(
                owner, told["amount"], on=told["on"], number=told["number"].strip(), store=told["store"],
                source=redeeming.source_of(told["token"]), by=self.staff, at=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            explain(form, refusal)
            return self.dialog("loyalty/missed.html", owner, 409 if refusal.status == 409 else 422, form=form)
        owner.__dict__.pop("_glance", None)
        said = _("Given: %(n)s points.") if not made.is_waiting else _("%(n)s points wait for approval.")
        because = "; ".join(one.sentence for one in found.told)
        said = f"{said % {'n': words.number(made.points)}} {because}"
        return self.panel(owner, told["place"], said=said)


class ServedMissed(Served, Missed):
    pass


class ServedPrizes(Served, Prizes):
    pass


def home_of(owner: Customer, stores: list[Store]) -> int | None:
    """Their home store where it is one of these, else the first."""
    return next((one.pk for one in stores if one.pk == owner.home_store_id), stores[0].pk if stores else None)


def money(amount: Any) -> str:
    return words.money(amount, Chain.current().currency)
