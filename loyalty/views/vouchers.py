"""Coupons while their owner stands there: by a button or by a code, in two steps, with a notice that takes it back.

A code that is typed or scanned travels in bodies alone: no address bears it.
"""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.models import Store, public_id
from crm.ui.views import explain
from customers.models import Customer, Product
from loyalty import redeeming, vouchers
from loyalty.coupons import codes, guesses, sentences
from loyalty.coupons.refusals import CouponUnknown
from loyalty.coupons.rules import Rules
from loyalty.coupons.using import Used
from loyalty.evaluation.offers import Offer
from loyalty.models import Coupon, CouponKind
from loyalty.views.spending import SpendForm, home_of, money
from loyalty.views.till import Served, TillView


def _sum(label: Any) -> forms.DecimalField:
    widget = forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01", "autofocus": True})
    return forms.DecimalField(label=label, min_value=0, max_digits=12, decimal_places=2, widget=widget)


class CouponForm(SpendForm):
    """Asks for what the kind of coupon rests on; the number of a receipt may say it instead."""

    price = _sum(gettext_lazy("Price of the pieces that they get"))
    amount = _sum(gettext_lazy("Amount of the goods that it is for"))
    number = forms.CharField(
        label=gettext_lazy("Number of the receipt"), required=False, max_length=120,
        help_text=gettext_lazy("May stay empty: then it is the receipt that comes from this store within two hours."),
    )  # fmt: skip
    code = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, data: Any, *, rules: Rules, **more: Any) -> None:
        super().__init__(data, **more)
        asked = vouchers.asks(rules)
        for name in {"price", "amount"} - set(asked):
            del self.fields[name]
        for name in asked:  # once a receipt is named, it tells them
            self.fields[name].required = not (data and data.get("number", "").strip())
        if rules.kind == CouponKind.DELIVERY:
            self.fields["price"].label = _("What the delivery costs")

    def told(self) -> vouchers.Told:
        told = self.cleaned_data
        return vouchers.Told(told.get("amount"), told.get("price"), told["number"])


