"""Editing a customer where the fact stands: one fact, the tags, the contacts.

Each answers with its own part of the page and a notice that takes the change back.
"""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui.views import StaffView, explain
from customers import contacts, customfields, masks, profile, tags
from customers.enrolment import AlreadyEnrolled, InvalidIdentifier
from customers.forms import CustomerForm
from customers.models import Customer, CustomerTag, Identity, IdentityKind, Tag
from customers.views import factsheet, undoing
from customers.views.base import CustomerView


class Fact(CustomerView):
    """One fact. GET: its form (`?show=1`: as it stands); POST saves it."""

    permission = Permission.EDIT_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str, name: str) -> HttpResponse:
        customer = self.customer(public_id)
        context = {"customer": customer, "fact": self.fact(customer, name)}
        if request.GET.get("show"):
            return self.render("customers/fact.html", context)
        return self.render("customers/fact_form.html", context | {"form": self.form(None, customer, name)})

    def post(self, request: HttpRequest, public_id: str, name: str) -> HttpResponse:
        customer = self.customer(public_id)
        fact, was = self.fact(customer, name), _held(customer, name)
        form = self.form(request.POST, customer, name)
        context = {"customer": customer, "fact": fact, "form": form}
        status = 422
        if form.is_valid():
            try:
                changed = profile.change(
                    customer.pk, form.cleaned_data, by=self.staff, based_on=form.based_on()
                )
            except Refusal as refusal:
                explain(form, refusal)
                status = 409 if isinstance(refusal, ChangedMeanwhile) else 422
            else:
                return self.saved(changed, name, was)
        return self.render("customers/fact_form.html", context, status=status)

    def saved(self, customer: Customer, name: str, was: Any) -> HttpResponse:
        fact, now = self.fact(customer, name), _held(customer, name)
        told = {"customer": customer, "fact": fact, "said": "", "undo": ""}
        if now != was:
            told["said"] = _("%(label)s: saved.") % {"label": fact.label}
            told["undo"] = undoing.note(customer, self.staff, "fact", _written(name), was, now)
        return self.render("customers/fact_saved.html", told)

    def fact(self, customer: Customer, name: str) -> factsheet.Fact:
        if name in factsheet.NAMES:
            return factsheet.plain(customer, name, self.staff)
        for field in customfields.definitions(self.staff):
            if f"{customfields.PREFIX}{field.code}" == name:
                return factsheet.custom(customer, field, self.staff)
        raise Http404

    def form(self, data: Any, customer: Customer, name: str) -> CustomerForm:
        form = CustomerForm(data, staff=self.staff, instance=Customer.objects.get(pk=customer.pk), only=name)
        form.fields[name].widget.attrs["autofocus"] = True
        return form


def _written(name: str) -> str:
    return "home_store_id" if name == "home_store" else name


def _held(customer: Customer, name: str) -> Any:
    if customfields.is_custom(name):
        return customer.custom.get(customfields.code_of(name))
    return getattr(customer, _written(name))


class TagsView(CustomerView):
    """A view that answers with the customer's tags."""

    permission = Permission.EDIT_CUSTOMERS

    def shown(self, customer: Customer, status: int = 200, **more: Any) -> HttpResponse:
        held = Tag.objects.filter(pk__in=CustomerTag.objects.filter(customer=customer).values("tag_id"))
        context = {"customer": customer, "tags": held.order_by("name"), **more}
        return self.render("customers/tags.html", context, status=status)


