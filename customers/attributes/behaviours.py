"""What customers do, as behaviours: purchases, lines of them, returns, touches.

A receipt counts while something of it is kept, and of a line what is kept of it, as everywhere (models/purchases.py).
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers import interactions
from customers.attributes import days, goods, registry
from customers.attributes.kinds import Behaviour, Field, Kind, Measure
from customers.attributes.person import regions, stores
from customers.models import TouchChannel, Weekday


def store_field(sql: str = "did.store_id") -> Field:
    return Field("store", _("Store"), Kind.CHOICE, sql, stores, is_numbered=True)


def region_field(sql: str = "did.region_id") -> Field:
    return Field("region", _("Region"), Kind.CHOICE, sql, regions, is_numbered=True)


def times(sql: str = "count(*)") -> Measure:
    return Measure("times", pgettext_lazy("measure", "times"), Kind.NUMBER, sql, least=0)


def amount(sql: str = "sum(did.amount)") -> Measure:
    return Measure("amount", pgettext_lazy("measure", "amount"), Kind.MONEY, sql)


def _kinds() -> Mapping[str, Any]:
    return {name: kind.label for name, kind in interactions.kinds().items()}


DAYS = Measure(
    "days", pgettext_lazy("measure", "days"), Kind.NUMBER, "count(DISTINCT did.day)", unit="days", least=0
)
_CHANNEL = Field("channel", _("Channel"), Kind.CHOICE, "did.channel", goods.channels, is_numbered=True)
_PURCHASE = Behaviour(
    "purchase",
    pgettext_lazy("behaviour", "Made a purchase"),
    """(SELECT p.customer_id, p.business_date AS day, p.store_id, s.region_id, p.channel,
        p.amount - p.returned AS amount,
        extract(isodow FROM p.business_date)::int - 1 AS weekday,
        extract(hour FROM p.occurred_at AT TIME ZONE coalesce(s.timezone, 'UTC'))::int AS hour
    FROM customers_purchase p LEFT JOIN org_store s ON s.id = p.store_id
    WHERE p.returned = 0 OR p.returned < p.amount)""",
    (
        store_field(),
        region_field(),
        _CHANNEL,
        Field("amount", _("Amount"), Kind.MONEY, "did.amount"),
        Field(
            "weekday", _("Weekday"), Kind.CHOICE, "did.weekday",
            lambda: {str(value): label for value, label in Weekday.choices}, is_numbered=True,
        ),
        Field("hour", _("Hour"), Kind.NUMBER, "did.hour", least=0, most=23),
    ),
    (times(), DAYS, amount()),
    ("customers_purchase",),
    also=pgettext_lazy("search", "order, receipt, transaction, visit, came"),
)  # fmt: skip
_BOUGHT = Behaviour(
    "bought",
    pgettext_lazy("behaviour", "Bought"),
    """(SELECT p.customer_id, p.business_date AS day, p.store_id, s.region_id, p.channel, l.purchase_id,
        l.product_id, g.category_id, g.brand_id, l.quantity - l.returned_quantity AS quantity,
        l.amount - l.returned_amount AS amount, l.discount
    FROM customers_line l JOIN customers_purchase p ON p.customer_id = l.customer_id AND p.id = l.purchase_id
    LEFT JOIN customers_product g ON g.id = l.product_id LEFT JOIN org_store s ON s.id = p.store_id
    WHERE (p.returned = 0 OR p.returned < p.amount) AND l.returned_quantity < l.quantity)""",
    (
        Field(
            "category", _("Category"), Kind.CHOICE, "did.category_id", goods.categories, is_long=True,
            is_numbered=True, spread=goods.BELOW,
        ),
        Field("brand", _("Brand"), Kind.CHOICE, "did.brand_id", goods.brands, is_long=True, is_numbered=True),
        Field("product", _("Product"), Kind.CHOICE, "did.product_id", goods.products, is_long=True, is_numbered=True),
        store_field(),
        region_field(),
        _CHANNEL,
        Field("is_discounted", _("With a discount"), Kind.FLAG, "did.discount > 0"),
    ),
    (
        times("count(DISTINCT did.purchase_id)"),
        Measure("quantity", pgettext_lazy("measure", "quantity"), Kind.NUMBER, "sum(did.quantity)", least=0),
        amount(),
        DAYS,
    ),
    ("customers_purchase", "customers_line"),
    also=pgettext_lazy("search", "goods, item, SKU, basket"),
)  # fmt: skip
_RETURNED = Behaviour(
    "returned",
    pgettext_lazy("behaviour", "Brought goods back"),
    """(SELECT r.customer_id, r.business_date AS day, r.store_id, s.region_id, r.amount
    FROM customers_return r LEFT JOIN org_store s ON s.id = r.store_id)""",
    (store_field(), region_field()),
    (times(), DAYS, amount()),
    ("customers_return",),
    also=pgettext_lazy("search", "refund, sent back"),
)
_TOUCH = Behaviour(
    "touch",
    pgettext_lazy("behaviour", "Got in touch"),
    f"""(SELECT i.customer_id, {days.day("i.occurred_at", days.STORE_ZONE)} AS day, i.kind, i.channel, i.store_id,
        s.region_id
    FROM customers_interaction i LEFT JOIN org_store s ON s.id = i.store_id)""",  # noqa: S608  names of ours
    (
        Field("kind", _("Kind"), Kind.CHOICE, "did.kind", _kinds),
        Field(
            "channel", _("Channel"), Kind.CHOICE, "did.channel",
            lambda: {str(value): label for value, label in TouchChannel.choices}, is_numbered=True,
        ),
        store_field(),
        region_field(),
    ),
    (times(), DAYS),
    ("customers_interaction",),
    also=pgettext_lazy("search", "contact, call, message, interaction"),
)  # fmt: skip


def fill() -> None:
    registry.offer_behaviour(_PURCHASE, _BOUGHT, _RETURNED, _TOUCH)
