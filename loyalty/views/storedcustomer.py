"""Stored value of somebody: what is there, every act, and paying the rest out."""

import secrets
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from crm.audit import trail
from crm.org.models import Store
from crm.org.permissions import Permission
from crm.ui import export
from customers.models import Customer
from customers.views.base import CustomerView
from loyalty import glance, redeeming, storedvalue
from loyalty.ledger import Cause
from loyalty.models import PaidBy, StoredKind, StoredOperation, StoredState
from loyalty.storedvalue import reading, rights, words
from loyalty.storedvalue.cents import money, said
from loyalty.views.words import people_of

MOST = 100_000  # rows of a file


class History(CustomerView):
    """The acts, newest first, with what can be taken back."""

    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, at = self.customer(customer), timezone.now()
        found, after = reading.acts(owner.pk, after=request.GET.get("after", ""))
        back, now = reading.given_back(found), glance.read(owner.pk, at)
        rows = [
            (
                one,
                words.of(one),
                money(abs(one.amount) - back.get(one.pk, 0)) if self._may(one, now, back) else 0,
            )
            for one in found
        ]
        name = owner.name or owner.public_id
        context = {
            "customer": owner, "rows": rows, "after": after, "now": now,
            "people": people_of(one.actor for one in found), "payment": StoredKind.PAYMENT.value,
            "token": secrets.token_hex(16),
            "title": _("Stored value of %(name)s") % {"name": name},
            "crumbs": [
                (_("Customers"), reverse("customers:list")),
                (name, reverse("customers:customer", args=[owner.public_id])),
            ],
            "export": reverse("loyalty:stored-export", args=[owner.public_id]),
        }  # fmt: skip
        return self.render("loyalty/stored_history.html", context)

    def _may(self, act: StoredOperation, now: glance.Glance, back: dict[int, int]) -> bool:
        """A top-up of which less is there than came in was spent: it cannot be undone."""
        is_whole = act.pk not in back and money(act.principal) <= now.stored.principal
        return (act.kind == StoredKind.PAYMENT or is_whole) and rights.may_take_back(self.staff, act, now.at)


class Export(CustomerView):
    """The acts as a file. Goes into the trail."""

    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest, customer: str) -> HttpResponseBase:
        owner = self.customer(customer)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record("stored.export", owner, by=self.staff, details={"format": kind})
        found, _after = reading.acts(owner.pk, limit=MOST)
        header = [
            _("Time"),
            _("What"),
            pgettext("amount", "Paid in"),
            pgettext("stored value", "Bonus"),
            _("Cash"),
            _("Store"),
            _("Receipt number"),
        ]
        rows = (
            (
                one.occurred_at, words.of(one).title, money(one.principal), money(one.bonus), money(one.money),
                one.store.name if one.store else "", one.receipt_number,
            )
            for one in found
        )  # fmt: skip
        return export.download(f"{_('stored-value')}-{owner.public_id}", kind, header, rows)


class PayOutForm(forms.Form):
    how = forms.ChoiceField(label=gettext_lazy("Paid out by"), choices=PaidBy.choices)
    store = forms.ModelChoiceField(
        label=gettext_lazy("Store"), queryset=Store.objects.none(), empty_label=None
    )
    note = forms.CharField(
        label=gettext_lazy("Why?"), max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    token = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, staff: Any, **initial: Any) -> None:
        super().__init__(data, initial={"token": secrets.token_hex(16)} | initial)
        field: Any = self.fields["store"]
        field.queryset = Store.objects.visible_to(staff).order_by("name")


class PayOut(CustomerView):
    """GET says what a pay-out comes to; POST does it, or has it wait for a second person."""

    permission = Permission.REDEEM_POINTS
    template = "loyalty/pay_out.html"

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner = self.customer(customer)
        form = PayOutForm(None, staff=self.staff, store=owner.home_store_id)
        return self.render(self.template, {"form": form} | self.around(owner))

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner = self.customer(customer)
        form = PayOutForm(request.POST, staff=self.staff)
        return self.answer(
            form,
            lambda: self.do(owner, form.cleaned_data),
            done=self.done,
            context=lambda: self.around(owner),
        )

    def do(self, owner: Customer, told: dict[str, Any]) -> StoredOperation:
        source = redeeming.source_of(told["token"])
        cause = Cause(source, timezone.now(), self.staff, told["store"].pk)
        return storedvalue.pay_out(owner.pk, cause, how=told["how"], note=told["note"])

    def done(self, made: StoredOperation) -> str:
        if made.state == StoredState.WAITING:
            self.say(_("That is above your limit of a day: it waits for a second person."))
        else:
            self.say(_("Pay out %(money)s.") % {"money": said(-made.money)})
        return reverse("loyalty:stored", args=[Customer(pk=made.customer_id).public_id])

    def around(self, owner: Customer) -> dict[str, Any]:
        rest = storedvalue.worked_out(owner.pk, at=timezone.now(), by=self.staff)
        name = owner.name or owner.public_id
        parts = {"money": rest.money, "principal": rest.principal, "kept": rest.kept, "taken": rest.taken,
                 "stays": rest.stays}  # fmt: skip
        return {
            "title": _("Pay the rest out"), "rest": {name: money(n) for name, n in parts.items()}, "customer": owner,
            "crumbs": [(name, reverse("loyalty:stored", args=[owner.public_id]))],
        }  # fmt: skip
