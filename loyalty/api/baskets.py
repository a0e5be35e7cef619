"""A basket evaluated: what it saves and earns, which coupons and rewards fit. Changes nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.org.permissions import Permission
from crm.rest.endpoints import endpoint
from crm.rest.problems import InvalidInput, NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.models import Channel
from loyalty.api import basketout, till
from loyalty.api.accounts import customer_of
from loyalty.api.basketshapes import EvaluatedLineIn, EvaluationIn, EvaluationOut
from loyalty.coupons import guesses
from loyalty.coupons.refusals import CouponUnknown
from loyalty.evaluation import Asked, AskedLine, evaluate

EARLIEST, AHEAD = datetime(2000, 1, 1, tzinfo=UTC), timedelta(days=400)
EXAMPLE: dict[str, Any] = {
    "store": "HARB", "customer": {"kind": "phone", "value": "+8613800138000"},
    "lines": [{"line": 1, "product": "SKU1", "quantity": "2", "amount": "35.80", "discount": "4.20"}],
    "codes": ["7F3K-9W2M-XQ7T"], "points": 200,
}  # fmt: skip


class Evaluations(ApiView):
    """What a basket saves and earns."""

    permission = Permission.VIEW_LOYALTY
    scope = KeyScope.BASKETS_EVALUATE
    tag = "baskets"
    writes = False

    @endpoint("Evaluate a basket", body=EvaluationIn, answers={200: EvaluationOut}, example=EXAMPLE,
              problems={404: "The customer's id is unknown, or not for this key.", 410: "`erased`.",
                        429: "`too_many_guesses`."})  # fmt: skip
    def post(self, told: EvaluationIn) -> EvaluationOut:
        """Nothing is written and nothing is kept for this basket: reserve what you want to rely on. The coupons of the
        best combination come first, in the order in which they are to be reserved; each counts what the ones before it
        have left."""
        asked = self._asked(told)
        if asked.codes:
            guesses.check(self.caller.actor)
        found = evaluate(asked)
        for one in found.coupons:
            if isinstance(one.reason, CouponUnknown):
                guesses.count(self.caller.actor)
        return basketout.shape(found)

    def _asked(self, told: EvaluationIn) -> Asked:
        store = till.store_with(told.store, self.caller)
        till.check_lines(told.lines)
        return Asked(
            store, Channel[told.channel.upper()], _moment(told), tuple(map(_line, told.lines)),
            till.whole(told.delivery, 2), self._customer(told), tuple(dict.fromkeys(told.codes)), told.points,
        )  # fmt: skip

    def _customer(self, told: EvaluationIn) -> int | None:
        if not isinstance(told.customer, str):
            return till.customer_of(told.customer)
        try:
            return customer_of(told.customer, self.caller)
        except NotFound:
            raise NotFound(_("There is no such customer, or not for this key.")) from None


def _moment(told: EvaluationIn) -> datetime:
    at = now()
    if told.occurred_at is None:
        return at
    if not EARLIEST <= told.occurred_at <= at + AHEAD:
        raise InvalidInput.at("/occurred_at", "From the year 2000 on, and not more than 400 days ahead.")
    return told.occurred_at


def _line(told: EvaluatedLineIn) -> AskedLine:
    return AskedLine(
        told.line, told.product, till.whole(told.quantity, 3), till.whole(told.amount, 2),
        till.whole(told.discount, 2), told.is_discounted,
    )  # fmt: skip
