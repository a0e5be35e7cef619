"""Orders as a shop writes them."""

from typing import Any, Literal, cast

import msgspec

from crm.org.permissions import Permission
from crm.rest import bodies
from crm.rest.endpoints import endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.models import Connector
from customers.orders import connecting, presets


class OrderDone(msgspec.Struct):
    """`ignored`: no sale yet. `set_aside`: kept with the reason, to be tried again once the mapping is right."""

    state: Literal["applied", "duplicate", "ignored", "set_aside"]
    reason: str
    detail: str
    receipt: str | None
    returns: list[str]


class Orders(ApiView):
    """Orders of a web shop, read by the connector's mapping."""

    permission = Permission.POST_RECEIPTS
    scope = KeyScope.RECEIPTS_WRITE
    parts = {"connector": {"type": "string", "description": "The connector's code."}}

    @endpoint(
        "Send an order as the shop writes it",
        body=bytes,
        documented=dict[str, Any],
        answers={200: OrderDone},
        problems={404: "No such connector.", 409: "`connector_off`", 422: "`not_an_order`"},
        example=presets.SAMPLE,
    )
    def post(self, body: bytes, connector: str) -> OrderDone:
        """The order becomes a receipt of the shop's store, its refunds become returns. The same again changes nothing;
        the same order with more refunds adds them.
        """
        bodies.check_text(body)
        found = Connector.objects.select_related("store").filter(code=connector).first()
        if found is None or found.store_id not in self.caller.scope():
            raise NotFound("There is no such connector.")
        done = connecting.receive(found, body, by=self.caller)
        state = cast(Literal["applied", "duplicate", "ignored", "set_aside"], done.state)
        return OrderDone(state, done.reason, done.detail, done.receipt, done.returns)
