"""Quick enrolment at the Counter: phone and name, what the customer agrees to, fifteen seconds."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from crm.org.models import Store
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers import identities, joining
from customers.consents import wordings
from customers.enrolment import AlreadyEnrolled
from customers.models import Customer, IdentityKind
from customers.views.counter import LONGEST, address_of
from customers.views.invited import InvitedForm


class EnrolForm(InvitedForm):
    """Two required fields; the store only where somebody works for several."""

    phone = forms.CharField(
        label=gettext_lazy("Phone"), max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )  # fmt: skip
    name = forms.CharField(
        label=pgettext_lazy("person", "Name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    birthday = forms.DateField(
        label=gettext_lazy("Birthday"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data: Any = None, *, staff: Any, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        if data is None:  # the cursor waits in the first field that is still empty
            first = "name" if self.initial.get("phone") else "phone"
            self.fields[first].widget.attrs["autofocus"] = True
        self.stores = Store.objects.visible_to(staff).filter(is_active=True).order_by("name")
        own = list(self.stores[:2])
        self.only_store = own[0] if len(own) == 1 else None
        if self.only_store is None:
            self.fields["store"] = forms.ModelChoiceField(self.stores, label=gettext_lazy("Store"))

    def clean_phone(self) -> str:
        if identities.normalised(IdentityKind.PHONE, self.cleaned_data["phone"]) is None:
            words = _("This is no phone number.")
            raise forms.ValidationError(
                identities.fault(IdentityKind.PHONE, self.cleaned_data["phone"], words)
            )
        return str(self.cleaned_data["phone"])

    def clean_birthday(self) -> Any:
        born = self.cleaned_data["birthday"]
        if born and not (born.year >= 1900 and born <= timezone.localdate()):
            raise forms.ValidationError(_("A birthday lies in the past."))
        return born

    def store_id(self) -> int:
        store = self.only_store or self.cleaned_data["store"]
        return int(store.pk)


class Enrol(StaffView):
    """GET shows the form, blank; POST with the Counter's words shows it filled in; POST with a name enrols."""

    permission = Permission.EDIT_CUSTOMERS
    template = "customers/enrol.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(EnrolForm(staff=self.staff))

    def post(self, request: HttpRequest) -> HttpResponse:
        if "q" in request.POST:  # a POST, for a phone number never stands in an address
            words = request.POST["q"].strip()[:LONGEST]
            is_phone = bool(identities.readings(IdentityKind.PHONE, words))
            return self._show(EnrolForm(staff=self.staff, initial={"phone" if is_phone else "name": words}))
        form = EnrolForm(request.POST, staff=self.staff)
        return self.answer(form, lambda: self._enrol(form), done=self._done, context=self._context)

    def _enrol(self, form: EnrolForm) -> tuple[Customer, bool]:
        """The customer, and whether they are new (or were known by their receipts alone)."""
        told = form.cleaned_data
        facts = {"name": told["name"]} | ({"birthday": told["birthday"]} if told["birthday"] else {})
        agreed = self.request.POST.getlist("agree") if self.staff.may(Permission.RECORD_CONSENTS) else []
        try:
            done = joining.join(
                [(IdentityKind.PHONE.value, told["phone"])], agreed, by=self.staff, at=timezone.now(),
                source="counter", store_id=form.store_id(), invited_by=told.get("invited_by", ""), **facts,
            )  # fmt: skip
        except AlreadyEnrolled as refusal:
            return Customer.objects.select_related("home_store").get(pk=refusal.customer_id), False
        return done.customer, True

    def _done(self, result: tuple[Customer, bool]) -> str:
        customer, is_new = result
        if is_new:
            self.say(_("%(name)s is a member now.") % {"name": customer.name})
        else:
            self.say(_("Is a member already: here they are. Nothing was changed."))
        return address_of(self.staff, customer)

    def _show(self, form: EnrolForm) -> HttpResponse:
        return self.render(self.template, self._context() | {"form": form})

    def _context(self) -> dict[str, Any]:
        texts = wordings.current(get_language() or "", joining.asked(with_email=False))
        return {"title": _("Enrol a customer"), "texts": texts, "agreed": self.request.POST.getlist("agree")}
