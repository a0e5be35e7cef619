"""A customer's consents: where they stand, every word so far, and writing down a new one."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui.pages import page_of
from customers import consents
from customers.consents import Choice, guardians, links, wordings
from customers.consents.cells import NO_CONTACT
from customers.models import Consent, Customer, Guardian
from customers.views import consentshown, consentwords
from customers.views.profile import CustomerView

HOW = {
    "counter": gettext_lazy("In person"),
    "phone": gettext_lazy("By phone"),
    "letter": gettext_lazy("In writing"),
}
MOST_UNDONE = 20


class ConsentView(CustomerView):
    """A page about a customer's consents."""

    def around(self, customer: Customer, title: str) -> dict[str, Any]:
        name = customer.name or customer.public_id
        back = reverse("customers:customer", args=[customer.public_id])
        crumbs = [(_("Customers"), reverse("customers:list")), (name, back)]
        return {"customer": customer, "title": title, "crumbs": crumbs, "back": back}

    def home(self, customer: Customer) -> str:
        return reverse("customers:customer", args=[customer.public_id])


class Consents(ConsentView):
    """Where the customer stands, and every word with when, how and by whom."""

    permission = Permission.VIEW_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        standing = consents.state_of(customer)
        rows = Consent.objects.filter(customer=customer).select_related("wording")
        page = page_of(rows, request, "-occurred_at", size=50)
        context = self.around(customer, _("Consent")) | {
            "grid": consentwords.grid(standing.cells), "standing": standing, "page": page,
            "words": consentwords.of_events(page.rows),
        }  # fmt: skip
        return self.render("customers/consents.html", context)


class ChoiceForm(forms.Form):
    """One choice a cell, with what holds now, or held when the form was shown; only what was changed is recorded."""

    how = forms.ChoiceField(label=gettext_lazy("How they said it"), choices=list(HOW.items()))

    def __init__(self, data: Any, *, standing: consents.Standing, language: str) -> None:
        super().__init__(data)
        self.cells, self.standing = standing.cells, standing
        self.seen = consentshown.read(data or {})
        texts = wordings.current(language)
        for cell, state in self.cells.items():
            shown = self.seen.get(cell) or consentshown.now(state, texts[cell])
            said = [("yes", _("Yes")), ("no", _("No"))]
            choices = said if shown.said else [("", _("Not asked")), *said]
            self.fields[cell.code] = forms.ChoiceField(
                label=cell.label, choices=choices, initial=shown.said, required=False, help_text=shown.text.text,
                widget=forms.RadioSelect,
            )  # fmt: skip
            self.fields[consentshown.name(cell)] = forms.CharField(
                initial=shown.carried, required=False, widget=forms.HiddenInput
            )

    def grid(self) -> consentwords.Grid:
        """The fields in their places."""
        return consentwords.grid({cell: self[cell.code] for cell in self.cells})

    def choices(self) -> list[Choice]:
        """What was changed of what was shown, with the text that was shown."""
        told = [(cell, self.cleaned_data[cell.code], state) for cell, state in self.cells.items()]
        words = [
            consentshown.choice(cell, said, self.seen.get(cell), state) for cell, said, state in told if said
        ]
        return [word for word in words if word]


class Record(ConsentView):
    """GET shows what can be agreed to, in the customer's language; POST writes down what changed."""

    permission = Permission.RECORD_CONSENTS
    template = "customers/consent_record.html"

    def form(self, customer: Customer, data: Any = None) -> ChoiceForm:
        language = customer.language or get_language() or ""
        return ChoiceForm(data, standing=consents.state_of(customer), language=language)

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        context = self.around(customer, _("Record consent")) | {"form": self.form(customer)}
        return self.render(self.template, context)

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        form = self.form(customer, request.POST)

        def work() -> list[int]:
            return consents.record_many(
                customer, form.choices(), source=form.cleaned_data["how"], by=self.staff, at=None,
                store_id=customer.home_store_id,
            )  # fmt: skip

        return self.answer(
            form, work, done=lambda events: _done(self, customer, events),
            context=self.around(customer, _("Record consent")),
        )  # fmt: skip


class Words(ConsentView):
    """DELETE takes words back that were just recorded."""

    permission = Permission.RECORD_CONSENTS

    def delete(self, request: HttpRequest, public_id: str, events: str) -> HttpResponse:
        customer = self.customer(public_id)
        numbers = [int(part) for part in events.split("-") if part.isdecimal() and len(part) < 19]
        known = Consent.objects.filter(customer=customer, pk__in=numbers[:MOST_UNDONE]).values_list(
            "pk", flat=True
        )
        if not (ids := list(known)):
            raise Http404
        try:
            consents.undo(customer.pk, ids, by=self.staff)
            self.say(_("Taken back."))
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        return self.go(self.home(customer))


class DoNotContact(ConsentView):
    """POST: nobody contacts this customer any more, for whatever purpose that needs consent. DELETE lifts it."""

    permission = Permission.RECORD_CONSENTS

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self._say(public_id, False)

    def delete(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self._say(public_id, True)

    def _say(self, public_id: str, may: bool) -> HttpResponse:
        customer = self.customer(public_id)
        choice = Choice(NO_CONTACT, may)
        events = consents.record_many(
            customer, [choice], source="counter", by=self.staff, at=None, store_id=customer.home_store_id
        )
        return self.go(_done(self, customer, events))


def _done(view: ConsentView, customer: Customer, events: list[int]) -> str:
    if events:
        listed = "-".join(map(str, events))
        view.say(_("Written down."), undo=reverse("customers:words", args=[customer.public_id, listed]))
    return view.home(customer)


class GuardianForm(forms.ModelForm):
    class Meta:
        model = Guardian
        fields = ["name", "relation", "verified"]


class GuardianRecord(ConsentView):
    """Who consents for a minor: GET shows the form, POST records them, DELETE ends it."""

    permission = Permission.RECORD_CONSENTS
    template = "customers/guardian.html"

    def context(self, customer: Customer) -> dict[str, Any]:
        known = Guardian.objects.filter(customer=customer).order_by("-confirmed_at", "-pk")
        return self.around(customer, _("Guardian")) | {
            "known": known, "listing": reverse("customers:consents", args=[customer.public_id])
        }  # fmt: skip

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        return self.render(self.template, self.context(customer) | {"form": GuardianForm()})

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        form = GuardianForm(request.POST)
        return self.answer(
            form, lambda: guardians.appoint(customer, **form.cleaned_data, by=self.staff),
            done=reverse("customers:consents", args=[customer.public_id]), context=lambda: self.context(customer),
        )  # fmt: skip

    def delete(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        try:
            guardians.dismiss(customer, by=self.staff)
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        return self.go(reverse("customers:consents", args=[customer.public_id]))


class PreferencesLink(ConsentView):
    """POST: a link with which the customer sets their preferences themselves, as a fragment to copy."""

    permission = Permission.RECORD_CONSENTS

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        path = reverse("customers:preferences", args=[links.preferences_token(customer)])
        address = request.build_absolute_uri(path)
        return self.render(
            "customers/preferences_link.html", {"address": address, "days": links.PREFERENCES_FOR.days}
        )