class CodeForm(SpendForm):
    code = forms.CharField(
        label=gettext_lazy("Coupon code"), max_length=40,
        help_text=gettext_lazy("As it is printed; spaces, dashes and case do not matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "autofocus": True}),
    )  # fmt: skip


class VoucherView(TillView):
    def look(self, owner: Customer, code: str, store: Store) -> Offer:
        """Codes that are not there are counted by person. Raises what `vouchers.look` does, TooManyGuesses."""
        who = f"staff:{self.staff.pk}"
        guesses.check(who)
        try:
            return vouchers.look(owner.pk, code, store, timezone.now())
        except CouponUnknown:
            guesses.count(who)
            raise

    def asked(self, owner: Customer, form: CouponForm, offer: Offer, status: int = 200) -> HttpResponse:
        assert offer.rules
        return self.dialog(
            "loyalty/voucher.html", owner, status, form=form, offer=offer, says=sentences.sentence(offer.rules),
            pieces=vouchers.pieces(offer.rules), refused=None if form.is_bound else offer.refused,
        )  # fmt: skip

    def first(
        self, owner: Customer, code: str, place: str, store: Store, stores: list[Store]
    ) -> HttpResponse:
        """What a code opens, and what it asks for."""
        offer = self.look(owner, code, store)
        assert offer.rules
        form = CouponForm(
            None, rules=offer.rules, stores=stores, place=place, store=store.pk, code=offer.code
        )
        return self.asked(owner, form, offer)

    def standing_in(self, owner: Customer, stores: list[Store]) -> Store:
        home = home_of(owner, stores)
        found = next((one for one in stores if one.pk == home), None)
        if found is None:
            raise Http404
        return found


class Vouchers(VoucherView):
    """GET: asks for what a coupon of theirs is used for (the panel, where none is named). POST uses a code and says
    what to take off."""

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores, place = self.customer(customer), self.stores(), request.GET.get("place", "")
        if not request.GET.get("coupon"):
            return self.panel(owner, place)
        coupon = coupon_of(owner, request.GET["coupon"])
        return self.first(owner, coupon.code, place, self.standing_in(owner, stores), stores)

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores = self.customer(customer), self.stores()
        store = next(
            (one for one in stores if str(one.pk) == request.POST.get("store")), None
        ) or self.standing_in(owner, stores)
        try:
            offer = self.look(owner, request.POST.get("code", ""), store)
        except Refusal as refusal:
            return again(self, owner, request.POST, stores, refusal)
        assert offer.rules
        form = CouponForm(request.POST, rules=offer.rules, stores=stores)
        if not form.is_valid():
            return self.asked(owner, form, offer, 422)
        told = form.cleaned_data
        try:
            done = vouchers.use(
                owner.pk, offer.code, form.told(), token=told["token"], at=timezone.now(), by=self.staff,
                store=told["store"],
            )  # fmt: skip
        except Refusal as refusal:
            explain(form, refusal)
            return self.asked(owner, form, offer, 409 if refusal.status == 409 else 422)
        use = done.use.public_id
        said, undo_at = f"{offer.name}: {told_of(done, offer.rules)}", f"{request.path}reversal/?use={use}"
        owner.__dict__.pop("_glance", None)
        return self.panel(owner, told["place"], said=said, undo=use, undo_at=undo_at)


class VoucherCode(VoucherView):
    """POST looks at a code that was typed or scanned: what it gives here, or why not."""

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores = self.customer(customer), self.stores()
        code, place = request.POST.get("code", "").strip(), request.POST.get("place", "")
        try:
            return self.first(owner, code, place, self.standing_in(owner, stores), stores)
        except Refusal as refusal:
            return again(self, owner, request.POST, stores, refusal)


class VoucherReversal(TillView):
    """POST gives a coupon back that was used here today: it can be used again within its time."""

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, use = self.customer(customer), request.GET.get("use", "")
        number = public_id("cpu").decode(use)
        done = redeeming.give_use_back(self.staff, owner.pk, number or 0, at=timezone.now())
        if done is None:
            raise Http404
        return self.panel(
            owner, request.POST.get("place", ""), said=_("The coupon was given back."), gone=use
        )


class ServedVouchers(Served, Vouchers):
    pass


class ServedVoucherCode(Served, VoucherCode):
    pass


class ServedVoucherReversal(Served, VoucherReversal):
    pass


def again(view: TillView, owner: Customer, data: Any, stores: list[Store], refusal: Refusal) -> HttpResponse:
    """The code once more, with what is wrong with it."""
    told = {"code": data.get("code", ""), "place": data.get("place", ""), "token": "0" * 32, "store": ""}
    form = CodeForm(told, stores=stores)
    form.errors.clear()
    form.add_error("code", refusal.faults[0].detail if refusal.faults else str(refusal))
    return view.dialog("loyalty/voucher_code.html", owner, 422, form=form)


def coupon_of(owner: Customer, text: str) -> Coupon:
    found = Coupon.objects.filter(customer=owner, pk=Coupon.row_id(text) or 0).first()
    if found is None or not codes.normalised(found.code):
        raise Http404
    return found


def told_of(done: Used, rules: Rules) -> str:
    """What to do at the till."""
    assert done.discount is not None
    parts = []
    if done.discount.taken_off:
        off = (
            _("Take %(money)s off the delivery.")
            if rules.kind == CouponKind.DELIVERY
            else _("Take %(money)s off.")
        )
        parts.append(off % {"money": money(done.use.amount)})
    for gift in done.discount.gifts:
        name = Product.objects.filter(pk=gift.product_id).values_list("name", flat=True).first() or ""
        parts.append(_("Hand over %(n)s × %(name)s.") % {"n": gift.quantity // 1000, "name": name})
    return " ".join(parts)