class Tags(TagsView):
    """POST puts one more tag on the customer."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        typed = request.POST.get("name", "")
        try:
            tag, is_new = tags.add(
                customer, typed, by=self.staff, may_create=self.staff.may(Permission.CREATE_TAGS)
            )
        except tags.InvalidTag as refusal:
            return self.shown(customer, status=422, tag_error=str(refusal), tag_typed=typed)
        if not is_new:
            return self.shown(customer)
        undo = undoing.note(customer, self.staff, "untag", tag.pk)
        return self.shown(customer, said=_("Tagged “%(name)s”.") % {"name": tag.name}, undo=undo)


class CustomersTag(TagsView):
    """DELETE takes a tag from the customer."""

    def delete(self, request: HttpRequest, public_id: str, tag: int) -> HttpResponse:
        customer = self.customer(public_id)
        found = get_object_or_404(Tag, pk=tag)
        if not tags.remove(customer, found, by=self.staff):
            return self.shown(customer)
        undo = undoing.note(customer, self.staff, "tag", found.pk)
        return self.shown(customer, said=_("Tag “%(name)s” removed.") % {"name": found.name}, undo=undo)


class TagWords(StaffView):
    """Tags that fit what is being typed, as options."""

    permission = Permission.EDIT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render("customers/tag_words.html", {"names": tags.suggest(request.GET.get("name", ""))})


class ContactForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=IdentityKind.choices)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=190)


class ContactsView(CustomerView):
    """A view that answers with the customer's contacts."""

    permission = Permission.EDIT_CUSTOMERS

    def shown(self, customer: Customer, status: int = 200, **more: Any) -> HttpResponse:
        known = Identity.objects.filter(customer=customer).order_by("kind", "-is_primary", "pk")
        listed = [(one, masks.identifier(self.staff, one.kind, one.value)) for one in known]
        context = {"customer": customer, "identities": listed, **more}
        return self.render("customers/contacts.html", context, status=status)

    def one(self, public_id: str, identity: int) -> tuple[Customer, Identity]:
        customer = self.customer(public_id)
        return customer, get_object_or_404(Identity, pk=identity, customer=customer)


class Contacts(ContactsView):
    """The contacts. GET: with the form for one more (`?show=1`: without); POST adds it."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        form = None if request.GET.get("show") else ContactForm()
        return self.shown(self.customer(public_id), contact_form=form)

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        form, merge_with = ContactForm(request.POST), ""
        if form.is_valid():
            try:
                added = contacts.add(customer, **form.cleaned_data, by=self.staff)
            except AlreadyEnrolled as refusal:
                form.add_error("value", _("Another customer has this already."))
                merge_with = self.merge_with(customer, refusal.customer_id)
            except InvalidIdentifier as refusal:
                form.add_error("value", refusal.faults[0].detail if refusal.faults else str(refusal))
            else:
                undo = undoing.note(customer, self.staff, "unidentify", added.pk)
                return self.shown(
                    customer, said=_("%(kind)s added.") % {"kind": added.get_kind_display()}, undo=undo
                )
        return self.shown(customer, status=422, contact_form=form, merge_with=merge_with)

    def merge_with(self, customer: Customer, other: int) -> str:
        """Where to look at both and merge them, for who may and sees both."""
        found = Customer.objects.visible_to(self.staff).living().filter(pk=other).first()
        if found is None or not self.staff.may(Permission.MERGE_CUSTOMERS):
            return ""
        try:
            return reverse("customers:merge", args=[customer.public_id, found.public_id])
        except NoReverseMatch:
            return reverse("customers:customer", args=[found.public_id])


class Removal(ContactsView):
    """Removing an identifier. GET asks whether to; POST does."""

    def get(self, request: HttpRequest, public_id: str, identity: int) -> HttpResponse:
        customer, one = self.one(public_id, identity)
        context = {
            "customer": customer,
            "one": one,
            "shown": masks.identifier(self.staff, one.kind, one.value),
            "asks": True,
        }
        return self.render("customers/identity.html", context)

    def post(self, request: HttpRequest, public_id: str, identity: int) -> HttpResponse:
        customer, one = self.one(public_id, identity)
        kind = one.get_kind_display()
        try:
            gone = contacts.remove(customer, one, by=self.staff)
        except contacts.LastIdentifier as refusal:
            return self.shown(customer, status=409, said=str(refusal), is_error=True)
        undo = undoing.note(customer, self.staff, "identify", *gone)
        return self.shown(customer, said=_("%(kind)s removed.") % {"kind": kind}, undo=undo)


class MainIdentifier(ContactsView):
    """POST makes an identifier the main one of its kind."""

    def post(self, request: HttpRequest, public_id: str, identity: int) -> HttpResponse:
        customer, one = self.one(public_id, identity)
        before = contacts.make_main(customer, one, by=self.staff)
        if before is None:
            return self.shown(customer)
        undo = undoing.note(customer, self.staff, "main", before.pk)
        said = _("%(kind)s: this is the main one now.") % {"kind": one.get_kind_display()}
        return self.shown(customer, said=said, undo=undo)
