"""The family of a customer: who is in it, what each shares, whose points went for what; coming in and going."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Fault, Refusal
from crm.org.permissions import Permission
from customers import search
from customers.models import Customer
from customers.views.base import CustomerView
from loyalty import familywords
from loyalty.families import joining, roster
from loyalty.families.refusals import MOST
from loyalty.models import FamilySeat, JoinedBy


class NobodyFound(Refusal):
    code = "nobody_found"

    def __init__(self) -> None:
        words = _("Nobody has exactly this phone, card or member number.")
        super().__init__(words, faults=(Fault("/who", words),))


class JoinForm(forms.Form):
    who = forms.CharField(
        label=gettext_lazy("Phone, card or member number"), max_length=190,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    shares = forms.BooleanField(
        label=gettext_lazy("The others may spend this person’s points"), required=False, initial=True
    )
    agreed = forms.BooleanField(
        label=gettext_lazy("Both stand here and have said yes"),
        error_messages={"required": gettext_lazy("Without the word of both nobody comes into a family.")},
    )


class FamilyRecord(CustomerView):
    """GET shows the family; POST takes somebody in, who stands there and says yes; DELETE lets this customer go."""

    permission = Permission.REDEEM_POINTS
    template = "loyalty/family.html"

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        return self.render(self.template, {"form": JoinForm()} | self.around(self.customer(customer)))

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        person = self.customer(customer)
        form = JoinForm(request.POST)
        return self.answer(
            form, lambda: self.join(person, form), done=lambda _seat: self.back(person),
            context=lambda: self.around(person),
        )  # fmt: skip

    def delete(self, request: HttpRequest, customer: str) -> HttpResponse:
        person = self.customer(customer)
        try:
            joining.leave(person.pk, by=self.staff, at=timezone.now())
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        else:
            self.say(_("They have left the family, with all their points."))
        return self.go(self.back(person))

    def join(self, person: Customer, form: JoinForm) -> FamilySeat:
        found = [hit for hit in search.find(self.staff, form.cleaned_data["who"]) if hit.is_exact]
        if len(found) != 1:
            raise NobodyFound
        shares = form.cleaned_data["shares"]
        who, at = found[0].customer_id, timezone.now()
        seat = joining.join(who, person.pk, way=JoinedBy.COUNTER, by=self.staff, at=at, shares=shares)
        self.say(_("They are a family now."))
        return seat

    def back(self, person: Customer) -> str:
        return reverse("loyalty:family", args=[person.public_id])

    def around(self, person: Customer) -> dict[str, Any]:
        at = timezone.now()
        seat = roster.seat_of(person.pk)
        seats = list(roster.seats(seat.family_id)) if seat else []
        numbers = [one.customer_id for one in seats]
        seen = Customer.objects.visible_to(self.staff).filter(pk__in=numbers)
        keys = {pk: Customer(pk=pk).public_id for pk in seen.values_list("pk", flat=True)}
        names = familywords.of_staff(self.staff, numbers)
        name = person.name or person.public_id
        return {
            "title": _("Family of %(name)s") % {"name": name}, "person": person, "seat": seat, "most": MOST,
            "pool": roster.pool(person.pk, seat.family_id, at) if seat else None,
            "members": [(one, names[one.customer_id], keys.get(one.customer_id, "")) for one in seats],
            "spent": familywords.spent(person.pk, lambda ids: familywords.of_staff(self.staff, ids)),
            "crumbs": [(name, reverse("customers:customer", args=[person.public_id]))],
        }  # fmt: skip


class FamilySharing(CustomerView):
    """POST: whether the others may spend this customer's points, as the customer says."""

    permission = Permission.REDEEM_POINTS

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        person = self.customer(customer)
        shares = request.POST.get("shares") == "yes"
        try:
            joining.share(person.pk, shares, by=self.staff, at=timezone.now())
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        else:
            said = (
                _("The others may spend these points.") if shares else _("Nobody else spends these points.")
            )
            self.say(said)
        return self.go(reverse("loyalty:family", args=[person.public_id]))
