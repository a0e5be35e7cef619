"""Memberships that are bought: what somebody has and can have, buying, giving back."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

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
from loyalty import sources
from loyalty.api import till
from loyalty.api.accounts import customer_of
from loyalty.api.redemptions import GONE
from loyalty.api.shapes import CustomerId, Number
from loyalty.api.stored import How
from loyalty.ledger import Cause
from loyalty.models import Membership, MembershipSale
from loyalty.tiers import agents, default_tier, keeping, memberships

SALE_ID = {"type": "string", "pattern": "^mem_[0-9a-z]{12}$"}
Price = Annotated[str, Meta(pattern=r"^\d{1,10}(\.\d{1,2})?$", description="In the chain's currency.")]
NO_SALE = {
    409: "`source_conflict`: the same number was something else before. `not_for_sale`, `price_changed`,"
    " `membership_runs`, `too_early`: more than ten years run already."
}
NO_REFUND = {409: "`refund_too_late`, `not_the_last`: bought again since."}


class MembershipIn(In):
    """`price`: what the till asked for; another one by now is refused."""

    customer: IdentityIn | CustomerId
    tier: Annotated[str, Meta(max_length=24)]
    source: Source
    external_id: Number
    how: How
    store: StoreCode | None = None
    price: Price | None = None
    receipt_number: Annotated[str, Meta(max_length=120)] = ""


class RefundOfMembershipIn(In):
    note: Annotated[str, Meta(max_length=500)] = ""


class SaleOut(msgspec.Struct):
    """`begins_on` and `ends_on` are days that it holds on. `renews`: it continues another one."""

    id: str
    customer: str
    tier: str
    price: str
    begins_on: date
    ends_on: date
    renews: bool
    sold_at: datetime
    returned_at: datetime | None


class MembershipOfferOut(msgspec.Struct):
    tier: str
    price: str
    begins_on: date
    ends_on: date
    renews: bool


class AgentOut(msgspec.Struct):
    """A member of staff, by the employee number."""

    code: str
    name: str


class StandsOut(msgspec.Struct):
    """The tier as it stands, what of it is bought and until when, what is for sale, and whom the member can turn to."""

    customer: str
    tier: str
    kept_until: date | None
    bought: str | None
    bought_until: date | None
    grace_until: date | None
    offers: list[MembershipOfferOut]
    agent: AgentOut | None


class Memberships(ApiView):
    """The tier of a customer, and what they can buy."""

    permission = Permission.VIEW_LOYALTY
    scope = KeyScope.POINTS_READ
    tag = "memberships"
    parts = {"customer": CUSTOMER_ID}

    @endpoint("Read a customer's membership", answers={200: StandsOut}, problems=GONE)
    def get(self, customer: str) -> StandsOut:
        """While one that was bought runs, only that one is for sale again: it continues where that ends."""
        number, on = customer_of(customer, self.caller), keeping.today(now())
        kept = Membership.objects.filter(customer=number).first()
        offers = [
            MembershipOfferOut(one.tier.code, f"{one.tier.price:.2f}", one.begins_on, one.ends_on, one.renews)
            for one in memberships.offers(kept, on)
        ]
        person = agents.of(number)
        agent = AgentOut(person.code, person.name) if person else None
        told = Customer(pk=number).public_id
        if kept is None:
            return StandsOut(told, default_tier(on), None, None, None, None, offers, agent)
        return StandsOut(
            told, kept.tier, kept.keep_until, kept.paid_tier or None, kept.paid_until, kept.grace_until, offers, agent
        )  # fmt: skip


class Sales(ApiView):
    """Memberships that are bought."""

    permission = Permission.REDEEM_POINTS
    scope = KeyScope.POINTS_WRITE
    tag = "memberships"

    @endpoint(
        "Sell a membership", body=MembershipIn, answers={201: SaleOut}, problems=GONE | NO_SALE,
        example={
            "customer": "cus_0f3k9w2mxq7t", "tier": "club", "source": "pos-12", "external_id": "2026-11-21-000123/m",
            "how": "card", "store": "HARB", "price": "99.00",
        },
    )  # fmt: skip
    def post(self, told: MembershipIn) -> Answer:
        """From today, or from where the one that runs ends. The same (source, external_id) again answers the same."""
        number, store = till.payer_of(told.customer, self.caller), till.store_if(told.store, self.caller)
        cause = Cause(
            sources.named(told.source, told.external_id), now(), self.caller, store.pk if store else None
        )
        price = Decimal(told.price) if told.price is not None else None
        sale = memberships.sell(
            number, told.tier, cause, how=told.how, receipt_number=told.receipt_number, price=price
        )
        return Answer(_told(sale), 201)


class Refunds(ApiView):
    """A membership is given back."""

    permission = Permission.REDEEM_POINTS
    scope = KeyScope.POINTS_WRITE
    tag = "memberships"
    parts = {"sale": SALE_ID}

    @endpoint(
        "Give a membership back", body=RefundOfMembershipIn, answers={201: SaleOut}, problems=GONE | NO_REFUND,
        example={"note": "changed their mind"},
    )  # fmt: skip
    def post(self, told: RefundOfMembershipIn, sale: str) -> Answer:
        """The whole price, within the days that the tiers' version says. What stood before stands again."""
        first = MembershipSale.objects.filter(pk=MembershipSale.row_id(sale) or 0).first()
        if first is None:
            raise NotFound
        if first.store_id is not None and first.store_id not in self.caller.scope():
            raise NotFound  # the money goes back where it came in
        owner = till.owner_of(first.customer_id, first.store_id, self.caller, first.actor)
        done = memberships.give_back(owner, first.pk, at=now(), by=self.caller, note=told.note)
        return Answer(_told(done), 201)


def _told(sale: MembershipSale) -> SaleOut:
    return SaleOut(
        sale.public_id, Customer(pk=sale.customer_id).public_id, sale.tier, f"{sale.price:.2f}", sale.begins_on,
        sale.ends_on, sale.renews, sale.sold_at, sale.returned_at,
    )  # fmt: skip
