"""What members do apart from buying, as other systems tell it."""

from typing import Annotated

import msgspec
from django.utils.timezone import now

from crm.org.permissions import Permission
from crm.rest.endpoints import Answer, endpoint
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api.shapes import In, Source, StoreCode
from customers.models import Customer
from loyalty import actions, sources
from loyalty.api import till
from loyalty.api.accounts import customer_of
from loyalty.api.redemptions import GONE
from loyalty.api.shapes import CustomerId, Number
from loyalty.models import Action

ActionCode = Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(Action.values)})$")]


class ActionIn(In):
    """Something that a member did. (`source`, `external_id`) names it for ever."""

    customer: CustomerId
    action: ActionCode
    source: Source
    external_id: Number
    store: StoreCode | None = None


class RuleOut(msgspec.Struct):
    rule: str
    points: int


class ActionOut(msgspec.Struct):
    """What it earned, by rule; nothing where no rule is about it or a limit is reached."""

    customer: str
    points_earned: int
    rules: list[RuleOut]


class Actions(ApiView):
    """Points for actions."""

    permission = Permission.REDEEM_POINTS
    scope = KeyScope.POINTS_WRITE
    tag = "points"

    @endpoint(
        "Tell what a member did", body=ActionIn, answers={201: ActionOut, 200: ActionOut}, problems=GONE,
        example={
            "customer": "cus_0f3k9w2mxq7t", "action": "review_written", "source": "shop", "external_id": "review-99",
        },
    )  # fmt: skip
    def post(self, told: ActionIn) -> Answer:
        """The same (source, external_id) again: 200 and the same body. Limits are those of the rules."""
        number = customer_of(told.customer, self.caller)
        source = sources.named(told.source, told.external_id)
        earned = actions.earn(
            number,
            Action(told.action),
            source,
            at=now(),
            by=self.caller,
            store=till.store_if(told.store, self.caller),
        )
        rules = [RuleOut(one.code, one.points) for one in earned]
        body = ActionOut(Customer(pk=number).public_id, sum(one.points for one in rules), rules)
        return Answer(body, 201 if any(one.is_new for one in earned) else 200)
