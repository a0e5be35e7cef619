"""Forms of loyalty: a version of the tiers, a tier by hand, an adjustment, a decision."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from crm.org.models import Staff, Store
from crm.ui import words
from loyalty.adjustments import reasons
from loyalty.models import (
    AdjustmentLimit,
    BenefitKind,
    ByHand,
    CouponDefinition,
    Downgrade,
    Measure,
    Period,
    Reward,
    Tier,
    TierScheme,
)
from loyalty.models.tiers import tier_code
from loyalty.tiers.schemes import TierDraft

MOST_TIERS = 8
RULES = (
    "valid_from",
    "measure",
    "period",
    "months",
    "downgrade",
    "grace_days",
    "notice_days",
    "take_back_days",
    "refund_days",
    "birthday_days",
)
_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
_DAYS: dict[str, Any] = {"min_value": 0, "max_value": 366}


class SchemeForm(forms.Form):
    """A version: its rules, then up to `MOST_TIERS` tiers, each with fields of its own (`t0_code`, …).

    `seen` is the number of the version that was shown.
    """

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    valid_from = forms.DateField(label=gettext_lazy("Valid from"), widget=_DAY)
    measure = forms.TypedChoiceField(label=gettext_lazy("What counts"), choices=Measure.choices, coerce=int)
    period = forms.TypedChoiceField(label=gettext_lazy("Over which time"), choices=Period.choices, coerce=int)
    months = forms.IntegerField(
        label=gettext_lazy("Months"),
        min_value=1,
        max_value=60,
        help_text=gettext_lazy("For “the last months”."),
    )
    downgrade = forms.TypedChoiceField(
        label=gettext_lazy("When a tier is not kept"), choices=Downgrade.choices, coerce=int
    )
    grace_days = forms.IntegerField(label=gettext_lazy("Days of grace"), **_DAYS)
    notice_days = forms.IntegerField(label=gettext_lazy("Days of notice"), **_DAYS)
    take_back_days = forms.IntegerField(
        label=gettext_lazy("Days in which goods can come back"), **_DAYS,
        help_text=gettext_lazy("A tier reached by goods that come back by then is taken back at once."),
    )  # fmt: skip

    refund_days = forms.IntegerField(
        label=gettext_lazy("Days in which a bought tier can be given back"), **_DAYS,
        help_text=gettext_lazy("Until then the whole price goes back, and what stood before stands again."),
    )  # fmt: skip

    birthday_days = forms.IntegerField(
        label=gettext_lazy("Days before the birthday on which the gift comes"), min_value=0, max_value=60,
        help_text=gettext_lazy("0: on the morning of the birthday."),
    )  # fmt: skip

    def __init__(self, data: Any, *, scheme: TierScheme | None, tiers: list[Tier]) -> None:
        initial = {name: getattr(scheme, name) for name in RULES} if scheme else dict(_FIRST)
        initial.pop("valid_from", None)
        super().__init__(data, initial=initial | {"seen": scheme.pk if scheme else None})
        self.places = range(min(MOST_TIERS, max(len(tiers) + 1, 4)))
        for place in self.places:
            self._add_tier(place, tiers[place] if place < len(tiers) else None)

    def _add_tier(self, place: int, tier: Tier | None) -> None:
        gifts = {one.kind: one.value.normalize() for one in tier.benefits.all()} if tier else {}
        whole: dict[str, Any] = {"required": False, "min_value": 0, "max_value": 10**12}
        fields: dict[str, forms.Field] = {
            "code": forms.CharField(
                label=gettext_lazy("Code"),
                required=False,
                max_length=24,
                validators=[tier_code],
                help_text=gettext_lazy("Without a code this version leaves the tier out."),
            )
        }
        for code, _name in settings.LANGUAGES:
            label = _("Name (%(language)s)") % {"language": words.language(code)}
            fields[f"name_{code}"] = forms.CharField(label=label, required=False, max_length=40)
        fields |= {
            "colour": forms.CharField(
                label=gettext_lazy("Colour"), required=False, widget=forms.TextInput(attrs={"type": "color"}),
                validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")],
            ),
            "threshold": forms.IntegerField(label=gettext_lazy("Reached with"), **whole),
            "keep_threshold": forms.IntegerField(label=gettext_lazy("Kept with"), **whole),
            "price": forms.DecimalField(
                label=gettext_lazy("Price, if it is bought"), required=False, min_value=0, max_digits=12,
                decimal_places=2,
            ),
            "paid_months": forms.IntegerField(
                label=gettext_lazy("Months, if it is bought"), required=False, min_value=1, max_value=60
            ),
        }  # fmt: skip
        fields |= _promises()
        for name, field in fields.items():
            field.initial = _initial(name, tier, gifts)
            self.fields[f"t{place}_{name}"] = field

    def rules(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in RULES}

    def groups(self) -> list[tuple[int, str, list[Any]]]:
        """Of each tier: its place, its name as it is shown, its fields."""
        language = get_language() or "en"
        told = []
        for place in self.places:
            names = (self[f"t{place}_{name}"].value() for name in (f"name_{language}", "name_en", "code"))
            heading = next((str(name) for name in names if name), "")
            told.append((place + 1, heading, [self[name] for name in self.fields if _of(name, place)]))
        return told

    def rule_fields(self) -> list[Any]:
        return [self[name] for name in RULES]

    def drafts(self) -> list[TierDraft]:
        """The tiers that have a code, in their order."""
        return [self._draft(place) for place in self.places if self.cleaned_data.get(f"t{place}_code")]

    def _draft(self, place: int) -> TierDraft:
        told = {name.partition("_")[2]: self.cleaned_data[name] for name in self.fields if _of(name, place)}
        names = {code: told[f"name_{code}"] for code, _name in settings.LANGUAGES if told[f"name_{code}"]}
        gifts = {kind: Decimal(told[kind.code]) for kind in BenefitKind if told[kind.code]}
        is_paid = told["price"] is not None
        return TierDraft(
            code=told["code"], names=names or {"en": told["code"]}, colour=told["colour"] or "#64748b",
            threshold=0 if is_paid else told["threshold"] or 0, is_paid=is_paid, price=told["price"],
            keep_threshold=0 if is_paid else told["keep_threshold"] or 0,
            paid_months=told["paid_months"] if is_paid else None, benefits=gifts,
            birthday_coupon=told["birthday_coupon"], trial_reward=told["trial_reward"],
        )  # fmt: skip


def _promises() -> dict[str, forms.Field]:
    """The benefits' fields. What goes with a number stands beside it: the reward that is tried, the coupon instead."""
    last = (BenefitKind.FREE_TRIAL, BenefitKind.BIRTHDAY_GIFT)
    fields = {kind.code: _promise(kind) for kind in BenefitKind if kind not in last}
    fields[BenefitKind.FREE_TRIAL.code] = _promise(BenefitKind.FREE_TRIAL)
    fields["trial_reward"] = forms.ModelChoiceField(
        Reward.objects.filter(ended_at=None).order_by("name"), required=False,
        label=gettext_lazy("Reward that is tried for free"), empty_label=gettext_lazy("No reward"),
    )  # fmt: skip
    fields[BenefitKind.BIRTHDAY_GIFT.code] = _promise(BenefitKind.BIRTHDAY_GIFT)
    fields["birthday_coupon"] = forms.ModelChoiceField(
        CouponDefinition.objects.filter(is_shared=False, ended_at=None).order_by("name"), required=False,
        label=gettext_lazy("Or as birthday gift a coupon"), empty_label=gettext_lazy("No coupon"),
    )  # fmt: skip
    return fields


