"""Families: who is in one, coming in and going, spending with it and giving back."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from django.utils.timezone import now

from crm.org.permissions import Permission
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api.customers import CUSTOMER_ID
from customers.api.shapes import In, Source, StoreCode
from customers.models import Customer
from loyalty import redeeming
from loyalty.api.accounts import customer_of
from loyalty.api.redemptions import EXAMPLE, GONE, LESS, SHORT, Spending
from loyalty.api.shapes import CustomerId, Number, PartIn, Points
from loyalty.families import joining, roster, spending
from loyalty.families.returning import GivenBack
from loyalty.families.spending import Spent
from loyalty.models import FamilyRedemption, JoinedBy, Movement

FAMILY_REDEMPTION_ID = {"type": "string", "pattern": "^fam_[0-9a-z]{12}$"}
NOT_IN = {409: "`not_in_a_family`."}


class FamilyMemberOut(msgspec.Struct):
    """`customer` is null for a member whom the key does not see."""

    customer: str | None
    since: datetime
    way: Literal["counter", "code", "api"]
    shares: bool
    head: bool


class FamilyOut(msgspec.Struct):
    """`members` is empty for who is in no family. `together` can be spent with the family; `own` without."""

    customer: str
    own: int
    together: int
    members: list[FamilyMemberOut]


class JoinIn(In):
    """`other`: of whose family, or with whom one begins. `agreed`: both have said yes."""

    other: CustomerId
    agreed: Literal[True]
    shares: bool = True


class SharingIn(In):
    shares: bool


class FamilyRedemptionIn(In):
    customer: CustomerId
    points: Points
    source: Source
    external_id: Number
    store: StoreCode | None = None


class FamilyPartOut(msgspec.Struct):
    """What came from, or went back to, one person's account. `customer` is null for whom the key does not see."""

    customer: str | None
    movement: str
    points: int


class FamilyRedemptionOut(msgspec.Struct):
    """`id` is null where own points were enough: then it is a plain redemption, the one part."""

    id: str | None
    customer: str
    points: int
    parts: list[FamilyPartOut]


class Family(ApiView):
    """A customer's family."""

    permission = Permission.VIEW_LOYALTY
    scope = KeyScope.POINTS_READ
    tag = "points"
    parts = {"customer": CUSTOMER_ID}

    @endpoint("Read a customer's family", answers={200: FamilyOut}, problems=GONE)
    def get(self, customer: str) -> FamilyOut:
        """Who has been in it longest is its head and stands first."""
        return _of(customer_of(customer, self.caller), self.caller)

    @endpoint(
        "Take a customer into another's family", body=JoinIn, answers={201: FamilyOut},
        problems=GONE | {409: "`in_a_family`, `family_full`.", 422: "`family_with_oneself`."},
        permission=Permission.REDEEM_POINTS, scope=KeyScope.POINTS_WRITE,
        example={"other": "cus_0f3k9w2mxq7t", "agreed": True},
    )  # fmt: skip
    def post(self, told: JoinIn, customer: str) -> Answer:
        """Both have to agree. Where the other is in none, the two are a family from now on."""
        number, other = customer_of(customer, self.caller), customer_of(told.other, self.caller)
        joining.join(number, other, way=JoinedBy.API, by=self.caller, at=now(), shares=told.shares)
        return Answer(_of(number, self.caller), 201)

    @endpoint(
        "Leave a family", answers={200: FamilyOut}, problems=GONE | NOT_IN, permission=Permission.REDEEM_POINTS,
        scope=KeyScope.POINTS_WRITE,
    )  # fmt: skip
    def delete(self, customer: str) -> FamilyOut:
        """At once; everybody keeps the own points."""
        number = customer_of(customer, self.caller)
        joining.leave(number, by=self.caller, at=now())
        return _of(number, self.caller)


