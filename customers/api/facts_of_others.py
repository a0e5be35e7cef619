"""Facts that a provider gives."""

from typing import Annotated, Any

import msgspec
from django.utils import timezone
from msgspec import Meta

from crm.org.permissions import Permission
from crm.rest.endpoints import endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api.events import EventProblem
from customers.api.shapes import In
from customers.models import Provider
from customers.provided import facts
from customers.provided.facts import FactIn

EXAMPLE = {
    "provider": "geo",
    "facts": [
        {
            "kind": "phone", "identifier": "+8613800138000", "name": "household_income", "type": "number",
            "value": "250000", "obtained_on": "2026-03-01", "valid_until": "2027-02-28", "basis": "consent",
            "purpose": "choosing offers",
        },
    ],
}  # fmt: skip


class FactsIn(In):
    provider: Annotated[str, Meta(min_length=1, max_length=32, description="The provider's code.")]
    facts: Annotated[list[dict[str, Any]], Meta(max_length=facts.MOST)]


class FactsShape(In):
    provider: Annotated[str, Meta(min_length=1, max_length=32, description="The provider's code.")]
    facts: Annotated[list[FactIn], Meta(max_length=facts.MOST)]


class FactsDone(msgspec.Struct):
    """`applied` + `unchanged` + `rejected` = facts sent."""

    applied: int
    unchanged: int
    rejected: int
    errors: list[EventProblem]


class ProvidedFacts(ApiView):
    """What others know of customers, with where it comes from and until when it may be used."""

    permission = Permission.EDIT_CUSTOMERS
    scope = KeyScope.CUSTOMERS_WRITE
    tag = "facts"

    @endpoint(
        "Send facts of a provider",
        body=FactsIn,
        documented=FactsShape,
        limit=4 * 1024 * 1024,
        answers={200: FactsDone},
        problems={404: "No such provider.", 409: "`provider_off`"},
        example=EXAMPLE,
    )
    def post(self, sent: FactsIn) -> FactsDone:
        """A fact never replaces what the customer or the chain says: it stands beside it. Of one name the fact that was
        obtained last counts; the same again changes nothing.
        """
        provider = Provider.objects.filter(code=sent.provider).first()
        if provider is None:
            raise NotFound("There is no such provider.")
        done = facts.give(provider, sent.facts, today=timezone.localdate(), by=self.caller)
        errors = [
            EventProblem(wrong.code, f"/facts/{wrong.place}{wrong.pointer}", wrong.detail)
            for wrong in done.errors
        ]
        return FactsDone(done.applied, done.unchanged, done.rejected, errors)
