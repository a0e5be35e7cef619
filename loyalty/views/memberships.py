"""Memberships that are bought: sold to whoever stands there, read on a page of their own, given back."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui import words
from crm.ui.views import explain
from customers.models import Customer
from customers.views.base import CustomerView
from loyalty import glance, redeeming
from loyalty.ledger import Cause
from loyalty.models import Membership, MembershipSale, PaidBy
from loyalty.tiers import keeping, memberships
from loyalty.tiers.memberships import Offer
from loyalty.tiers.reading import tier_names
from loyalty.views.spending import SpendForm, home_of, money
from loyalty.views.till import Served, TillView, name_of
from loyalty.views.words import people_of

PAGE = "membership"  # where the form stands, when it is not the panel of points
SHOWN = 50


class SaleForm(SpendForm):
    """Which one, with the price that was told; how it was paid."""

    offer = forms.ChoiceField(label=gettext_lazy("Membership"))
    how = forms.ChoiceField(label=gettext_lazy("Paid by"), choices=PaidBy.choices, initial=PaidBy.CASH)
    receipt_number = forms.CharField(
        label=gettext_lazy("Receipt number"), required=False, max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    field_order = ("offer", "how", "receipt_number", "store")

    def __init__(self, data: Any, *, offers: list[Offer], **more: Any) -> None:
        super().__init__(data, **more)
        field: Any = self.fields["offer"]
        field.choices = [
            (f"{one.tier.code}:{one.tier.price}", f"{one.tier.name}, {money(one.tier.price)}")
            for one in offers
        ]
        if len(offers) == 1:
            field.widget, field.initial = forms.HiddenInput(), field.choices[0][0]
        self.lines = [told(one) for one in offers]

    def clean_offer(self) -> tuple[str, Decimal]:
        code, _colon, price = self.cleaned_data["offer"].partition(":")
        return code, Decimal(price)


def told(offer: Offer) -> str:
    """Its name, its price and its time."""
    parts = {
        "name": offer.tier.name, "price": money(offer.tier.price), "from": words.day(offer.begins_on),
        "to": words.day(offer.ends_on),
    }  # fmt: skip
    return _("%(name)s for %(price)s, %(from)s to %(to)s") % parts


class Sales(TillView):
    """GET: the question, in a dialog that says for how long and for how much. POST sells, once a form."""

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner = self.customer(customer)
        form = sale_form(self, owner, request.GET.get("place", ""))
        return self.dialog("loyalty/membership_sale.html", owner, form=form)

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner = self.customer(customer)
        form = SaleForm(request.POST, offers=offers_of(owner), stores=self.stores())
        if not form.is_valid():
            return self.refused(owner, form, 422)
        told = form.cleaned_data
        code, price = told["offer"]
        try:
            cause = Cause(
                redeeming.source_of(told["token"]), timezone.now(), self.staff, store_id=told["store"].pk
            )
            sale = memberships.sell(
                owner.pk, code, cause, how=told["how"], receipt_number=told["receipt_number"], price=price
            )
        except Refusal as refusal:
            explain(form, refusal)
            return self.refused(owner, form, 409 if refusal.status == 409 else 422)
        said = _("%(name)s has %(tier)s until %(day)s.") % {
            "name": name_of(owner), "tier": name_of_tier(sale.tier), "day": words.day(sale.ends_on),
        }  # fmt: skip
        if told["place"] == PAGE:
            self.say(said)
            return self.go(reverse("loyalty:membership", args=[owner.public_id]))
        undo_at = f"{request.path}{sale.public_id}/giving-back/"
        return self.panel(owner, told["place"], said=said, undo=sale.public_id, undo_at=undo_at)

    def refused(self, owner: Customer, form: SaleForm, status: int) -> HttpResponse:
        if form["place"].value() == PAGE:
            return page(self, owner, form, status)
        return self.dialog("loyalty/membership_sale.html", owner, status, form=form)


class GivingBack(TillView):
    """POST gives the price back, whole; what stood before stands again."""

    def post(self, request: HttpRequest, customer: str, sale: str) -> HttpResponse:
        owner, at = self.customer(customer), timezone.now()
        found = MembershipSale.objects.filter(customer=owner, pk=MembershipSale.row_id(sale) or 0).first()
        if found is None or not (found.returned_at or memberships.may_give_back(self.staff, found, at)):
            raise Http404
        words, is_error = "", False
        try:
            done = memberships.give_back(
                owner.pk, found.pk, at=at, by=self.staff, note=request.POST.get("note", "")[:500]
            )
            words = _("Membership given back: give %(money)s back.") % {"money": money(done.price)}
        except Refusal as refusal:
            words, is_error = str(refusal), True
        if request.POST.get("place") == PAGE:
            self.say(words, error=is_error)
            return self.go(reverse("loyalty:membership", args=[owner.public_id]))
        owner.__dict__.pop("_glance", None)
        gone = "" if is_error else sale
        status = 409 if is_error else 200
        return self.panel(
            owner, request.POST.get("place", ""), status, said=words, gone=gone, is_error=is_error
        )


class ServedSales(Served, Sales):
    pass


class ServedGivingBack(Served, GivingBack):
    pass


class MembershipPage(CustomerView):
    """What runs, what was bought so far, and a form for the next."""

    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner = self.customer(customer)
        form = sale_form(self, owner, PAGE) if self.staff.may(Permission.REDEEM_POINTS) else None
        return page(self, owner, form)


def page(view: CustomerView, owner: Customer, form: SaleForm | None, status: int = 200) -> HttpResponse:
    at = timezone.now()
    found = list(
        MembershipSale.objects.filter(customer=owner).select_related("store").order_by("-pk")[:SHOWN]
    )
    names = dict(tier_names())
    again = {(one.tier, one.begins_on) for one in found if one.renews and one.returned_at is None}
    rows = [
        (
            one,
            names.get(one.tier, one.tier),
            (one.tier, one.ends_on + memberships.DAY) not in again
            and memberships.may_give_back(view.staff, one, at),
        )
        for one in found
    ]
    name = owner.name or owner.public_id
    context = {
        "customer": owner, "form": form, "rows": rows, "now": glance.of(owner, at),
        "people": people_of(who for one in found for who in (one.actor, one.returned_by)),
        "title": _("Membership of %(name)s") % {"name": name},
        "sells": bool(form and form.fields["offer"].choices),  # type: ignore[attr-defined]
        "sales": reverse("loyalty:membership-sales", args=[owner.public_id]),
        "crumbs": [
            (_("Customers"), reverse("customers:list")),
            (name, reverse("customers:customer", args=[owner.public_id])),
        ],
    }  # fmt: skip
    return view.render("loyalty/membership.html", context, status)


def sale_form(view: Any, owner: Customer, place: str) -> SaleForm:
    stores = TillView.stores(view)
    return SaleForm(None, offers=offers_of(owner), stores=stores, place=place, store=home_of(owner, stores))


def offers_of(owner: Customer) -> list[Offer]:
    kept = Membership.objects.filter(customer=owner).first()
    return memberships.offers(kept, keeping.today(timezone.now()))


def name_of_tier(code: str) -> str:
    return dict(tier_names()).get(code, code)
