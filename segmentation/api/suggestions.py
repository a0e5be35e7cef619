"""What to suggest to a customer next, as programs read it."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from crm.org.permissions import Permission
from crm.rest.endpoints import endpoint
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api.customers import CUSTOMER_ID
from customers.models import Customer
from loyalty.api.accounts import customer_of
from segmentation.products import reasons, recommending
from segmentation.products.recommending import Suggestion

ReasonCode = Literal["rhythm", "often", "goes_with", "popular"]


class SuggestionOut(msgspec.Struct):
    """`product`: its SKU. `reason` with its parameters: `rhythm` (every `gap` days, `ago` days since the last), `often`
    (on `days` days), `goes_with` (`partner`), `popular` (`store`); `sentence` says it in the reader's language."""

    product: str
    name: str
    reason: ReasonCode
    sentence: str
    is_due: bool
    gap: int | None
    days: int | None
    ago: int | None
    partner: str | None
    store: str | None


class RecommendationsOut(msgspec.Struct):
    """Best first. `night`: the business date that the lists are of; null where there is nothing to suggest."""

    customer: str
    night: date | None
    buy_again: Annotated[list[SuggestionOut], Meta(description="Bought before, and not since the night.")]
    new_to_them: Annotated[list[SuggestionOut], Meta(description="Never bought by them.")]


class Recommendations(ApiView):
    """What a customer may want next."""

    permission = Permission.VIEW_CUSTOMERS
    scope = KeyScope.CUSTOMERS_READ
    tag = "customers"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "Suggest goods to a customer", answers={200: RecommendationsOut},
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
    )  # fmt: skip
    def get(self, customer: str) -> RecommendationsOut:
        """Of the last night, without what they bought since and what may not be suggested to them by now. Empty for
        who said no to a personal profile."""
        number = customer_of(customer, self.caller)
        found = recommending.of(number)
        lists = ([_shape(one) for one in some] for some in (found.again, found.fresh))
        return RecommendationsOut(Customer(pk=number).public_id, found.on, *lists)


def _shape(one: Suggestion) -> SuggestionOut:
    return SuggestionOut(
        one.sku, one.name, one.reason.value, reasons.sentence(one), one.is_due, one.gap or None, one.days or None,
        one.ago if one.days else None, one.partner or None, one.store or None,
    )  # fmt: skip