def _promise(kind: BenefitKind) -> forms.Field:
    """A benefit's field: a number, but of an agent only whether there is one."""
    if kind == BenefitKind.AGENT:
        told = gettext_lazy(
            "A person of the nearest store whom the member can turn to; the night deals them."
        )
        return forms.BooleanField(label=kind.label, required=False, help_text=told)
    return forms.DecimalField(label=kind.label, required=False, min_value=0, max_digits=9, decimal_places=2)


def _of(name: str, place: int) -> bool:
    return name.startswith(f"t{place}_")


def _initial(name: str, tier: Tier | None, gifts: dict[int, Decimal]) -> Any:
    if tier is None:
        return "#64748b" if name == "colour" else None
    if name.startswith("name_"):
        return tier.names.get(name.removeprefix("name_"), "")
    kind = next((one for one in BenefitKind if one.code == name), None)
    if name == "trial_reward":
        return next((one.reward_id for one in tier.benefits.all() if one.reward_id), None)
    coupon = next((one.coupon_id for one in tier.benefits.all() if one.coupon_id), None)
    if name == "birthday_coupon" or (coupon and kind == BenefitKind.BIRTHDAY_GIFT):
        return coupon if name == "birthday_coupon" else None
    return gifts.get(kind) if kind else getattr(tier, name)


