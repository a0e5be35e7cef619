"""A receipt brought back at the Counter: which one, then all that went back with it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from crm.org.models import Chain
from crm.ui import words
from crm.ui.views import explain
from customers.models import Customer, Purchase
from loyalty import takingback
from loyalty.takingback import Back
from loyalty.views.spending import SpendForm, home_of
from loyalty.views.till import TillView


class Returns(TillView):
    """GET lists the last receipts. POST says what goes back with one and asks; the second brings it back."""

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores = self.customer(customer), self.stores()
        form = SpendForm(
            None, stores=stores, place=request.GET.get("place", ""), store=home_of(owner, stores)
        )
        return self.asked(owner, form)

    def chosen(self, owner: Customer, form: SpendForm) -> Purchase | None:
        """What was touched in the list, or typed or scanned. Nothing goes back by one wrong touch."""
        number, told = (self.request.POST.get(name, "").strip() for name in ("number", "receipt"))
        if told and not number:
            return get_object_or_404(Purchase, customer=owner, pk=Purchase.row_id(told) or 0)
        found = takingback.numbered(owner.pk, number) if number else None
        if found is None:
            form.add_error(
                None, _("There is no such receipt of theirs.") if number else _("Choose the receipt.")
            )
        return found

    def asked(self, owner: Customer, form: SpendForm, status: int = 200) -> HttpResponse:
        receipts = takingback.candidates(owner.pk)
        return self.dialog("loyalty/taking_back.html", owner, status, form=form, receipts=receipts)

    def sure(self, owner: Customer, form: SpendForm, receipt: Purchase) -> HttpResponse:
        """Says what will happen, and that it stays so, before anything does."""
        ahead = takingback.ahead(receipt, timezone.now())
        told = {name: form.cleaned_data[name] for name in ("token", "place")} | {
            "store": str(form.cleaned_data["store"].pk), "receipt": receipt.public_id,
        }  # fmt: skip
        return self.dialog("loyalty/taking_back_sure.html", owner, receipt=receipt, ahead=ahead, told=told)

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner = self.customer(customer)
        form = SpendForm(request.POST, stores=self.stores())
        receipt = self.chosen(owner, form) if form.is_valid() else None
        if receipt is None:
            return self.asked(owner, form, 422)
        told = form.cleaned_data
        if not request.POST.get("is_sure"):
            return self.sure(owner, form, receipt)
        try:
            back = takingback.take_back(
                receipt, token=told["token"], store=told["store"], by=self.staff, at=timezone.now()
            )
        except Refusal as refusal:
            explain(form, refusal)
            return self.asked(owner, form, 409 if refusal.status == 409 else 422)
        owner.__dict__.pop("_glance", None)
        return self.panel(owner, told["place"], said=" ".join(sentences(back)))


def sentences(back: Back) -> list[str]:
    """What came back, and what is owed now."""
    if not back.lines:
        return [_("All of this receipt was brought back before.")]
    said = [_("Taken back: %(money)s.") % {"money": words.money(back.amount, Chain.current().currency)}]
    if back.points:
        said.append(_("Points that it had earned: −%(n)s.") % {"n": words.number(back.points)})
    if back.debt:
        said.append(_("Owed now: %(n)s points.") % {"n": words.number(back.debt)})
    if back.coupons:
        said.append(_("Good again: %(names)s.") % {"names": ", ".join(back.coupons)})
    if back.voided:
        said.append(_("Not good any more: %(names)s.") % {"names": ", ".join(back.voided)})
    if back.tiers[0] != back.tiers[1]:
        said.append(_("Tier: %(before)s → %(after)s.") % {"before": back.tiers[0], "after": back.tiers[1]})
    return said
