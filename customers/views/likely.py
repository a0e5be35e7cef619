"""The warning while somebody types a customer's facts: who this may be already."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers import serving
from customers.matching import engine, facts, words
from customers.matching.engine import Candidate
from customers.models import Customer, IdentityKind
from customers.views.counter import address_of
from customers.views.facts import with_facts

MOST = 4
LONGEST = 200


@dataclass(frozen=True)
class Likely:
    """A candidate as the viewer may see them: all of one's own, what serving takes of others."""

    shown: serving.Serving
    address: str
    candidate: Candidate

    @property
    def reasons(self) -> str:
        return words.speaking(self.candidate.reasons)

    @property
    def conflict(self) -> Any:
        return words.CONFLICTS.get(self.candidate.conflict, "")


class Duplicates(StaffView):
    """POST: customers who may be the person typed, as a fragment. Fields are named as in the forms.

    Of another branch only those are shown who have one of the identifiers typed; of others like the person it is only
    said that there are some. `customer` (a public id) is the one being edited.
    """

    permission = Permission.FIND_CUSTOMERS

    def post(self, request: HttpRequest) -> HttpResponse:
        told, own = told_by(request.POST), self.own(request.POST.get("customer", ""))
        if own:  # what the form does not hold is known
            known = facts.of([own]).get(own)
            told = replace(told, identities=told.identities | (known.identities if known else frozenset()))
        found = engine.candidates(told, limit=MOST, without=[own] if own else [])
        shown, elsewhere = shown_to(self.staff, found)
        return self.render("customers/duplicates.html", {"likely": shown, "elsewhere": elsewhere})

    def own(self, public_id: str) -> int | None:
        row_id = Customer.row_id(public_id)
        return (
            row_id if row_id and Customer.objects.visible_to(self.staff).filter(pk=row_id).exists() else None
        )


def told_by(data: Any) -> facts.Facts:
    """Facts from a form's data; anything unreadable is as if it were not told."""
    identifiers = [
        (kind, value[:LONGEST]) for kind in IdentityKind.values for value in data.getlist(kind) if value
    ]
    plain = {
        name: data.get(name, "").strip()[:LONGEST] for name in ("name", "gender", "address", "household")
    }
    try:
        born = date.fromisoformat(data.get("birthday", ""))
    except ValueError:
        born = None
    return facts.told(identifiers, birthday=born, **plain)


def shown_to(staff: Staff, found: list[Candidate]) -> tuple[list[Likely], int]:
    """Those who may be shown, and how many more there are elsewhere."""
    people = with_facts(one.customer_id for one in found)
    shown, elsewhere = [], 0
    for one in found:
        customer = people[one.customer_id]
        if serving.sees_all(staff, customer):
            shown.append(Likely(serving.serving(customer), address_of(staff, customer), one))
        elif one.is_exact:
            shown.append(Likely(serving.serving(customer), address_of(staff, customer), engine.apart(one)))
        else:
            elsewhere += 1
    return shown, elsewhere
