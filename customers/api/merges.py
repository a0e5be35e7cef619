"""Merging two customers who are one person, and undoing it."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from django.utils.timezone import now
from msgspec import Meta

from crm.org.permissions import Permission
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import merging
from customers.api import profiles
from customers.api.customers import CUSTOMER_ID
from customers.api.shapes import In
from customers.models import Customer, Merge

MERGE_ID = {"type": "string", "pattern": "^mrg_[0-9a-z]{12}$"}
MOST = 100


class MergeIn(In):
    """`other` goes into the customer of the address."""

    other: Annotated[str, Meta(pattern="^cus_[0-9a-z]{12}$")]
    choices: Annotated[
        dict[str, Literal["survivor", "loser"]],
        Meta(
            description="By field (`name`, `custom.<code>`, `main.phone`), whose value stays.", max_length=200
        ),
    ] = {}
    reason: Annotated[str, Meta(max_length=200)] = ""
    confirmed: Annotated[
        bool, Meta(description="Join them although their identifiers conflict; asks for a reason.")
    ] = False


class MergeOut(msgspec.Struct):
    """`customer` has it all; `merged` is the id that leads there."""

    id: str
    customer: str
    merged: str
    at: datetime
    reason: str
    undone_at: datetime | None


class MergeList(msgspec.Struct):
    results: list[MergeOut]


class _OfCustomer(ApiView):
    permission = Permission.MERGE_CUSTOMERS
    scope = KeyScope.CUSTOMERS_MERGE
    tag = "customers"

    def customer(self, text: str) -> Customer:
        number = Customer.row_id(text)
        seen = profiles.visible_id(number, self.caller) if number is not None else None
        if seen is None:
            raise NotFound
        return Customer.objects.get(pk=seen)


class Merges(_OfCustomer):
    """The merges of a customer."""

    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "List a customer's merges", answers={200: MergeList}, problems={404: "Unknown, or not for this key."}
    )
    def get(self, customer: str) -> MergeList:
        """Newest first, those that were undone too; at most 100."""
        rows = Merge.objects.filter(customer=self.customer(customer)).defer("before").order_by("-pk")[:MOST]
        return MergeList([_out(one) for one in rows])

    @endpoint(
        "Merge another customer into this one",
        body=MergeIn,
        answers={201: MergeOut},
        problems={
            404: "One of the two is unknown, or not for this key.",
            409: "`cannot_merge`; `identifiers_conflict`: two member numbers, or two openids of one app, and nobody"
            " confirmed that it is one person.",
        },
        example={"other": "cus_0f3k9w2mxq7t", "choices": {"name": "loser"}},
    )
    def post(self, told: MergeIn, customer: str) -> Answer:
        """All that the other one owns belongs to this one afterwards; the other's id leads here. Can be undone."""
        survivor, loser = self.customer(customer), self.customer(told.other)
        done = merging.merge(
            survivor, loser, by=self.caller, at=now(), choices=told.choices, reason=told.reason,
            is_confirmed=told.confirmed,
        )  # fmt: skip
        return Answer(_out(done), 201)


class OneMerge(_OfCustomer):
    """A merge that was done."""

    parts = {"customer": CUSTOMER_ID, "merge": MERGE_ID}

    @endpoint(
        "Undo a merge",
        answers={200: MergeOut},
        problems={
            404: "Unknown, or not for this key.",
            409: "`cannot_undo_merge`: undone before, or another merge must be undone first.",
        },
    )
    def delete(self, customer: str, merge: str) -> MergeOut:
        """Both have again what they had. What came in later by an identifier of the other one goes to the other one."""
        found = Merge.objects.filter(customer=self.customer(customer), pk=Merge.row_id(merge) or 0).first()
        if found is None or not Customer.objects.visible_to(self.caller).filter(pk=found.loser_id).exists():
            raise NotFound
        return _out(merging.unmerge(found, by=self.caller, at=now()))


def _out(merge: Merge) -> MergeOut:
    ids = (Customer(pk=merge.customer_id).public_id, Customer(pk=merge.loser_id).public_id)
    return MergeOut(merge.public_id, *ids, merge.merged_at, merge.reason, merge.undone_at)
