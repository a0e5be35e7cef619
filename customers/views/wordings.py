"""Settings: the texts that ask for consent, and the age of consent."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.permissions import Permission
from crm.org.views.base import SettingsView
from crm.ui.edits import EditForm
from customers.consents import CELLS, Cell, agerule, wordings
from customers.consents.cells import by_code
from customers.models import Wording


class AgeForm(EditForm, forms.Form):
    adult_at = forms.IntegerField(
        label=gettext_lazy("Age of consent"), min_value=agerule.LEAST, max_value=agerule.MOST,
        help_text=gettext_lazy("Years. Whoever is younger needs a guardian's record, also for what was said before."),
    )  # fmt: skip


class Wordings(SettingsView):
    """All texts in one language; POST changes the age of consent."""

    permission = Permission.EDIT_WORDINGS
    tab = "consent"
    template = "customers/wordings.html"

    def context(self) -> dict[str, Any]:
        asked = self.request.GET.get("in", "")
        language = wordings.spoken_language(asked or self.request.LANGUAGE_CODE)
        rows = [(cell, text) for cell, text in wordings.current(language).items()]
        tabs = [(code, name, code == language) for code, name in settings.LANGUAGES]
        return {"title": _("Consent texts"), "rows": rows, "language": language, "languages": tabs}

    def get(self, request: HttpRequest) -> HttpResponse:
        form = AgeForm(initial={"adult_at": agerule.current()})
        return self.render(self.template, self.context() | {"form": form})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = AgeForm(request.POST)
        return self.answer(
            form, lambda: agerule.change(form.cleaned_data["adult_at"], by=self.staff), done=self.done,
            context=self.context,
        )  # fmt: skip

    def done(self, _age: int) -> str:
        self.say(_("Saved."))
        return reverse("customers:wordings")


class WordingForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Text"), widget=forms.Textarea(attrs={"rows": 4}), max_length=wordings.LONGEST
    )


class WordingRecord(SettingsView):
    """One text with its versions. POST makes a new version; those who agreed to an earlier one agreed to that."""

    permission = Permission.EDIT_WORDINGS
    tab = "consent"
    template = "customers/wording.html"

    def place(self, code: str, language: str) -> tuple[Cell, str]:
        cell = by_code(code)
        if cell not in CELLS or language not in dict(settings.LANGUAGES):
            raise Http404
        assert cell is not None
        return cell, language

    def context(self, cell: Cell, language: str) -> dict[str, Any]:
        versions = Wording.objects.filter(purpose=cell.purpose, channel=cell.channel, language=language)
        listing = f"{reverse('customers:wordings')}?in={language}"
        return {"title": cell.label, "versions": versions.order_by("-version"), "listing": listing}

    def get(self, request: HttpRequest, code: str, language: str) -> HttpResponse:
        cell, language = self.place(code, language)
        now = wordings.current(language, [cell])[cell]
        form = WordingForm(initial={"text": now.text})
        return self.render(self.template, self.context(cell, language) | {"form": form})

    def post(self, request: HttpRequest, code: str, language: str) -> HttpResponse:
        cell, language = self.place(code, language)
        form = WordingForm(request.POST)
        context = self.context(cell, language)
        return self.answer(
            form, lambda: wordings.change(cell, language, form.cleaned_data["text"], by=self.staff),
            done=context["listing"], context=context,
        )  # fmt: skip
