"""Settings → Customer fields: the fields that the chain defines for itself."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.permissions import Permission, Role
from crm.org.views.base import SettingsView
from crm.ui.edits import EditForm
from customers import customfields, fieldrules
from customers.models import CustomField

FIELDS = (
    "code", "label", "label_zh_hans", "label_zh_hant", "help", "kind", "is_required", "is_personal", "is_listed",
)  # fmt: skip


class FieldForm(EditForm, forms.ModelForm):
    choices = forms.CharField(
        label=gettext_lazy("Choices"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "class": "full"}),
        help_text=gettext_lazy("For a choice: one a line. What you take away stays with who has it."),
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Seen by"),
        required=False,
        choices=[(role.value, role.label) for role in Role if role is not Role.INTEGRATION],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nobody chosen: everybody who sees the customer."),
    )

    class Meta:
        model = CustomField
        fields = FIELDS

    def __init__(self, data: Any, instance: CustomField) -> None:
        super().__init__(data, instance=instance)
        self.before = list(instance.choices)
        self.fields["choices"].initial = fieldrules.lines_of(self.before)
        self.fields["roles"].initial = instance.roles
        if instance.pk:
            del self.fields["code"]
        self.name_the_blanks()
        self.carry()

    def clean_choices(self) -> list[dict[str, Any]]:
        try:
            return fieldrules.choices_of(self.cleaned_data["choices"], self.before)
        except fieldrules.InvalidField as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def based_on(self) -> dict[str, Any]:
        """Choices are told as lines and kept as rows: they are based on what stands there."""
        return {name: value for name, value in super().based_on().items() if name != "choices"}


class FieldsView(SettingsView):
    permission = Permission.MANAGE_ORGANISATION
    tab = "fields"
    template = "org/record.html"

    def around(self, title: str) -> dict[str, Any]:
        lead = _("Customers carry it on their page, in lists, in rules and in the API.")
        return {"title": title, "listing": reverse("customers:fields"), "lead": lead}

    def kept(self, field: CustomField) -> str:
        self.say(_("Saved: %(name)s.") % {"name": field.name})
        return reverse("customers:fields")


class Fields(FieldsView):
    """All fields in their order, with how many customers have a value."""

    def get(self, request: HttpRequest) -> HttpResponse:
        known = customfields.definitions(archived=True)
        rows = [(one, customfields.holders(one.code)) for one in known if one.archived_at is None]
        gone = [one for one in known if one.archived_at is not None]
        return self.render(
            "customers/fields.html", {"rows": rows, "gone": gone, "title": _("Customer fields")}
        )


class NewField(FieldsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(
            self.template, {"form": FieldForm(None, CustomField())} | self.around(_("New field"))
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        form = FieldForm(request.POST, CustomField())

        def create() -> CustomField:
            told = dict(form.cleaned_data)
            return fieldrules.create(told.pop("code"), told, by=self.staff)

        return self.answer(form, create, done=self.kept, context=self.around(_("New field")))


class OneField(FieldsView):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        field = get_object_or_404(CustomField, pk=pk)
        return self.render(self.template, {"form": FieldForm(None, field)} | self.around(field.name))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        field = get_object_or_404(CustomField, pk=pk)
        name = field.name
        form = FieldForm(request.POST, field)
        return self.answer(
            form,
            lambda: fieldrules.change(pk, form.cleaned_data, by=self.staff, based_on=form.based_on()),
            done=self.kept,
            context=self.around(name),
        )


class Archive(FieldsView):
    """POST takes a field out of use; DELETE brings it back."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        field = get_object_or_404(CustomField, pk=pk)
        fieldrules.archive(field, by=self.staff, at=now())
        self.say(
            _("Archived: %(name)s. Its values are kept.") % {"name": field.name},
            undo=reverse("customers:field-archive", args=[pk]),
        )
        return self.go(reverse("customers:fields"))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        field = get_object_or_404(CustomField, pk=pk)
        fieldrules.restore(field, by=self.staff)
        self.say(_("In use again: %(name)s.") % {"name": field.name})
        return self.go(reverse("customers:fields"))


class Move(FieldsView):
    """POST moves a field one place up (`way=up`) or down."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        field = get_object_or_404(CustomField, pk=pk)
        fieldrules.move(field, -1 if request.POST.get("way") == "up" else 1, by=self.staff)
        return self.go(reverse("customers:fields"))
