"""The form of a customer's plain facts. It checks; `profile` changes."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.models import Store
from crm.ui import words
from crm.ui.edits import EditForm
from customers import customfields
from customers.matching import defaults, rules
from customers.matching import words as match_words
from customers.models import Customer, CustomField, FieldKind, MatchRules


class CustomerForm(EditForm, forms.ModelForm):
    class Meta:
        model = Customer
        fields = [
            "name",
            "gender",
            "birthday",
            "age_band",
            "income_band",
            "occupation",
            "household_size",
            "household",
            "household_code",
            "language",
            "address",
            "home_store",
        ]
        widgets = {"birthday": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, data: Any, *, staff: Any, instance: Customer, only: str = "") -> None:
        """`only`: the form of one field, for editing it where it stands."""
        super().__init__(data, instance=instance)
        self.fields["name"].required = True
        stores = Store.objects.visible_to(staff).filter(is_active=True) | Store.objects.filter(
            pk=instance.home_store_id or 0
        )
        self.fields["home_store"].queryset = stores.order_by("name", "pk")  # type: ignore[attr-defined]
        self.fields["home_store"].required = (
            staff.scope().store_ids is not None
        )  # or they would lose sight of them
        self.fields["language"] = forms.ChoiceField(
            label=self.fields["language"].label, required=False, choices=_languages(instance.language)
        )
        self.fields["household_size"] = forms.IntegerField(
            label=self.fields["household_size"].label, required=False, min_value=1, max_value=99,
            error_messages=dict.fromkeys(("min_value", "max_value"), gettext_lazy("A number from 1 to 99.")),
        )  # fmt: skip
        if not only or customfields.is_custom(only):
            for one in customfields.definitions(staff):
                value = instance.custom.get(one.code)
                self.fields[f"{customfields.PREFIX}{one.code}"] = field_of(one, value)
        if only:
            self.fields = {only: self.fields[only]}
        self.name_the_blanks()
        self.carry()

    def clean_birthday(self) -> Any:
        born = self.cleaned_data["birthday"]
        if born and not (timezone.localdate() - timedelta(days=366 * 120) < born <= timezone.localdate()):
            raise forms.ValidationError(gettext_lazy("No living person was born on this day."))
        return born


def field_of(one: CustomField, value: Any) -> forms.Field:
    """The form's field of one of the chain's own, holding `value` (in its ordinary form)."""
    told: dict[str, Any] = {
        "label": one.name, "help_text": one.help, "required": one.is_required, "initial": value
    }  # fmt: skip
    if one.kind == FieldKind.NUMBER:
        return forms.DecimalField(max_digits=16, decimal_places=customfields.PLACES, **told)
    if one.kind == FieldKind.DATE:
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **told)
    if one.kind == FieldKind.FLAG:
        told["initial"] = None if value is None else str(value).lower()
        return forms.ChoiceField(choices=[("", ""), ("true", _("yes")), ("false", _("no"))], **told)
    if one.kind == FieldKind.CHOICE:
        options = one.options()
        if value is not None and value not in options:
            options[value] = one.options(retired=True).get(value, str(value))
        return forms.ChoiceField(choices=[("", ""), *options.items()], **told)
    return forms.CharField(max_length=customfields.LONGEST, **told)


def _languages(now: str) -> list[tuple[str, str]]:
    """Ours, and the one that another system told of this customer."""
    codes = dict.fromkeys(["", *(code for code, _name in settings.LANGUAGES), now])
    return [(code, words.language(code) if code else "") for code in codes]


class MatchRulesForm(EditForm, forms.Form):
    """The points of each outcome, the ways (one a line), the two thresholds."""

    look_at = forms.IntegerField(label=gettext_lazy("Needs a look from"), min_value=1, max_value=100)
    join_at = forms.IntegerField(
        label=gettext_lazy("Join without asking from"),
        required=False,
        help_text=gettext_lazy(
            "Empty: never by points alone. 100 and more is safe only where data is clean."
        ),
    )
    ways = forms.CharField(
        label=gettext_lazy("Ways"),
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line; all parts of a line must hold, as named or stronger."),
    )

    def __init__(self, data: Any, *, now: MatchRules) -> None:
        ways = "\n".join(rules.written(way) for way in now.ways)
        super().__init__(data, initial={"look_at": now.look_at, "join_at": now.join_at, "ways": ways})
        self.now = now
        for field, (speaking_for, against) in defaults.FIELDS.items():
            for outcome in (*speaking_for, *against):
                self.fields[f"{field}-{outcome}"] = forms.IntegerField(
                    label=match_words.reason(field, outcome), min_value=-100, max_value=100,
                    initial=now.points.get(field, {}).get(outcome, 0),
                )  # fmt: skip
        self.carry()

    def groups(self) -> list[tuple[Any, list[Any]]]:
        """(field, its bound fields), for the page."""
        return [
            (match_words.FIELDS[field], [self[f"{field}-{outcome}"] for outcome in (*speaking_for, *against)])
            for field, (speaking_for, against) in defaults.FIELDS.items()
        ]

    def settings(self) -> dict[str, Any]:
        return _as_settings(self.cleaned_data)

    def settings_seen(self) -> dict[str, Any]:
        """The settings that the form was based on."""
        based = self.based_on()
        return _as_settings(based) if len(based) == len(self.fields) else self.now.settings()


def _as_settings(values: dict[str, Any]) -> dict[str, Any]:
    points: dict[str, dict[str, int]] = {}
    for field, (speaking_for, against) in defaults.FIELDS.items():
        points[field] = {outcome: values[f"{field}-{outcome}"] for outcome in (*speaking_for, *against)}
    ways = rules.parsed(values["ways"] or "")
    return {"points": points, "ways": ways, "look_at": values["look_at"], "join_at": values["join_at"]}


class TrialForm(forms.Form):
    """Two customers to try the rules on, by any exact identifier of theirs."""

    one = forms.CharField(label=gettext_lazy("One customer"), max_length=120)
    other = forms.CharField(label=gettext_lazy("Another customer"), max_length=120)
