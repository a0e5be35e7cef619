"""Who somebody may be already: the matching engine for other systems."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from crm.org.models import public_id
from crm.org.permissions import Permission
from crm.rest.endpoints import endpoint
from crm.rest.problems import InvalidInput
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import identities, serving
from customers.api.shapes import FactsIn, IdentityIn
from customers.matching import engine, facts
from customers.models import Customer

MOST = 10


class ToldIn(FactsIn, kw_only=True):
    """What is known of the person; identifiers and facts, as many as there are."""

    identities: Annotated[list[IdentityIn], Meta(max_length=10)] = []


class ReasonOut(msgspec.Struct):
    """`points` speak for it (above 0) or against it."""

    field: str
    outcome: str
    points: int


class CandidateOut(msgspec.Struct):
    """`decision`: `join` (surely the same person) or `look` (a person should decide). `conflict`: why not joined."""

    id: str
    name: str
    home_store: str | None
    is_exact: bool
    score: int
    decision: str
    conflict: str
    reasons: list[ReasonOut]


class CandidatesOut(msgspec.Struct):
    """`elsewhere`: how many more there are in branches that the key does not see."""

    results: list[CandidateOut]
    elsewhere: int


class Duplicates(ApiView):
    """Customers who may be the person told."""

    permission = Permission.FIND_CUSTOMERS
    scope = KeyScope.CUSTOMERS_READ
    tag = "customers"
    writes = False

    @endpoint(
        "Find customers who may be this person",
        body=ToldIn,
        answers={200: CandidatesOut},
        example={"name": "Irina Petrova", "birthday": "1990-04-12", "identities": []},
    )
    def post(self, told: ToldIn) -> Any:
        """The surest first, ten at most. Of another branch only those who have one of the identifiers are named,
        without score and reasons that would tell more."""
        found = engine.candidates(_facts(told), limit=MOST)
        people = Customer.objects.select_related("home_store").in_bulk([one.customer_id for one in found])
        seen = {pk for pk, customer in people.items() if serving.sees_all(self.caller, customer)}
        shown = [
            _out(one if one.customer_id in seen else engine.apart(one), people[one.customer_id])
            for one in found
            if one.is_exact or one.customer_id in seen
        ]
        return CandidatesOut(shown, len(found) - len(shown))


def _facts(told: ToldIn) -> facts.Facts:
    for place, one in enumerate(told.identities):
        if not identities.readings(one.kind, one.value):
            raise InvalidInput.at(f"/identities/{place}/value", f"This is no {one.kind}.")
    plain = {
        name: value
        for name in facts.Facts.__dataclass_fields__
        if name != "identities" and (value := getattr(told, name)) is not msgspec.UNSET
    }
    return facts.told([(one.kind, one.value) for one in told.identities], **plain)


def _out(one: engine.Candidate, customer: Customer) -> CandidateOut:
    return CandidateOut(
        id=public_id("cus").encode(one.customer_id),
        name=customer.name,
        home_store=customer.home_store.code if customer.home_store else None,
        is_exact=one.is_exact,
        score=one.score,
        decision=one.decision,
        conflict=one.conflict,
        reasons=[ReasonOut(*reason) for reason in one.reasons],
    )
