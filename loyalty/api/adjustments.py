"""Points given or taken by hand, by a system."""

from typing import Annotated, Literal

import msgspec
from django.utils.timezone import now
from msgspec import Meta

from crm.org.permissions import Permission
from crm.rest.endpoints import Answer, endpoint
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api.shapes import In, Source, StoreCode
from customers.models import Customer
from loyalty import adjustments, sources
from loyalty.api import till
from loyalty.api.accounts import customer_of
from loyalty.api.redemptions import GONE
from loyalty.api.shapes import CustomerId, Number
from loyalty.ledger.refusals import MOST
from loyalty.models import Adjustment, AdjustmentState, Movement

EXAMPLE = {
    "customer": "cus_0f3k9w2mxq7t", "points": 200, "reason": "goodwill", "source": "desk", "external_id": "T-1021"
}  # fmt: skip
REFUSED = {
    409: "`insufficient_points`, `source_conflict`; `receipt_known`: its points were given already.",
    422: "`invalid_adjustment`: `errors` names the fields.",
}


class AdjustmentIn(In):
    """`points` below zero are taken. With `receipt_number`, those of a receipt on which nobody was named."""

    customer: CustomerId
    points: Annotated[int, Meta(ge=-MOST, le=MOST)]
    reason: Annotated[str, Meta(min_length=1, max_length=24)]
    source: Source
    external_id: Number
    note: Annotated[str, Meta(max_length=500)] = ""
    receipt_number: Annotated[str, Meta(max_length=120)] = ""
    store: StoreCode | None = None


class AdjustmentOut(msgspec.Struct):
    """`waiting`: above the limit, a second person decides; `movement` is there once it is booked."""

    id: str
    state: Literal["applied", "waiting", "rejected", "undone"]
    points: int
    movement: str | None


class Adjustments(ApiView):
    """Points by hand."""

    permission = Permission.ADJUST_POINTS
    scope = KeyScope.POINTS_WRITE
    tag = "points"

    @endpoint(
        "Adjust points",
        body=AdjustmentIn,
        answers={201: AdjustmentOut},
        problems=GONE | REFUSED,
        example=EXAMPLE,
    )
    def post(self, told: AdjustmentIn) -> Answer:
        """Booked within the limit of systems, else it waits. The same (source, external_id) again answers the same."""
        owner = Customer.objects.get(pk=customer_of(told.customer, self.caller))
        made = adjustments.ask(
            owner, told.points, reason=told.reason, by=self.caller, at=now(), note=told.note,
            source=sources.named(told.source, told.external_id), receipt_number=told.receipt_number,
            store=till.store_if(told.store, self.caller),
        )  # fmt: skip
        return Answer(shape(made), 201)


def shape(made: Adjustment) -> AdjustmentOut:
    movement = Movement(pk=made.movement_id).public_id if made.movement_id else None
    return AdjustmentOut(made.public_id, AdjustmentState(made.state).code, made.points, movement)  # type: ignore[arg-type]
