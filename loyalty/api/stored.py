"""Stored value at a till or in a shop: topping up, paying, giving back. Amounts are money, as text."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from django.utils.timezone import now
from msgspec import Meta

from crm.org.permissions import Permission
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api.customers import CUSTOMER_ID
from customers.api.shapes import IdentityIn, In, Source, StoreCode
from customers.models import Customer
from loyalty import accounts, sources, storedvalue
from loyalty.api import till
from loyalty.api.accounts import customer_of
from loyalty.api.redemptions import GONE
from loyalty.api.shapes import CustomerId, Number
from loyalty.ledger import Cause
from loyalty.models import StoredKind, StoredOperation, Unit
from loyalty.storedvalue.cents import cents, money
from loyalty.storedvalue.topping import Offered

Money = Annotated[
    str, Meta(pattern=r"^\d{1,10}(\.\d{1,2})?$", description="In the chain's currency, above zero.")
]
How = Literal["cash", "card", "wechat", "alipay", "transfer", "other"]
ACT_ID = {"type": "string", "pattern": "^sto_[0-9a-z]{12}$"}
EXAMPLE = {
    "customer": "cus_0f3k9w2mxq7t", "amount": "500.00", "source": "pos-12", "external_id": "2026-11-21-000123/t",
    "store": "HARB",
}  # fmt: skip
CONFLICT = "`source_conflict`: the same number was something else before. "
NO_TOP_UP = {
    409: CONFLICT
    + "`stored_not_open`, `top_up_too_large`, `balance_too_large`, `offer_unfit`: the chain does not take it."
}
SHORT = {409: CONFLICT + "`insufficient_stored_value`: less is there."}
LESS = {409: CONFLICT + "`nothing_left`: less of it is left."}
SPENT = {409: CONFLICT + "`top_up_spent`, `top_up_undone`."}


class TopUpIn(In):
    """`offer` empty: no bonus; left out: the best that fits."""

    customer: IdentityIn | CustomerId
    amount: Money
    source: Source
    external_id: Number
    how: How
    store: StoreCode | None = None
    offer: Annotated[str, Meta(max_length=40)] | None = None
    receipt_number: Annotated[str, Meta(max_length=120)] = ""


class PaymentIn(In):
    customer: IdentityIn | CustomerId
    amount: Money
    source: Source
    external_id: Number
    store: StoreCode | None = None
    receipt_number: Annotated[str, Meta(max_length=120)] = ""


class RefundIn(In):
    """A part, or all that is left of it."""

    source: Source
    external_id: Number
    amount: Money | None = None


class UndoingIn(In):
    source: Source
    external_id: Number


class ActOut(msgspec.Struct):
    """`principal` and `bonus` are changes of what they have, `money` cash that comes in or, below zero, goes out."""

    id: str
    customer: str
    kind: Literal["top_up", "payment", "refund", "pay_out", "undo"]
    principal: str
    bonus: str
    money: str
    offer: str | None
    occurred_at: datetime


class StoredOut(msgspec.Struct):
    """What can be paid with."""

    customer: str
    principal: str
    bonus: str
    total: str


class Balances(ApiView):
    """What a customer can pay with."""

    permission = Permission.VIEW_LOYALTY
    scope = KeyScope.POINTS_READ
    tag = "stored value"
    parts = {"customer": CUSTOMER_ID}

    @endpoint("Read a customer's stored value", answers={200: StoredOut}, problems=GONE)
    def get(self, customer: str) -> StoredOut:
        """Principal is what was paid in, bonus what was given on top."""
        number = customer_of(customer, self.caller)
        found = accounts.of(number, now())
        principal, bonus = (
            found[unit].spendable if unit in found else 0 for unit in (Unit.STORED, Unit.BONUS)
        )
        told = [f"{money(n):.2f}" for n in (principal, bonus, principal + bonus)]
        return StoredOut(Customer(pk=number).public_id, *told)


class _Acting(ApiView):
    permission = Permission.REDEEM_POINTS
    scope = KeyScope.POINTS_WRITE
    tag = "stored value"

    def cause(self, told: Any, store_id: int | None = None) -> Cause:
        """A number of a sender means one thing for ever. `store_id`: where it is not told."""
        found = till.store_if(getattr(told, "store", None), self.caller)
        return Cause(
            sources.named(told.source, told.external_id),
            now(),
            self.caller,
            store_id=found.pk if found else store_id,
        )

    def act(self, text: str, kind: StoredKind) -> StoredOperation:
        found = StoredOperation.objects.filter(pk=StoredOperation.row_id(text) or 0, kind=kind).first()
        if found is None:
            raise NotFound
        till.owner_of(found.customer_id, found.store_id, self.caller, found.actor)
        return found


class TopUps(_Acting):
    """Money that is paid in."""

    @endpoint(
        "Top up", body=TopUpIn, answers={201: ActOut}, problems=GONE | NO_TOP_UP, example=EXAMPLE | {"how": "card"}
    )  # fmt: skip
    def post(self, told: TopUpIn) -> Answer:
        """The offer gives its bonus. The same (source, external_id) again answers the same."""
        number = till.payer_of(told.customer, self.caller)
        done = storedvalue.top_up(
            number, _cents(told.amount), self.cause(told), how=told.how,
            receipt_number=told.receipt_number, offer=Offered(told.offer),
        )  # fmt: skip
        return _told(done)


class Payments(_Acting):
    """What is paid with stored value."""

    @endpoint(
        "Pay with stored value", body=PaymentIn, answers={201: ActOut}, problems=GONE | SHORT, example=EXAMPLE
    )
    def post(self, told: PaymentIn) -> Answer:
        """From principal and bonus, by the order that the chain has published. The same again answers the same."""
        number = till.payer_of(told.customer, self.caller)
        cause = self.cause(told)
        return _told(storedvalue.pay(number, _cents(told.amount), cause, receipt_number=told.receipt_number))


class Refunds(_Acting):
    """A payment is given back."""

    parts = {"act": ACT_ID}

    @endpoint(
        "Give back a payment", body=RefundIn, answers={201: ActOut}, problems=GONE | LESS,
        example={"source": "pos-12", "external_id": "2026-11-22-000007", "amount": "20.00"},
    )  # fmt: skip
    def post(self, told: RefundIn, act: str) -> Answer:
        """To the same lots with their ends; a part, or all that is left. Parts add up to the payment exactly."""
        first = self.act(act, StoredKind.PAYMENT)
        amount = None if told.amount is None else _cents(told.amount)
        return _told(
            storedvalue.refund(first.customer_id, first.pk, self.cause(told, first.store_id), amount=amount)
        )


class Undoings(_Acting):
    """A top-up made in error."""

    parts = {"act": ACT_ID}

    @endpoint(
        "Undo a top-up", body=UndoingIn, answers={201: ActOut}, problems=GONE | SPENT,
        example={"source": "pos-12", "external_id": "2026-11-22-000008"},
    )  # fmt: skip
    def post(self, told: UndoingIn, act: str) -> Answer:
        """While nothing of it is spent. Its bonus goes with it."""
        first = self.act(act, StoredKind.TOP_UP)
        return _told(storedvalue.undo(first.customer_id, first.pk, self.cause(told, first.store_id)))


def _cents(text: str) -> int:
    return cents(Decimal(text))


def _told(done: StoredOperation) -> Answer:
    offer = done.offer.code if done.offer else None
    amounts = [f"{money(n):.2f}" for n in (done.principal, done.bonus, done.money)]
    customer = Customer(pk=done.customer_id).public_id
    kind: Any = StoredKind(done.kind).code
    body = ActOut(done.public_id, customer, kind, amounts[0], amounts[1], amounts[2], offer, done.occurred_at)
    return Answer(body, 201)