_FIRST = {
    "measure": Measure.GROWTH, "period": Period.CALENDAR_YEAR, "months": 12, "downgrade": Downgrade.ONE_STEP,
    "grace_days": 30, "notice_days": 30, "take_back_days": 30, "refund_days": 14, "birthday_days": 0,
}  # fmt: skip


class ByHandForm(forms.Form):
    tier = forms.ChoiceField(label=gettext_lazy("Tier"))
    cause = forms.ChoiceField(label=gettext_lazy("Reason"), choices=ByHand.choices)
    locked_until = forms.DateField(
        label=gettext_lazy("Locked until"), required=False, widget=_DAY,
        help_text=gettext_lazy("Until the end of this day nothing moves it by itself. Empty: no lock."),
    )  # fmt: skip

    def __init__(self, data: Any, *, tiers: list[Tier], now_is: str = "") -> None:
        super().__init__(data, initial={"tier": now_is})
        self.fields["tier"].choices = [(one.code, one.name) for one in tiers if not one.is_paid]  # type: ignore[attr-defined]


class AdjustmentForm(forms.Form):
    points = forms.IntegerField(
        label=gettext_lazy("Points"), help_text=gettext_lazy("Below zero they are taken away.")
    )
    reason = forms.ChoiceField(label=gettext_lazy("Reason"))
    receipt_number = forms.CharField(
        label=gettext_lazy("Number of the receipt"), required=False, max_length=120,
        help_text=gettext_lazy("Only for a receipt on which the customer was not named."),
    )  # fmt: skip
    store = forms.ModelChoiceField(
        label=gettext_lazy("Store of the receipt"), queryset=Store.objects.none(), required=False
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    source = forms.CharField(widget=forms.HiddenInput, max_length=80)

    def __init__(self, data: Any, *, staff: Staff, source: str = "") -> None:
        super().__init__(data, initial={"source": source})
        self.fields["reason"].choices = [(one.code, str(one)) for one in reasons()]  # type: ignore[attr-defined]
        stores = Store.objects.visible_to(staff).filter(is_active=True).order_by("name", "pk")
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]
        self.fields["store"].empty_label = _("Please choose")  # type: ignore[attr-defined]


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(choices=[("approve", ""), ("reject", "")], widget=forms.HiddenInput)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=500)


class UndoForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Why?"), max_length=500)


class LimitsForm(forms.Form):
    """Two numbers for each role: at once, and in a day (`agent_points`, `agent_points_a_day`)."""

    def __init__(self, data: Any, *, limits: list[AdjustmentLimit]) -> None:
        super().__init__(data)
        self.limits = limits
        for one in limits:
            role = one.get_role_display()
            for name, label in (
                ("points", _("%(role)s: at once")),
                ("points_a_day", _("%(role)s: in a day")),
            ):
                self.fields[f"{one.role}_{name}"] = forms.IntegerField(
                    label=label % {"role": role}, min_value=0, max_value=10**12, initial=getattr(one, name)
                )

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        for one in self.limits:
            most, a_day = told.get(f"{one.role}_points"), told.get(f"{one.role}_points_a_day")
            if most is not None and a_day is not None and a_day < most:
                self.add_error(f"{one.role}_points_a_day", _("Not less than at once."))
        return told

    def wanted(self) -> dict[str, dict[str, int]]:
        return {
            one.role: {name: self.cleaned_data[f"{one.role}_{name}"] for name in ("points", "points_a_day")}
            for one in self.limits
        }
