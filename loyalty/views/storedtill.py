"""Stored value while its owner stands there: topping up, paying, and taking either back."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.ui.views import explain
from customers.models import Customer
from loyalty import redeeming, storedvalue
from loyalty.ledger import Cause
from loyalty.models import PaidBy, StoredKind, StoredOperation
from loyalty.storedvalue import offers, rights, topping
from loyalty.storedvalue.cents import cents, said
from loyalty.views.spending import SpendForm, home_of
from loyalty.views.till import Served, TillView, name_of


class MoneyForm(SpendForm):
    """What both ask: how much, where, on which receipt."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), min_value=Decimal("0.01"), max_digits=12, decimal_places=2,
        widget=forms.NumberInput(
            attrs={"inputmode": "decimal", "step": "0.01", "autofocus": True, "data-amount": True}
        ),
    )  # fmt: skip
    receipt_number = forms.CharField(
        label=gettext_lazy("Receipt number"), required=False, max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


class TopUpForm(MoneyForm):
    how = forms.ChoiceField(label=gettext_lazy("Paid by"), choices=PaidBy.choices, initial=PaidBy.CASH)


class PartForm(forms.Form):
    """What is taken back: all that is left, or a part. `token` makes each part happen once."""

    amount = forms.DecimalField(required=False, min_value=Decimal("0.01"), max_digits=12, decimal_places=2)
    token = forms.CharField(required=False)


class StoredTillView(TillView):
    """A question about an amount in a dialog; the answer is the panel anew, with a notice that takes it back."""

    form_class: ClassVar[type[MoneyForm]]
    template: ClassVar[str]

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores = self.customer(customer), self.stores()
        form = self.form_class(
            None, stores=stores, place=request.GET.get("place", ""), store=home_of(owner, stores)
        )
        return self.asked(owner, form)

    def asked(self, owner: Customer, form: MoneyForm, status: int = 200) -> HttpResponse:
        return self.dialog(self.template, owner, status, form=form, **self.more(owner, form))

    def more(self, owner: Customer, form: MoneyForm) -> dict[str, Any]:
        return {}

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner = self.customer(customer)
        form = self.form_class(request.POST, stores=self.stores())
        if not form.is_valid():
            return self.asked(owner, form, 422)
        told = form.cleaned_data
        try:
            source = redeeming.source_of(told["token"])
            done = self.do(owner, told, Cause(source, timezone.now(), self.staff, told["store"].pk))
        except Refusal as refusal:
            explain(form, refusal)
            return self.asked(owner, form, 409 if refusal.status == 409 else 422)
        undo_at = request.path.rpartition("stored-value/")[0] + f"stored-value/acts/{done.public_id}/undoing/"
        words = self.words(owner, done)
        return self.panel(owner, told["place"], said=words, undo=done.public_id, undo_at=undo_at)

    def do(self, owner: Customer, told: dict[str, Any], cause: Cause) -> StoredOperation:
        raise NotImplementedError

    def words(self, owner: Customer, done: StoredOperation) -> str:
        raise NotImplementedError


class TopUps(StoredTillView):
    """POST: money came in, and the offer gives its bonus."""

    form_class, template = TopUpForm, "loyalty/topup.html"

    def more(self, owner: Customer, form: MoneyForm) -> dict[str, Any]:
        """The offers of the store that is chosen, the smallest first."""
        store = form["store"].value()
        number = int(store) if str(store).isdigit() else None
        asked = topping.asked(owner.pk, 10**12, Cause("shown", timezone.now(), self.staff, number))
        return {"offers": sorted(offers.fitting(asked), key=lambda one: (one.pay, one.code))}

    def do(self, owner: Customer, told: dict[str, Any], cause: Cause) -> StoredOperation:
        amount, number = cents(told["amount"]), told["receipt_number"]
        return storedvalue.top_up(owner.pk, amount, cause, how=told["how"], receipt_number=number)

    def words(self, owner: Customer, done: StoredOperation) -> str:
        told = {"money": said(done.principal), "bonus": said(done.bonus), "name": name_of(owner)}
        if done.bonus:
            return _("%(name)s topped up %(money)s, %(bonus)s bonus on top.") % told
        return _("%(name)s topped up %(money)s.") % told


class Payments(StoredTillView):
    """POST pays from both accounts."""

    form_class, template = MoneyForm, "loyalty/payment.html"

    def do(self, owner: Customer, told: dict[str, Any], cause: Cause) -> StoredOperation:
        return storedvalue.pay(owner.pk, cents(told["amount"]), cause, receipt_number=told["receipt_number"])

    def words(self, owner: Customer, done: StoredOperation) -> str:
        told = {
            "money": said(-done.amount),
            "name": name_of(owner),
            "a": said(-done.principal),
            "b": said(-done.bonus),
        }
        if done.bonus:
            return _("%(name)s paid %(money)s: %(a)s paid in before, %(b)s bonus.") % told
        return _("%(name)s paid %(money)s with stored value.") % told


class TakingBack(TillView):
    """POST takes back what is left of an act: a payment is given back, a top-up undone."""

    def post(self, request: HttpRequest, customer: str, act: str) -> HttpResponse:
        owner, at = self.customer(customer), timezone.now()
        mine = StoredOperation.objects.filter(customer=owner, pk=StoredOperation.row_id(act) or 0)
        first = mine.first()
        if first is None or not rights.may_take_back(self.staff, first, at):
            raise Http404
        form = PartForm(request.POST)
        if not form.is_valid():
            return self.answered(request, owner, _("The amount must be above zero."), is_error=True)
        try:
            words = self.do(owner, first, form.cleaned_data, at)
        except Refusal as refusal:
            return self.answered(request, owner, str(refusal), is_error=True)
        return self.answered(request, owner, words, act)

    def do(self, owner: Customer, first: StoredOperation, told: dict[str, Any], at: datetime) -> str:
        source = redeeming.source_of(told["token"]) if told["token"] else f"{first.public_id}/back"
        cause = Cause(source, at, self.staff, first.store_id)
        if first.kind == StoredKind.TOP_UP:
            undone = storedvalue.undo(owner.pk, first.pk, cause)
            return _("Top-up undone: give %(money)s back.") % {"money": said(-undone.money)}
        amount = cents(told["amount"]) if told["amount"] else None
        done = storedvalue.refund(owner.pk, first.pk, cause, amount=amount)
        return _("Given back: %(money)s.") % {"money": said(done.amount)}

    def answered(
        self, request: HttpRequest, owner: Customer, words: str, gone: str = "", *, is_error: bool = False
    ) -> HttpResponse:
        """The panel; or, where it was asked from the page of its history, that page."""
        if request.POST.get("from") == "history":
            self.say(words, error=is_error)
            return self.go(reverse("loyalty:stored", args=[owner.public_id]))
        owner.__dict__.pop("_glance", None)
        status = 409 if is_error else 200
        place = request.POST.get("place", "")
        return self.panel(owner, place, status, said=words, gone=gone, is_error=is_error)


class ServedTopUps(Served, TopUps):
    pass


class ServedPayments(Served, Payments):
    pass


class ServedTakingBack(Served, TakingBack):
    pass
