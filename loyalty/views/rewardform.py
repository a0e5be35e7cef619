"""The form of a reward's terms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from crm.org.models import Store, code_validator
from crm.ui.edits import EditForm
from loyalty.models import CouponDefinition, Partner, Reward, RewardKind
from loyalty.rewards import catalogue
from loyalty.views.fields import Numbers, Sku, Words

# Which kinds have which parts.
PARTS = {
    "product_id": RewardKind.GIFT,
    "amount": RewardKind.DISCOUNT,
    "coupon_id": RewardKind.VOUCHER,
    "partner": RewardKind.PARTNER,
}


class RewardForm(EditForm, forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("As the customer reads it.")
    )
    code = forms.CharField(label=gettext_lazy("Code of the reward"), max_length=32, validators=[code_validator],
                           help_text=gettext_lazy("For reports and the API; customers do not see it."))  # fmt: skip
    is_counted = forms.BooleanField(label=gettext_lazy("Counted in stock"), required=False,
                                    help_text=gettext_lazy("Then a store gives no more than it has."))  # fmt: skip
    kind = forms.TypedChoiceField(label=gettext_lazy("What it is"), coerce=int, choices=RewardKind.choices,
                                  widget=forms.Select(attrs={"data-shows": "yes"}))  # fmt: skip
    points = forms.IntegerField(label=gettext_lazy("Points"), min_value=1, max_value=catalogue.MOST_POINTS)
    money = forms.DecimalField(label=gettext_lazy("And money"), required=False, min_value=0, max_digits=12,
                               decimal_places=2,
                               help_text=gettext_lazy("What the member pays besides the points."))  # fmt: skip
    product_id = Sku(label=gettext_lazy("Product (SKU)"), required=False, max_length=64)
    amount = forms.DecimalField(
        label=gettext_lazy("Takes off"), required=False, min_value=0, max_digits=12, decimal_places=2
    )
    coupon_id = forms.TypedChoiceField(
        label=gettext_lazy("Coupon that it issues"), required=False, coerce=int, empty_value=None
    )
    partner = forms.CharField(label=gettext_lazy("Partner company"), required=False, max_length=120)
    note = forms.CharField(label=gettext_lazy("What the member is told"), required=False, max_length=300)
    from_on = forms.DateField(label=gettext_lazy("First day"), required=False,
                              widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))  # fmt: skip
    to_on = forms.DateField(label=gettext_lazy("Last day"), required=False,
                            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))  # fmt: skip
    per_customer = forms.IntegerField(
        label=gettext_lazy("Times a customer"), required=False, min_value=1, max_value=10**6
    )
    only_stores = Numbers(label=gettext_lazy("Only these stores"))
    tiers = Words(
        label=gettext_lazy("Only these tiers"),
        required=False,
        help_text=gettext_lazy("Codes of tiers, with spaces between."),
    )

    def __init__(self, data: Any = None, *, known: Reward | None = None) -> None:
        initial: dict[str, Any] = {"kind": RewardKind.GIFT}
        if known:
            terms = catalogue.newest_of(known)
            initial = {**catalogue.values_of(terms), "name": known.name}
            initial["partner"] = terms.partner.name if terms.partner else ""
        super().__init__(data, initial=initial)
        if known:
            del self.fields["code"], self.fields["is_counted"]
        self.either = dict.fromkeys(PARTS, "\u00a0")  # whether one is needed, its kind says
        offers = CouponDefinition.objects.filter(is_shared=False, ended_at=None).order_by("name")
        self.fields["coupon_id"].choices = [("", "–"), *offers.values_list("pk", "name")]  # type: ignore[attr-defined]
        self.fields["only_stores"].choices = list(Store.objects.values_list("pk", "name"))  # type: ignore[attr-defined]
        if known:
            self.carry()

    @property
    def worth(self) -> list[tuple[str, Any]]:
        return [(str(int(kind)), self[name]) for name, kind in PARTS.items()]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for name, kind in PARTS.items():
            if found.get("kind") != kind and name in found:
                found[name] = "" if name == "partner" else None
        return found

    def terms(self) -> dict[str, Any]:
        told = {name: self.cleaned_data[name] for name in catalogue.FIELDS if name != "partner_id"}
        name = self.cleaned_data["partner"].strip()
        return told | {"partner_id": partner_of(name) if name else None}


def partner_of(name: str) -> int:
    """The company of this name, entered when it is new."""
    found = Partner.objects.filter(name__iexact=name).first()
    if found is None:
        found = Partner.objects.create(code=f"P{Partner.objects.count() + 1:04}", name=name)
    return found.pk
