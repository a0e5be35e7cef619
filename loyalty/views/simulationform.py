"""The form of a draft: the rules as they hold on a day, each to be changed or left out."""

from datetime import date, timedelta
from typing import Any

import msgspec
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.accrual import rulesets
from loyalty.models import EarningRule, Ending, Programme, RuleKind, Tier, TierScheme
from loyalty.simulation import drafts
from loyalty.simulation.drafts import Draft
from loyalty.views.earning_forms import DayField

OF_PROGRAMME = ("money_per_point", "point_worth", "ending", "ending_count", "cap_receipt", "cap_month")


class DraftForm(forms.Form):
    """What is left as it is does not stand in the draft."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)
    from_on = DayField(label=gettext_lazy("From"))
    to_on = DayField(label=gettext_lazy("To"))
    as_of = DayField(
        label=gettext_lazy("Rules as they hold on"),
        help_text=gettext_lazy("A day to come takes versions that are planned."),
    )
    money_per_point = forms.DecimalField(
        label=gettext_lazy("Spent for one point"), max_digits=12, decimal_places=4
    )
    point_worth = forms.DecimalField(
        label=gettext_lazy("What a point is worth"), max_digits=12, decimal_places=4, required=False
    )
    ending = forms.ChoiceField(label=gettext_lazy("Points end"), choices=Ending.choices)
    ending_count = forms.IntegerField(label=gettext_lazy("Months or years"), min_value=0, max_value=120)
    cap_receipt = forms.IntegerField(
        label=gettext_lazy("Most points of a receipt"), min_value=1, required=False
    )
    cap_month = forms.IntegerField(label=gettext_lazy("Most points of a month"), min_value=1, required=False)
    more = forms.CharField(
        label=gettext_lazy("New rules, as JSON"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, data: Any, *, today: date) -> None:
        self.as_of_day = self._day(data, today)
        book = rulesets.book()
        self.programme = book.programme_on(self.as_of_day) or Programme()
        self.rules = [rule for rule in book.versions_on(self.as_of_day) if rule.kind in rulesets.KINDS]
        scheme = TierScheme.valid_on(self.as_of_day)
        reached = Tier.objects.filter(scheme=scheme, rank__gt=0, is_paid=False).order_by("rank")
        self.tiers = list(reached) if scheme else []
        first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
        super().__init__(data, initial=self._initial(first, today))
        for rule in self.rules:
            label = rule.name
            self.fields[f"on_{rule.code}"] = forms.BooleanField(label=label, required=False, initial=True)
            self.fields[f"gives_{rule.code}"] = forms.IntegerField(
                label=_("Points") if rule.kind == RuleKind.BONUS else _("Percent"),
                min_value=0,
                initial=_gives(rule),
            )
        for tier in self.tiers:
            self.fields[f"tier_{tier.code}"] = forms.IntegerField(
                label=tier.name, min_value=1, initial=tier.threshold
            )

    def _initial(self, first: date, today: date) -> dict[str, Any]:
        kept = {name: getattr(self.programme, name) for name in OF_PROGRAMME}
        kept["money_per_point"] = self.programme.money_per_point.normalize()
        return kept | {"from_on": first, "to_on": today - timedelta(days=1), "as_of": self.as_of_day}

    @staticmethod
    def _day(data: Any, today: date) -> date:
        try:
            return date.fromisoformat((data or {}).get("as_of") or "")
        except ValueError:
            return today

    def rule_rows(self) -> list[tuple[EarningRule, Any, Any]]:
        return [(rule, self[f"on_{rule.code}"], self[f"gives_{rule.code}"]) for rule in self.rules]

    def tier_rows(self) -> list[Any]:
        return [self[f"tier_{tier.code}"] for tier in self.tiers]

    def clean_more(self) -> list[Any]:
        try:
            found = msgspec.json.decode(self.cleaned_data["more"] or "[]")
        except msgspec.DecodeError as error:
            raise forms.ValidationError(str(error)) from error
        if not isinstance(found, list):
            raise forms.ValidationError(_("A list of rules, in square brackets."))
        return found

    def draft(self) -> Draft:
        """Raises DraftInvalid."""
        told = self.cleaned_data
        given: dict[str, Any] = {
            "name": told["name"], "from": told["from_on"], "to": told["to_on"], "as_of": told["as_of"],
            "programme": {
                name: told[name] for name in OF_PROGRAMME if told[name] != getattr(self.programme, name)
            },
            "rules": [*self._rules(), *told["more"]],
            "tiers": {
                tier.code: told[f"tier_{tier.code}"] for tier in self.tiers
                if told[f"tier_{tier.code}"] != tier.threshold
            },
        }  # fmt: skip
        return drafts.read(msgspec.json.encode(given))

    def _rules(self) -> list[dict[str, Any]]:
        found = []
        for rule in self.rules:
            gives = self.cleaned_data[f"gives_{rule.code}"]
            if not self.cleaned_data[f"on_{rule.code}"]:
                found.append({"code": rule.code, "is_off": True})
            elif gives != _gives(rule):
                found.append(
                    {"code": rule.code, "points" if rule.kind == RuleKind.BONUS else "percent": gives}
                )
        return found


def _gives(rule: EarningRule) -> int | None:
    return rule.points if rule.kind == RuleKind.BONUS else rule.percent
