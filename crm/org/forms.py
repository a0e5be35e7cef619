"""Forms of the administration pages. They check; `administration` changes."""

import re
from collections.abc import Container, Mapping
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from crm.lib import normalise
from crm.org import countries
from crm.org.models import Chain, Department, Region, Staff, Store
from crm.org.permissions import Role
from crm.ui.edits import EditForm

WEEKDAYS = {
    "mon": _("Monday"),
    "tue": _("Tuesday"),
    "wed": _("Wednesday"),
    "thu": _("Thursday"),
    "fri": _("Friday"),
    "sat": _("Saturday"),
    "sun": _("Sunday"),
}
_SPAN = re.compile(r"^\s*([0-9]{1,2}):([0-5][0-9])\s*[-–—~至]\s*([0-9]{1,2}):([0-5][0-9])\s*$")
ZONE = forms.TextInput(attrs={"list": "zones", "autocomplete": "off"})


class RecordForm(EditForm, forms.ModelForm):
    """A record's form; what it is based on counts only where there is a record."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.complete()
        self.name_the_blanks()
        if self.instance.pk:
            self.carry()

    def complete(self) -> None:
        """The fields that the model alone does not bring."""

    def values(self) -> dict[str, Any]:
        """What `administration.keep` takes."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class ChainForm(RecordForm):
    class Meta:
        model = Chain
        fields = ["name", "currency", "timezone", "country", "more_countries"]
        widgets = {"timezone": ZONE}

    def clean_currency(self) -> str:
        from babel.core import get_global
        from babel.numbers import get_territory_currencies

        in_use = {
            code for place in get_global("territory_currencies") for code in get_territory_currencies(place)
        }
        return _one_of(in_use, self.cleaned_data["currency"], _("Three letters, such as CNY."))

    def clean_country(self) -> str:
        from phonenumbers import SUPPORTED_REGIONS

        return _one_of(SUPPORTED_REGIONS, self.cleaned_data["country"], _("Two letters, such as CN."))

    def clean_more_countries(self) -> str:
        from phonenumbers import SUPPORTED_REGIONS

        told = countries.listed(self.cleaned_data["more_countries"])
        wrong = _("Two letters each, with commas between, such as CN, HK.")
        return ", ".join(dict.fromkeys(_one_of(SUPPORTED_REGIONS, one, wrong) for one in told))


def _one_of(known: Container[str], text: str, sentence: Any) -> str:
    text = text.strip().upper()
    if text not in known:
        raise forms.ValidationError(sentence)
    return text


class RegionForm(RecordForm):
    class Meta:
        model = Region
        fields = ["name", "code"]


class DepartmentForm(RecordForm):
    class Meta:
        model = Department
        fields = ["name", "code", "store"]


class OpeningHours(forms.CharField):
    """One weekday: "9:00-13:00, 15:00-21:00"; empty is closed; a span may end after midnight."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False, widget=forms.TextInput(attrs={"placeholder": "09:00-21:00"}), **kwargs
        )

    def prepare_value(self, value: Any) -> Any:
        return ", ".join("-".join(span) for span in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[list[str]]:
        spans = []
        for part in re.split(r"[,，;；]", super().clean(value)):
            if not part.strip():
                continue
            found = _SPAN.match(normalise.plain(part))
            opens, closes = (f"{found[at].zfill(2)}:{found[at + 1]}" for at in (1, 3)) if found else ("", "")
            if not (opens < "24:00" and closes <= "24:00" and opens != closes):
                raise forms.ValidationError(_("Write times like 09:00-21:00."))
            spans.append([opens, closes])
        return spans


class StoreForm(RecordForm):
    class Meta:
        model = Store
        fields = ["name", "code", "region", "timezone", "is_online"]
        widgets = {"timezone": ZONE}

    def complete(self) -> None:
        hours = self.instance.opening_hours or {}
        for day, label in WEEKDAYS.items():
            self.fields[day] = OpeningHours(label=label, initial=hours.get(day, []))

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[day] for day in WEEKDAYS]

    @property
    def basics(self) -> list[forms.BoundField]:
        return [self[name] for name in self.Meta.fields]

    def values(self) -> dict[str, Any]:
        """What `administration.keep` takes. Entering a stub makes it a store like any other."""
        hours = {day: self.cleaned_data[day] for day in WEEKDAYS if self.cleaned_data[day]}
        return super().values() | {"opening_hours": hours, "is_stub": False}

    def based_on(self) -> dict[str, Any]:
        """The week is one thing: nobody's Monday is joined with somebody else's Tuesday."""
        seen = super().based_on()
        days = {day: seen.pop(day) for day in WEEKDAYS if day in seen}
        return (
            seen | {"opening_hours": {day: spans for day, spans in days.items() if spans}} if days else seen
        )

    def places(self, now: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
        name = "opening_hours"
        week = {day: (name, now[name].get(day, [])) for day in WEEKDAYS} if name in now else {}
        return super().places(now) | week


class StaffForm(RecordForm):
    username = forms.CharField(
        label=_("Name at sign-in"), max_length=150, help_text=_("Letters, digits and . _ - only.")
    )

    class Meta:
        model = Staff
        fields = ["name", "code", "role", "region", "stores", "department"]
        widgets = {"stores": forms.CheckboxSelectMultiple}
        help_texts = {
            "region": _("For a regional manager: all stores of this region."),
            "stores": _("For clerks, agents and store managers: what they see."),
        }

    def complete(self) -> None:
        self.order_fields(["name", "username", "code", "role", "region", "department", "stores"])
        self.fields["stores"].queryset = Store.objects.filter(is_active=True).only("name")  # type: ignore[attr-defined]
        self.fields["stores"].widget.attrs["class"] = "full"
        if self.instance.pk:
            del self.fields["username"]
        else:  # keys of other systems are made on their own page
            self.fields["role"].choices = [("", "---------"), *Role.choices[:-1]]  # type: ignore[attr-defined]

    def clean_username(self) -> str:
        name = str(self.cleaned_data["username"]).strip()
        get_user_model().username_validator(name)
        if get_user_model().objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("Somebody signs in with this name already."))
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        role = values.get("role")
        if role == Role.REGIONAL_MANAGER and not values.get("region"):
            self.add_error("region", _("A regional manager needs a region."))
        if role in (Role.CLERK, Role.AGENT, Role.STORE_MANAGER) and not values.get("stores"):
            self.add_error(
                "stores", _("Choose at least one store: this role sees the customers of its stores.")
            )
        return values


class StoreFilter(forms.Form):
    q = forms.CharField(
        label=_("Name or code"), required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    region = forms.ModelChoiceField(Region.objects, label=_("Region"), required=False, empty_label=_("All"))
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("All")),
            ("open", _("Open")),
            ("closed", _("Closed")),
            ("stub", _("Not entered yet")),
        ],
    )


class StaffFilter(forms.Form):
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("All")), *Role.choices])
    store = forms.ModelChoiceField(
        Store.objects.only("name"), label=_("Store"), required=False, empty_label=_("All")
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Works here")), ("left", _("Left")), ("all", _("All"))],
    )
