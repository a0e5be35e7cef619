"""Keeping whom a page lists as a list of its own: it stays as it is when the page shows others tomorrow."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers.models import Customer
from segmentation.models import Segment
from segmentation.segments import lists

LONGEST = 80  # of a name


class KeepForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST)
    about = forms.CharField(label=gettext_lazy("What it is for"), max_length=400, required=False)
    is_shared = forms.BooleanField(
        label=gettext_lazy("For everybody"), required=False, initial=True,
        help_text=gettext_lazy("Without it only you see the segment."),
    )  # fmt: skip


class KeepAsList(StaffView):
    """GET asks for a name, POST makes the list of the viewer's own customers among those that the address names."""

    permission = Permission.EDIT_SEGMENTS
    template = "segmentation/keep.html"

    def dispatch(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request)  # what the address names stands in `kwargs`

    def people(self) -> QuerySet[Customer]:
        raise NotImplementedError

    def name(self) -> str:
        """What is proposed."""
        raise NotImplementedError

    def back(self) -> str:
        raise NotImplementedError

    def get(self, request: HttpRequest) -> HttpResponse:
        form = KeepForm(None, initial={"name": self.name()[:LONGEST]})
        return self.render(self.template, self.around() | {"form": form})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = KeepForm(request.POST)
        return self.answer(form, lambda: self.keep(**form.cleaned_data), done=self.done, context=self.around)

    def keep(self, **told: Any) -> Segment:
        found = list(self.people().order_by("pk").values_list("pk", flat=True)[: lists.MOST + 1])
        if len(found) > lists.MOST:
            raise lists.TooMany(_("A list has at most %(n)d customers.") % {"n": lists.MOST})
        return lists.create(by=self.staff, customers=found, **told)

    def done(self, made: Segment) -> str:
        return reverse("segmentation:segment", args=[made.public_id])

    def around(self) -> dict[str, Any]:
        count = self.people().order_by()[: lists.MOST + 1].count()
        return {"title": _("Keep as a list"), "count": count, "back": self.back(),
                "crumbs": [(_("Segments"), reverse("segmentation:segments"))]}  # fmt: skip
