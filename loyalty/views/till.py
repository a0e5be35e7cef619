"""Points while their owner stands there: what there is, redeeming in two steps, giving back.

The same for one's own customers and for those of another branch, whom a pass opens (docs/decisions/0010). Each answer
is the panel anew, with a notice that takes the redemption back.
"""

import secrets
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.models import Staff, Store
from crm.org.permissions import Permission
from crm.ui import words
from crm.ui.views import explain
from customers import serving
from customers.models import Customer
from customers.views import passes
from customers.views.base import CustomerView
from loyalty import familywords, glance, movementwords, redeeming
from loyalty.families import roster
from loyalty.families.roster import Pool
from loyalty.ledger.refusals import MOST
from loyalty.models import FamilyRedemption, Movement


class RedeemForm(forms.Form):
    points = forms.IntegerField(label=gettext_lazy("Points"), min_value=1, max_value=MOST)
    store = forms.ModelChoiceField(label=gettext_lazy("Store"), queryset=Store.objects.none(), required=False)
    token = forms.CharField(widget=forms.HiddenInput)
    place = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, stores: list[Store], **initial: Any) -> None:
        """`stores`: of whoever spends; with one there is nothing to choose."""
        super().__init__(data, initial=initial)
        if len(stores) < 2:
            del self.fields["store"]
        else:
            field: Any = self.fields["store"]
            field.queryset = stores_in(stores)
            field.empty_label = words.NOTHING
        self.fields["points"].widget.attrs |= {"inputmode": "numeric", "autofocus": True, "data-spends": True}


class TillView(CustomerView):
    """A view that answers with the panel of points."""

    permission = Permission.REDEEM_POINTS

    def panel(
        self, customer: Customer, place: str, status: int = 200, points: int = 0, **said: Any
    ) -> HttpResponse:
        context = panel_of(self.staff, customer, place) | said | {"customer": customer, "spent_now": points}
        return self.render("loyalty/till_answer.html", context, status=status)

    def stores(self) -> list[Store]:
        """Where they may be standing."""
        return list(Store.objects.visible_to(self.staff).order_by("name")[:200])

    def pool(self, owner: Customer) -> Pool:
        if "_pool" not in owner.__dict__:
            owner.__dict__["_pool"] = pool_of(owner)
        found: Pool = owner.__dict__["_pool"]
        return found

    def dialog(self, template: str, owner: Customer, status: int = 200, **more: Any) -> HttpResponse:
        """A question, in the place that the panel has for one."""
        context = panel_of(self.staff, owner, "") | {"customer": owner} | more
        response = self.render(template, context, status=status)
        response["HX-Retarget"] = f"#till-ask-{context['till_key']}"
        response["HX-Reswap"] = "innerHTML"
        return response


class Redemptions(TillView):
    """GET: the form, in a dialog that names what will happen. POST spends, once a form."""

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores = self.customer(customer), self.stores()
        has = glance.of(owner, timezone.now()).points.spendable or self.pool(owner).together
        form = RedeemForm(
            None, stores=stores, points=redeeming.offered(has), token=secrets.token_hex(16),
            place=request.GET.get("place", ""), store=_home(owner, stores),
        )  # fmt: skip
        return self.asked(owner, form)

    def asked(self, owner: Customer, form: RedeemForm, status: int = 200) -> HttpResponse:
        choices, pool = redeeming.choices(glance.of(owner, timezone.now()).points.spendable), self.pool(owner)
        return self.dialog("loyalty/redeem.html", owner, status, form=form, choices=choices, pool=pool)

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        owner, stores = self.customer(customer), self.stores()
        form = RedeemForm(request.POST, stores=stores)
        if not form.is_valid():
            return self.asked(owner, form, 422)
        told = form.cleaned_data
        store = told.get("store") or (stores[0] if len(stores) == 1 else None)
        try:
            done = redeeming.redeem(
                owner.pk, told["points"], token=told["token"], at=timezone.now(), by=self.staff,
                store_id=store.pk if store else None,
            )  # fmt: skip
        except Refusal as refusal:
            explain(form, refusal)
            return self.asked(owner, form, 409 if refusal.status == 409 else 422)
        spent = Movement(pk=done.parts[0].movement_id).public_id
        said = _("Redeemed %(n)s of %(name)s.") % {"n": words.number(done.points), "name": name_of(owner)}
        if done.redemption_id:
            spent = FamilyRedemption(pk=done.redemption_id).public_id
            said += " " + familywords.taken(self.staff, done)
        undo_at = f"{request.path}{spent}/reversal/"
        return self.panel(owner, told["place"], points=done.points, said=said, undo=spent, undo_at=undo_at)


