"""What may be suggested: categories with a minimum age or left out wholly; the list, one more, one less."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers.models import Category
from segmentation.models import AgeLimit
from segmentation.models.products import NEVER
from segmentation.products import ages
from segmentation.views.goods import around


class AgeForm(forms.Form):
    category = forms.CharField(
        label=gettext_lazy("Category"), max_length=240, widget=forms.TextInput(attrs={"list": "categories"}),
        help_text=gettext_lazy("Its name or path; what stands below it is limited, too."),
    )  # fmt: skip
    minimum_age = forms.IntegerField(
        label=gettext_lazy("From the age of"), min_value=1, max_value=99, initial=18, required=False
    )
    never = forms.BooleanField(
        label=gettext_lazy("Never suggest"), required=False,
        help_text=gettext_lazy("To nobody, whatever their age: as petrol, bags or gift cards."),
    )  # fmt: skip

    def clean_category(self) -> Category:
        told = self.cleaned_data["category"].strip()
        found = Category.objects.filter(path=told).first()
        named = list(Category.objects.filter(name__iexact=told)[:2]) if found is None else [found]
        if len(named) != 1:
            text = (
                _("No category has this name.") if not named else _("Several have this name; give the path.")
            )
            raise forms.ValidationError(text)
        return named[0]

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if told.pop("never", False):
            return told | {"minimum_age": NEVER}
        if told.get("minimum_age") is None and "minimum_age" not in self.errors:
            self.add_error("minimum_age", _("From which age on? Or choose “Never suggest”."))
        return told


class Ages(StaffView):
    """GET shows the limits, POST sets one."""

    permission = Permission.EDIT_TARGETS
    template = "segmentation/ages.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(self.template, self.context() | {"form": AgeForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = AgeForm(request.POST)
        return self.answer(form, lambda: self.keep(**form.cleaned_data), done=self.done, context=self.context)

    def keep(self, category: Category, minimum_age: int) -> AgeLimit:
        return ages.put(category, minimum_age, by=self.staff)

    def done(self, _limit: Any) -> str:
        self.say(_("Kept. It holds at once for what is shown, and from the next night on for the lists."))
        return reverse("segmentation:ages")

    def context(self) -> dict[str, Any]:
        known = Category.objects.filter(parent__parent=None).order_by("path")[:500]
        return around(self, "ages") | {"limits": ages.limits(), "categories": known}


class AgeRemoval(StaffView):
    """POST lifts a limit."""

    permission = Permission.EDIT_TARGETS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        ages.remove(get_object_or_404(AgeLimit.objects.select_related("category"), pk=pk), by=self.staff)
        self.say(_("The limit is gone."))
        return self.go(reverse("segmentation:ages"))
