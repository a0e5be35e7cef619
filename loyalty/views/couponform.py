"""The form of a coupon's terms, and what they say while one types."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.models import Store, code_validator
from crm.org.permissions import Permission
from crm.ui.edits import EditForm
from crm.ui.views import StaffView
from customers.models import Brand, Category
from loyalty.baskets import Basket, BasketLine
from loyalty.coupons import defining, sentences
from loyalty.coupons.discounts import discount_of
from loyalty.coupons.rules import Rules, from_values, money
from loyalty.models import CouponDefinition, CouponKind
from loyalty.views.base import tabs
from loyalty.views.fields import Numbers, Share, Sku, Skus, Words

# Which kinds have which parts: what is hidden is empty.
PARTS = {
    "amount": {CouponKind.AMOUNT, CouponKind.NEXT_ORDER, CouponKind.DELIVERY, CouponKind.GIFT},
    "share_bp": {CouponKind.PERCENT, CouponKind.NEXT_ORDER, CouponKind.DELIVERY, CouponKind.BUY_GET},
    "issued_from": {CouponKind.NEXT_ORDER},
    "most": {CouponKind.PERCENT, CouponKind.NEXT_ORDER, CouponKind.DELIVERY, CouponKind.BUY_GET},
    "gift_id": {CouponKind.GIFT},
    "buy": {CouponKind.BUY_GET},
    "get": {CouponKind.BUY_GET, CouponKind.GIFT},
}
NARROWING = ("skips_discounted", "tiers", *(f"{way}_{what}" for way in ("only", "not")
             for what in ("categories", "brands", "products", "stores")))  # fmt: skip
EXAMPLE = 10_000  # cents of goods that the example basket holds


def _money(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_digits=12, decimal_places=2, help_text=help_text
    )


def _whole(label: Any, help_text: Any = "", most: int = 10**9) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=most, help_text=help_text)


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, help_text=help_text, widget=widget)


class CouponForm(EditForm, forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("As the customer reads it.")
    )
    code = forms.CharField(label=gettext_lazy("Code of the offer"), max_length=32, validators=[code_validator],
                           help_text=gettext_lazy("For reports and the API; customers do not see it."))  # fmt: skip
    is_shared = forms.BooleanField(
        label=gettext_lazy("One code for everybody"), required=False,
        help_text=gettext_lazy("Otherwise each coupon that is issued has a code of its own."),
    )  # fmt: skip
    kind = forms.TypedChoiceField(label=gettext_lazy("What it gives"), coerce=int, choices=CouponKind.choices,
                                  widget=forms.Select(attrs={"data-shows": "yes"}))  # fmt: skip
    amount = _money(gettext_lazy("Amount"), gettext_lazy("Of a gift: what it is worth, for the budget."))
    share_bp = Share(label=gettext_lazy("Per cent"), required=False)
    most = _money(gettext_lazy("At most"), gettext_lazy("The most that one use takes off."))
    gift_id = Sku(label=gettext_lazy("Gift (SKU)"), required=False, max_length=64)
    buy = _whole(gettext_lazy("Buy"), most=1000)
    get = _whole(gettext_lazy("Get"), most=1000)
    minimum = _money(gettext_lazy("Minimum spend"), gettext_lazy("On the goods that the coupon counts."))
    issued_from = _money(
        gettext_lazy("Issued by a receipt of at least"),
        gettext_lazy(
            "Of the goods that it counts, in its stores; empty: none does. If all comes back, an unused one is void."
        ),
    )
    from_on = _day(gettext_lazy("First day"))
    to_on = _day(gettext_lazy("Last day"))
    days = _whole(
        gettext_lazy("Days after issue"),
        gettext_lazy("The last day ends at midnight in the customer's store."),
        3660,
    )
    only_categories = Numbers(label=gettext_lazy("Only these categories"))
    not_categories = Numbers(label=gettext_lazy("Not these categories"))
    only_brands = Numbers(label=gettext_lazy("Only these brands"))
    not_brands = Numbers(label=gettext_lazy("Not these brands"))
    only_products = Skus(label=gettext_lazy("Only these products (SKU)"), required=False)
    not_products = Skus(label=gettext_lazy("Not these products (SKU)"), required=False)
    skips_discounted = forms.BooleanField(label=gettext_lazy("Not on goods already reduced"), required=False)
    only_stores = Numbers(label=gettext_lazy("Only these stores"))
    not_stores = Numbers(label=gettext_lazy("Not these stores"))
    tiers = Words(
        label=gettext_lazy("Only these tiers"),
        required=False,
        help_text=gettext_lazy("Codes of tiers, with spaces between."),
    )
    weekdays = Numbers(
        label=gettext_lazy("Only these weekdays"), choices=[(day + 1, WEEKDAYS[day]) for day in range(7)]
    )
    per_customer = _whole(gettext_lazy("Uses a customer"))
    per_day = _whole(gettext_lazy("Uses a customer and day"))
    total = _whole(gettext_lazy("Uses in all"))
    budget = _money(gettext_lazy("Budget"), gettext_lazy("When this much was given away, it is over."))
    stacking = forms.CharField(
        label=gettext_lazy("Stacking group"), required=False, max_length=32,
        help_text=gettext_lazy("Of one group a basket takes one coupon. Empty: goes with all others."),
    )  # fmt: skip
    place = forms.IntegerField(
        label=gettext_lazy("Order"), min_value=1, max_value=1000, initial=100,
        help_text=gettext_lazy("Of several coupons the lower number is taken off first."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, known: CouponDefinition | None = None) -> None:
        initial: dict[str, Any] = {"kind": CouponKind.AMOUNT, "place": 100}
        if known:
            initial = {**defining.values_of(defining.newest_of(known)), "name": known.name}
        super().__init__(data, initial=initial)
        self.known = known
        self.either = dict.fromkeys(PARTS, "\u00a0")  # whether one is needed, its kind says
        if known:
            del self.fields["code"], self.fields["is_shared"]
        self._offer({"categories": Category, "brands": Brand, "stores": Store})
        if known:
            self.carry()

    def _offer(self, models: dict[str, Any]) -> None:
        for name, model in models.items():
            rows = [(pk, label) for pk, label in model.objects.order_by("name").values_list("pk", "name")]
            for field in (f"only_{name}", f"not_{name}"):
                self.fields[field].choices = rows  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for name, kinds in PARTS.items():
            if found.get("kind") not in kinds and name in found:
                found[name] = None
        if "minimum" in found:
            found["minimum"] = found["minimum"] or 0
        return found

    @property
    def worth(self) -> list[tuple[str, Any]]:
        """The fields that only some kinds have, each with these kinds."""
        return [(" ".join(str(int(kind)) for kind in kinds), self[name]) for name, kinds in PARTS.items()]

    @property
    def narrowed(self) -> bool:
        """Does it say on which goods, where or for whom?"""
        return any(self[name].value() or self[name].errors for name in NARROWING)

    def terms(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in defining.FIELDS}

    def rules(self) -> Rules | None:
        """What stands in the form now, as far as it can be read."""
        self.is_valid()
        if not set(defining.FIELDS) <= self.cleaned_data.keys():
            return None
        return from_values(self.terms())


class CouponRecord(StaffView):
    """GET shows the form of a new or known offer; POST keeps it: a known one gets a new version."""

    permission = Permission.MANAGE_COUPONS
    template = "loyalty/coupon_form.html"

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        known = self.known(pk)
        return self.render(self.template, {"form": CouponForm(known=known)} | self.around(known))

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        known = self.known(pk)
        form = CouponForm(request.POST, known=known)
        return self.answer(
            form, lambda: self.keep(form, known), done=self.done, context=lambda: self.around(known)
        )

    def keep(self, form: CouponForm, known: CouponDefinition | None) -> CouponDefinition:
        told, at = form.cleaned_data, now()
        if known is None:
            names = {name: told[name] for name in ("code", "name", "is_shared")}
            return defining.define(**names, terms=form.terms(), by=self.staff, at=at)
        defining.revise(
            known, name=told["name"], terms=form.terms(), based_on=form.based_on(), by=self.staff, at=at
        )
        return known

    def done(self, made: CouponDefinition) -> str:
        self.say(_("Kept. Coupons that were issued before keep their terms."))
        return reverse("loyalty:coupon", args=[made.pk])

    @staticmethod
    def known(pk: int | None) -> CouponDefinition | None:
        return get_object_or_404(CouponDefinition, pk=pk) if pk else None

    def around(self, known: CouponDefinition | None) -> dict[str, Any]:
        heading = known.name if known else _("New coupon")
        crumbs = [(_("Coupons"), reverse("loyalty:coupons"))]
        if known:
            crumbs.append((known.name, reverse("loyalty:coupon", args=[known.pk])))
        return {"tabs": tabs(self, "coupons"), "title": heading, "crumbs": crumbs, "known": known}


class CouponPreview(StaffView):
    """The terms in a sentence, and what they do to an example basket, while one types."""

    permission = Permission.MANAGE_COUPONS

    def post(self, request: HttpRequest) -> HttpResponse:
        rules = CouponForm(request.POST).rules()
        said = example = None
        if rules and _is_worth(rules):
            said, example = sentences.sentence(rules), _example(rules)
        return self.render("loyalty/coupon_preview.html", {"sentence": said, "example": example})


def _is_worth(rules: Rules) -> bool:
    needed = {
        CouponKind.AMOUNT: rules.amount,
        CouponKind.PERCENT: rules.share_bp,
        CouponKind.GIFT: rules.gift_id,
        CouponKind.BUY_GET: rules.buy and rules.get,
        CouponKind.NEXT_ORDER: rules.amount or rules.share_bp,
    }
    return bool(needed.get(CouponKind(rules.kind), True))


def _example(rules: Rules) -> dict[str, Any] | None:
    """Ten pieces that the coupon counts, for a round sum: what they cost without and with it."""
    product, brand = next(iter(rules.only_products), None), next(iter(rules.only_brands), None)
    line = BasketLine(product, rules.only_categories, brand, 10_000, EXAMPLE)
    basket = Basket(None, now(), (line,), delivery=1000)
    off = discount_of(rules, basket).taken_off
    return {"amount": money(basket.amount + basket.delivery), "off": money(off),
            "left": money(basket.amount + basket.delivery - off)} if off else None  # fmt: skip