class Reversal(TillView):
    """POST gives a redemption of today back, to the same lots with their ends."""

    def post(self, request: HttpRequest, customer: str, movement: str) -> HttpResponse:
        owner = self.customer(customer)
        if (whole := FamilyRedemption.row_id(movement)) is not None:
            return self._give_family_back(owner, whole, movement, request.POST.get("place", ""))
        number, place = Movement.row_id(movement), request.POST.get("place", "")
        spent = next((one for one in glance.of(owner, timezone.now()).spent if one.id == number), None)
        if spent is None and self._is_given_back(owner, number):
            return self.panel(owner, place, said=_("Given back already."), gone=movement)
        if number is None or spent is None or not redeeming.can_give_back(self.staff, spent):
            raise Http404
        try:
            points = redeeming.give_back(
                owner.pk, number, at=timezone.now(), by=self.staff, store_id=spent.store_id
            )
        except Refusal as refusal:
            return self.panel(owner, place, 409, said=str(refusal), is_error=True)
        owner.__dict__.pop("_glance", None)
        said = _("Given back: %(n)s.") % {"n": words.number(points)}
        return self.panel(owner, place, said=said, gone=movement)

    def _give_family_back(self, owner: Customer, number: int, key: str, place: str) -> HttpResponse:
        whole = FamilyRedemption.objects.filter(customer=owner, pk=number, redeemed_at__gte=today()).first()
        if whole is None or not redeeming.can_give_back(self.staff, whole):
            raise Http404
        try:
            points = redeeming.give_family_back(
                owner.pk, number, at=timezone.now(), by=self.staff, store_id=whole.store_id
            )
        except Refusal as refusal:
            return self.panel(owner, place, 409, said=str(refusal), is_error=True)
        owner.__dict__.pop("_glance", None)
        said = _("Given back to everybody of the family: %(n)s.") % {"n": words.number(points)}
        return self.panel(owner, place, said=said, gone=key)

    def _is_given_back(self, owner: Customer, number: int | None) -> bool:
        return Movement.objects.filter(customer=owner, of=number or 0, kind=movementwords.BACK).exists()


class Served(TillView):
    """For a customer of another branch, whom a pass opens."""

    def customer(self, public_id: str) -> Customer:
        return passes.opened(self.staff, public_id)


class ServedRedemptions(Served, Redemptions):
    pass


class ServedReversal(Served, Reversal):
    pass


def panel_of(staff: Staff, customer: Customer, place: str) -> dict[str, Any]:
    """`place`: "page" for their own page, which says more; anything else is the Counter."""
    now = glance.of(customer, timezone.now())
    own = serving.sees_all(staff, customer)
    return {
        "now": now,
        "place": place,
        "is_page": place == "page" and own,
        "owner": customer,
        "till_key": key_of(customer, own),
        "name": name_of(customer),
        **addresses(staff, customer, own),
        "moves": [(one, movementwords.of(one.kind, one.points)) for one in now.moves] if own else [],
        "spent_today": [
            (one, Movement(pk=one.id).public_id) for one in now.spent if redeeming.can_give_back(staff, one)
        ],
        "together": [
            (one, FamilyRedemption(pk=one.id).public_id)
            for one in now.together
            if redeeming.can_give_back(staff, one)
        ],
        "pool": pool_of(customer) if place != "page" and now.family else None,
    }


def pool_of(customer: Customer) -> Pool:
    """What they can spend with their family; alone, what is theirs. One statement for those in a family."""
    now = glance.of(customer, timezone.now())
    own = now.points.spendable
    return roster.pool(customer.pk, now.family, now.at) if now.family else Pool(0, own)


def today() -> datetime:
    """When the day began, for the reader."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def addresses(staff: Staff, customer: Customer, own: bool) -> dict[str, str]:
    """Where this person redeems points, takes rewards and uses coupons for this customer."""
    key = customer.public_id if own else passes.sealed(staff, customer)
    before = "loyalty:" if own else "loyalty:served-"
    names = (
        "redemptions",
        "prizes",
        "vouchers",
        "missed",
        "topups",
        "payments",
        *(["returns"] if own else []),
    )
    sells = reverse(before + "membership-sales", args=[key])
    return {name: reverse(before + name, args=[key]) for name in names} | {"memberships": sells}


def key_of(customer: Customer, own: bool) -> str:
    """Names the panel on a page. The id of somebody of another branch stands on none."""
    return customer.public_id if own else "served"


def name_of(customer: Customer) -> str:
    return customer.name or _("this customer")


def _home(owner: Customer, stores: list[Store]) -> int | None:
    """The store that is most likely the one they stand in."""
    return next((one.pk for one in stores if one.pk == owner.home_store_id), None)


def stores_in(stores: list[Store]) -> QuerySet[Store]:
    return Store.objects.filter(pk__in=[one.pk for one in stores]).order_by("name")


# --- What stands on the pages of customers --------------------------------------------------------------------------


def on_their_page(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    return panel_of(staff, customer, "page")


def at_the_counter(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    return panel_of(staff, customer, "counter")


def in_hits(staff: Staff, ids: list[int]) -> dict[int, tuple[Any, str]]:
    """Points and tier of each who was found."""
    told = {}
    for pk, line in glance.lines(ids, timezone.now()).items():
        parts = [line.tier] if line.tier else []
        if line.spendable:
            parts.append(_("%(n)s points") % {"n": words.number(line.spendable)})
        if line.soon:
            parts.append(_("%(n)s end soon") % {"n": words.number(line.soon)})
        if parts:
            told[pk] = (" · ".join(parts), "accent" if line.spendable else "")
    return told
