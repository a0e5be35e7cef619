"""Forms of the programme and of earning rules. A form knows which version its author saw; the domain does the rest."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from crm.org.models import Region, Store
from customers.models import Brand, Category, Channel, Product
from loyalty import programmes
from loyalty.accrual import conditions, facts
from loyalty.models import Action, EarningRule, Ending, Programme, Rounding, RuleKind

DEEP = 2  # levels of categories that are offered to choose from


class DayField(forms.DateField):
    def __init__(self, **more: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)


class CapField(forms.IntegerField):
    def __init__(self, label: Any) -> None:
        super().__init__(label=label, required=False, min_value=1, max_value=programmes.MOST_CAP)


class Words(forms.CharField):
    """Several short words with commas between."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        ProhibitNullCharactersValidator()(text)
        return list(
            dict.fromkeys(part.strip() for part in text.replace("，", ",").split(",") if part.strip())
        )

    def validate(self, value: Any) -> None:
        """Any words will do."""


class CapsMixin(forms.Form):
    cap_receipt = CapField(_("Most points of a receipt"))
    cap_day = CapField(_("Most points of a day"))
    cap_month = CapField(_("Most points of a month"))


class ProgrammeForm(CapsMixin):
    """`seen` is the number of the version that was shown."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    valid_from = DayField(label=_("Holds from"))
    money_per_point = forms.DecimalField(
        label=_("Spent for one point"), min_value=Decimal("0.01"), max_digits=12, decimal_places=4
    )
    rounding = forms.ChoiceField(label=_("Parts of a point are rounded"), choices=Rounding.choices)
    pending_days = forms.IntegerField(
        label=_("Return window in days"), min_value=0, max_value=365,
        help_text=_("So long points are pending: they can be spent when the goods can no longer be brought back."),
    )  # fmt: skip
    ending = forms.ChoiceField(label=_("Points end"), choices=Ending.choices)
    ending_count = forms.IntegerField(
        label=_("Months or years"), min_value=0, max_value=120,
        help_text=_("0 is the end of the month or year in which they were earned, 1 of the next one."),
    )  # fmt: skip
    point_worth = forms.DecimalField(
        label=_("What a point is worth"), min_value=Decimal("0.0001"), max_digits=12, decimal_places=4, required=False,
        help_text=_("In money, when it is spent: for the liability. It changes nothing that members earn."),
    )  # fmt: skip
    categories = forms.MultipleChoiceField(label=_("Categories that earn nothing"), required=False)
    products = Words(
        label=_("Products that earn nothing"),
        required=False,
        help_text=_("SKUs with commas between: gift cards, bags."),
    )
    excludes_discounted = forms.BooleanField(label=_("Discounted lines earn nothing"), required=False)

    def __init__(self, data: Any, *, now: Programme | None, valid_from: Any) -> None:
        kept = now or Programme()
        initial = kept.settings() | {
            "seen": kept.pk, "valid_from": valid_from, "categories": kept.excluded.get("categories", []),
            "products": kept.excluded.get("products", []), "money_per_point": kept.money_per_point.normalize(),
        }  # fmt: skip
        super().__init__(data, initial=initial)
        self.fields["categories"].choices = category_choices(initial["categories"])  # type: ignore[attr-defined]
        self.order_fields(["seen", "valid_from", "money_per_point", "rounding", "pending_days", "ending"])

    def clean_products(self) -> list[str]:
        if unknown := _unknown(self.cleaned_data["products"]):
            raise forms.ValidationError(_("Not in the catalogue: %(codes)s.") % {"codes": unknown})
        return list(self.cleaned_data["products"])

    def settings(self) -> dict[str, Any]:
        values = {name: self.cleaned_data[name] for name in Programme.SETTINGS if name in self.cleaned_data}
        excluded = {"categories": self.cleaned_data["categories"], "products": self.cleaned_data["products"]}
        return values | {"excluded": {name: found for name, found in excluded.items() if found}}


class RuleForm(CapsMixin):
    """A rule's version: what it gives, and under which conditions."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Members and staff read it on receipts.")
    )
    kind = forms.ChoiceField(
        label=_("What it does"), choices=RuleKind.choices, widget=forms.Select(attrs={"data-shows": ""})
    )
    percent = forms.IntegerField(
        label=_("Percent"), required=False, min_value=0, max_value=10_000,
        help_text=_("200 doubles, 150 adds half as much again. Of another rate: how much of the usual points."),
    )  # fmt: skip
    points = forms.IntegerField(label=_("Points"), required=False, min_value=1, max_value=10_000_000)
    action = forms.ChoiceField(
        label=_("For which action"), required=False, choices=[("", "–"), *Action.choices]
    )
    once = forms.BooleanField(label=_("Once for each member"), required=False)
    valid_from = DayField(label=_("Holds from"))
    valid_to = DayField(label=_("Until"), required=False)
    is_exclusive = forms.BooleanField(
        label=_("Only the best of such rules counts"), required=False,
        help_text=_("Of several multipliers marked like this, each line gets the highest; all others add up."),
    )  # fmt: skip
    categories = forms.MultipleChoiceField(label=_("Categories"), required=False)
    brands = Words(label=_("Brands"), required=False, help_text=_("Names with commas between."))
    products = Words(label=_("Products"), required=False, help_text=_("SKUs with commas between."))
    minimum = forms.DecimalField(
        label=_("At least spent on these goods"), required=False, min_value=0, max_digits=12, decimal_places=2
    )
    stores = forms.MultipleChoiceField(label=_("Stores"), required=False)
    regions = forms.MultipleChoiceField(label=_("Regions"), required=False)
    channels = forms.MultipleChoiceField(
        label=_("Channels"), required=False, choices=Channel.choices, widget=forms.CheckboxSelectMultiple
    )
    tiers = forms.MultipleChoiceField(label=_("Tiers"), required=False, widget=forms.CheckboxSelectMultiple)
    weekdays = forms.MultipleChoiceField(
        label=_("Weekdays"),
        required=False,
        choices=list(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    hour_from = forms.IntegerField(label=_("From hour"), required=False, min_value=0, max_value=24)
    hour_to = forms.IntegerField(label=_("Until hour"), required=False, min_value=0, max_value=24)
    first_day = DayField(label=_("From day"), required=False)
    last_day = DayField(label=_("To day"), required=False)
    birthday_days = forms.IntegerField(
        label=_("Days around the birthday"), required=False, min_value=0, max_value=31,
        help_text=_("3 is the week around it."),
    )  # fmt: skip
    is_first = forms.BooleanField(label=_("First purchase"), required=False)

    def __init__(self, data: Any, *, now: EarningRule | None, valid_from: Any) -> None:
        initial: dict[str, Any] = {"valid_from": valid_from}
        if now is not None:
            initial |= {**now.settings(), **_shown(conditions.read(now.condition)), "seen": now.version}
            initial["valid_from"] = valid_from
        super().__init__(data, initial=initial)
        for name, choices in (
            ("categories", category_choices(initial.get("categories", []))),
            ("stores", list(Store.objects.values_list("pk", "name"))),
            ("regions", list(Region.objects.values_list("pk", "name"))),
            ("tiers", facts.tier_choices()),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        if not facts.tier_choices():
            del self.fields["tiers"]

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        for one, other in (("hour_from", "hour_to"), ("first_day", "last_day")):
            if (told.get(one) is None) != (told.get(other) is None):
                self.add_error(other if told.get(other) is None else one, _("Both or neither."))
        if told.get("first_day") and told.get("last_day") and told["last_day"] < told["first_day"]:
            self.add_error("last_day", _("The first day comes before the last."))
        if missing := _unknown(told.get("products") or ()):
            self.add_error("products", _("Not in the catalogue: %(codes)s.") % {"codes": missing})
        if told.get("brands"):
            known = dict(Brand.objects.filter(name__in=told["brands"]).values_list("name", "pk"))
            if unknown := [name for name in told["brands"] if name not in known]:
                self.add_error("brands", _("No such brand: %(names)s.") % {"names": ", ".join(unknown)})
            told["brand_ids"] = list(known.values())
        return told

    def settings(self) -> dict[str, Any]:
        """What `rules.publish` takes. What does not belong to the kind is left out."""
        told = self.cleaned_data
        values = {name: told[name] for name in EarningRule.SETTINGS if name in told}
        has_percent = told["kind"] in {RuleKind.BASE, RuleKind.MULTIPLIER}
        values |= {
            "percent": told["percent"] if has_percent else None, "points": None if has_percent else told["points"],
            "condition": self.condition(), "is_ended": False,
            "action": told["action"] if told["kind"] == RuleKind.ACTION else "",
            "once": told["once"] and told["kind"] == RuleKind.ACTION,
            "is_exclusive": told["is_exclusive"] and told["kind"] == RuleKind.MULTIPLIER,
        }  # fmt: skip
        return values

    def condition(self) -> dict[str, Any]:
        told = self.cleaned_data
        hours, days = (told["hour_from"], told["hour_to"]), (told["first_day"], told["last_day"])
        asked = conditions.Condition(
            categories=tuple(told["categories"]), brands=tuple(sorted(told.get("brand_ids", ()))),
            products=tuple(told["products"]), stores=_numbers(told["stores"]), regions=_numbers(told["regions"]),
            channels=_numbers(told["channels"]), tiers=tuple(told.get("tiers", ())),
            weekdays=_numbers(told["weekdays"]),
            hours=None if None in hours else hours, dates=None if None in days else days,
            birthday_days=told["birthday_days"], is_first=told["is_first"],
            minimum_cents=int((told["minimum"] or 0) * 100),
        )  # fmt: skip
        return conditions.kept(asked)


def category_choices(chosen: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The upper levels of the tree, and whatever is chosen already."""
    rows = Category.objects.order_by("path").values_list("path", "name")
    wanted = set(chosen)
    return [
        (path, "\u2003" * path.count("/") + name)
        for path, name in rows
        if path.count("/") < DEEP or path in wanted
    ]


def _unknown(skus: Iterable[str]) -> str:
    known = set(Product.objects.filter(sku__in=skus).values_list("sku", flat=True)) if skus else set()
    return ", ".join([sku for sku in skus if sku not in known][:5])


def _numbers(values: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted(int(value) for value in values))


def _shown(asked: conditions.Condition) -> dict[str, Any]:
    """A condition as the fields hold it."""
    brands = Brand.objects.filter(pk__in=asked.brands).values_list("name", flat=True) if asked.brands else []
    return {
        "categories": list(asked.categories), "brands": list(brands), "products": list(asked.products),
        "stores": list(asked.stores), "regions": list(asked.regions), "channels": list(asked.channels),
        "tiers": list(asked.tiers), "weekdays": list(asked.weekdays),
        "hour_from": asked.hours[0] if asked.hours else None, "hour_to": asked.hours[1] if asked.hours else None,
        "first_day": asked.dates[0] if asked.dates else None, "last_day": asked.dates[1] if asked.dates else None,
        "birthday_days": asked.birthday_days, "is_first": asked.is_first,
        "minimum": Decimal(asked.minimum_cents) / 100 if asked.minimum_cents else None,
    }  # fmt: skip
