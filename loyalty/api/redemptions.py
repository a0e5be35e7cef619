"""Spending points at a till or in a shop: at once, or held first."""

from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from crm.org.permissions import Permission
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.models import Customer
from loyalty import holds, redeeming, sources
from loyalty.api import till
from loyalty.api.shapes import (
    HOLD_ID,
    MOVEMENT_ID,
    FreedOut,
    HoldIn,
    HoldOut,
    MovedOut,
    PartIn,
    RedemptionIn,
)
from loyalty.families import spending
from loyalty.ledger import Cause, Posted
from loyalty.models import Hold, Kind, Movement, Unit

GONE = {404: "Unknown, or not for this key.", 410: "`erased`."}
SHORT = {409: "`insufficient_points`: less is there. `source_conflict`: booked before with another number."}
LESS = {
    409: "`nothing_left`: less is left of it. `source_conflict`: booked before for something else, or with another"
    " number of points."
}
GIVEN_BACK = {
    409: LESS[409] + " `reward_is_whole`: these points bought a reward. `coupon_used`: its coupon was."
    " `family_is_whole`: they were spent with a family, and go back by `family-redemptions/{id}/reversal/`."
}
EXAMPLE = {
    "customer": "cus_0f3k9w2mxq7t", "points": 30, "source": "pos-12", "external_id": "2026-11-21-000123/1",
    "store": "HARB",
}  # fmt: skip


class Spending(ApiView):
    permission = Permission.REDEEM_POINTS
    scope = KeyScope.POINTS_WRITE
    tag = "points"

    def cause(self, told: Any, store: str | None = None) -> Cause:
        """A number of a sender means one thing for ever."""
        found = till.store_if(store, self.caller)
        return Cause(
            sources.named(told.source, told.external_id),
            now(),
            self.caller,
            store_id=found.pk if found else None,
        )


class Redemptions(Spending):
    """Points that were spent."""

    @endpoint(
        "Redeem points", body=RedemptionIn, answers={201: MovedOut, 200: MovedOut}, problems=GONE | SHORT,
        example=EXAMPLE,
    )  # fmt: skip
    def post(self, told: RedemptionIn) -> Answer:
        """Points that end first are spent first. The same (source, external_id) again: 200 and the same body."""
        number = till.payer_of(told.customer, self.caller)
        unit = Unit[told.unit.upper()]
        done = spending.redeem_alone(number, told.points, self.cause(told, told.store), unit=unit)
        return _moved(done, unit)


class Reversals(Spending):
    """A redemption is given back."""

    parts = {"movement": MOVEMENT_ID}

    @endpoint(
        "Give back a redemption", body=PartIn, answers={201: MovedOut, 200: MovedOut}, problems=GONE | GIVEN_BACK,
        example={"source": "pos-12", "external_id": "2026-11-22-000007"},
    )  # fmt: skip
    def post(self, told: PartIn, movement: str) -> Answer:
        """To the same lots, which keep their ends; a part of it, or all that is left. A reward that these points bought
        is cancelled with them."""
        spent = Movement.objects.filter(pk=Movement.row_id(movement) or 0).first()
        if spent is None or spent.kind not in {Kind.REDEEM, Kind.CAPTURE} or Unit(spent.unit).is_money:
            raise NotFound
        owner = till.owner_of(spent.customer_id, spent.store_id, self.caller, spent.actor)
        done = redeeming.reverse(owner, spent, self.cause(told), points=told.points)
        return _moved(done, Unit(spent.unit))


class Holds(Spending):
    """Points that are set aside while somebody pays."""

    @endpoint("Set points aside", body=HoldIn, answers={201: HoldOut}, problems=GONE | SHORT, example=EXAMPLE)
    def post(self, told: HoldIn) -> Answer:
        """Until they are captured, or released, or the time is over."""
        number = till.payer_of(told.customer, self.caller)
        cause, unit = self.cause(told, told.store), Unit[told.unit.upper()]
        hold = holds.place(number, told.points, cause, lasting=timedelta(seconds=told.seconds), unit=unit)
        customer = Customer(pk=hold.customer_id).public_id
        return Answer(HoldOut(hold.public_id, customer, told.unit, told.points, hold.until), 201)


class _OfHold(Spending):
    parts = {"hold": HOLD_ID}

    def hold(self, text: str) -> Hold:
        found = Hold.objects.select_related("movement").filter(pk=Hold.row_id(text) or 0).first()
        if found is None:
            raise NotFound
        till.owner_of(found.customer_id, found.movement.store_id, self.caller, found.movement.actor)
        return found


class OneHold(_OfHold):
    """A hold."""

    @endpoint("Release a hold", answers={200: FreedOut}, problems=GONE)
    def delete(self, hold: str) -> FreedOut:
        """What is still set aside is free again. Done twice, the second changes nothing."""
        found = self.hold(hold)
        holds.release(found, at=now(), by=self.caller)
        return FreedOut(found.public_id, ended=True)


class Captures(_OfHold):
    """A hold is paid with."""

    @endpoint(
        "Pay with a hold", body=PartIn, answers={201: MovedOut, 200: MovedOut},
        problems=GONE | {409: "`hold_ended`: its points are free again. " + LESS[409]},
        example={"source": "shop", "external_id": "order-9/points"},
    )  # fmt: skip
    def post(self, told: PartIn, hold: str) -> Answer:
        """All of it, or a part: the rest is free at once. The same (source, external_id) again: 200, the same body."""
        found = self.hold(hold)
        done = holds.capture(found, self.cause(told), points=told.points)
        return _moved(done, Unit(found.movement.unit))


def _moved(done: Posted, unit: Unit) -> Answer:
    movement, customer = Movement(pk=done.movement_id).public_id, Customer(pk=done.customer_id).public_id
    body: Any = MovedOut(movement, customer, unit.code, done.points)  # type: ignore[arg-type]
    return Answer(body, 201 if done.is_new else 200)
