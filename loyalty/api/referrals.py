"""A member's code for friends, and who came by it, in numbers."""

from datetime import date
from typing import Literal

import msgspec
from django.urls import reverse

from crm.org.permissions import Permission
from crm.rest.endpoints import Answer, endpoint
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.models import Customer
from loyalty.api.accounts import customer_of
from loyalty.api.redemptions import GONE
from loyalty.models import Referral, ReferralState
from loyalty.referrals import checks, codes

CUSTOMER_ID = {"type": "string", "pattern": "^cus_[0-9a-z]{12}$"}
REFERRAL_ID = {"type": "string", "pattern": "^ref_[0-9a-z]{12}$"}
StateCode = Literal["waiting", "flagged", "paid", "refused", "cancelled"]


class ReferralOut(msgspec.Struct):
    """A friend who came; `points` are those of the member whose code it was."""

    id: str
    came_on: date
    state: StateCode
    points: int


class ReferralsOut(msgspec.Struct):
    """`code` is null before one was made. `path` is where the link leads, below this site."""

    customer: str
    code: str | None
    path: str | None
    friends: list[ReferralOut]


class Referrals(ApiView):
    """Friends that a member brought along."""

    permission = Permission.VIEW_LOYALTY
    scope = KeyScope.POINTS_READ
    tag = "points"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "Read a member's code for friends, and who came by it", answers={200: ReferralsOut}, problems=GONE
    )
    def get(self, customer: str) -> ReferralsOut:
        """Who the friends are is not told: they are in the lists of their own stores."""
        return _of(customer_of(customer, self.caller))

    @endpoint(
        "Make a member's code for friends", answers={201: ReferralsOut, 200: ReferralsOut}, problems=GONE,
        permission=Permission.REDEEM_POINTS, scope=KeyScope.POINTS_WRITE,
    )  # fmt: skip
    def post(self, customer: str) -> Answer:
        """A member has one; asked again, the same one with 200."""
        number = customer_of(customer, self.caller)
        known = codes.of(number)
        codes.make(number)
        return Answer(_of(number), 200 if known else 201)


def _of(number: int) -> ReferralsOut:
    member = Customer.objects.get(pk=number)
    code = codes.of(number)
    rows = (
        Referral.objects.filter(referrer_id__in=checks.together(member))
        .select_related("terms")
        .order_by("-pk")
    )
    friends = [
        ReferralOut(
            one.public_id, one.came_on, ReferralState(one.state).name.lower(),  # type: ignore[arg-type]
            one.terms.points_referrer if one.state == ReferralState.PAID else 0,
        )
        for one in rows[:200]
    ]  # fmt: skip
    path = reverse("member:invited", args=[code]) if code else None
    return ReferralsOut(member.public_id, codes.shown(code) if code else None, path, friends)