class FamilySharing(ApiView):
    """Whether the others may spend a customer's points."""

    permission = Permission.REDEEM_POINTS
    scope = KeyScope.POINTS_WRITE
    tag = "points"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "Say whether the others may spend a customer's points", body=SharingIn, answers={200: FamilyOut},
        problems=GONE | NOT_IN, example={"shares": False},
    )  # fmt: skip
    def post(self, told: SharingIn, customer: str) -> FamilyOut:
        """As the customer says; nobody sets it for another."""
        number = customer_of(customer, self.caller)
        joining.share(number, told.shares, by=self.caller, at=now())
        return _of(number, self.caller)


class FamilyRedemptions(Spending):
    """Points that were spent with the family."""

    @endpoint(
        "Redeem points with the family", body=FamilyRedemptionIn,
        answers={201: FamilyRedemptionOut, 200: FamilyRedemptionOut}, problems=GONE | SHORT, example=EXAMPLE,
    )  # fmt: skip
    def post(self, told: FamilyRedemptionIn) -> Answer:
        """Own points first; where they are not enough, those of the others who share, first to end first. The same
        (source, external_id) again: 200 and the same body."""
        number = customer_of(told.customer, self.caller)
        done = spending.redeem(number, told.points, self.cause(told, told.store))
        return _answer(self.caller, done.redemption_id, done, done.customer_id)


class FamilyReversals(Spending):
    """What was spent with the family is given back."""

    parts = {"redemption": FAMILY_REDEMPTION_ID}

    @endpoint(
        "Give back what was spent with the family", body=PartIn,
        answers={201: FamilyRedemptionOut, 200: FamilyRedemptionOut}, problems=GONE | LESS,
        example={"source": "pos-12", "external_id": "2026-11-22-000007"},
    )  # fmt: skip
    def post(self, told: PartIn, redemption: str) -> Answer:
        """To everybody's same lots, whole or in part; of a part the others get theirs first. `parts` are the movements
        by which it came back."""
        whole = FamilyRedemption.objects.filter(pk=FamilyRedemption.row_id(redemption) or 0).first()
        if whole is None:
            raise NotFound
        owner = customer_of(Customer(pk=whole.customer_id).public_id, self.caller)
        back = redeeming.reverse_family(owner, whole.pk, self.cause(told), points=told.points)
        return _answer(self.caller, whole.pk, back, owner)


def _of(number: int, caller: Any) -> FamilyOut:
    seat, at = roster.seat_of(number), now()
    if seat is None:
        own = roster.alone(number, at)
        return FamilyOut(Customer(pk=number).public_id, own, own, [])
    pool, seats = roster.pool(number, seat.family_id, at), list(roster.seats(seat.family_id))
    seen = seen_of(caller, [one.customer_id for one in seats])
    members = [
        FamilyMemberOut(
            seen.get(one.customer_id), one.joined_at, one.way, one.is_sharing, one.pk == seats[0].pk  # type: ignore[arg-type]
        )
        for one in seats
    ]  # fmt: skip
    return FamilyOut(Customer(pk=number).public_id, pool.own, pool.together, members)


def _answer(caller: Any, whole: int, done: Spent | GivenBack, owner: int) -> Answer:
    seen = seen_of(caller, [one.customer_id for one in done.parts])
    parts = [
        FamilyPartOut(seen.get(one.customer_id), Movement(pk=one.movement_id).public_id, one.points)
        for one in done.parts
    ]
    number = FamilyRedemption(pk=whole).public_id if whole else None
    body = FamilyRedemptionOut(number, Customer(pk=owner).public_id, done.points, parts)
    return Answer(body, 201 if done.is_new else 200)


def seen_of(caller: Any, numbers: list[int]) -> dict[int, str]:
    """Public ids of those whom the key sees."""
    rows = Customer.objects.visible_to(caller).filter(pk__in=numbers).values_list("pk", flat=True)
    return {pk: Customer(pk=pk).public_id for pk in rows}
