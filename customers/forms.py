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
from customers.models import Customer, CustomField, FieldKind


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
