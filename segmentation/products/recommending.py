"""What to suggest to a customer now: the lists of the published night, as far as they still hold.

    found = recommending.of(customer, on=today)       # one statement, nothing cached
    found.best                                        # what a till says first

Left out at the moment of reading: everything, if they object to a profile, were erased or became somebody else; goods
bought since the night, and those bought so lately that they are not needed; goods for which they are not known to be
old enough. Each suggestion has a reason as a code with its parameters; `reasons.sentence` says it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec
from django.utils.timezone import localdate

from crm.lib import prepared
from customers import consents
from customers.models import Customer
from segmentation.products.ages import TOO_YOUNG

JUST = 0.25  # of the usual gap: bought so lately that it is not needed
DUE, GONE = 0.8, 2.0  # usual gaps since the last: about to be needed; longer silent, they buy it elsewhere


class Reason(StrEnum):
    RHYTHM = "rhythm"  # gap, ago
    OFTEN = "often"  # days, ago
    GOES_WITH = "goes_with"  # partner
    POPULAR = "popular"  # store


@dataclass(frozen=True)
class Suggestion:
    """`gap`: usual days between (0: no rhythm); `days`: on how many they bought it; `ago`: days since the last."""

    product_id: int
    sku: str
    name: str
    reason: Reason
    gap: int = 0
    days: int = 0
    ago: int = 0
    partner: str = ""
    store: str = ""

    @property
    def is_due(self) -> bool:
        return self.gap > 0 and DUE * self.gap <= self.ago <= GONE * self.gap


@dataclass(frozen=True)
class Suggestions:
    """Both lists, best first. `on`: the night that they are of; None: there is nothing to say."""

    on: date | None
    again: tuple[Suggestion, ...] = ()
    fresh: tuple[Suggestion, ...] = ()

    @property
    def best(self) -> Suggestion | None:
        """What they need about now; else something new; else what they buy most."""
        due = [one for one in self.again if one.is_due]
        return next(iter([*due, *self.fresh, *self.again]), None)

    def without(self, products: Collection[int]) -> "Suggestions":
        """The same without some goods, as those in a basket."""
        again, fresh = (
            tuple(one for one in some if one.product_id not in products) for some in (self.again, self.fresh)
        )
        return Suggestions(self.on, again, fresh)


NOTHING = Suggestions(None)


class _Again(msgspec.Struct):
    id: int
    sku: str
    name: str
    gap: int
    days: int
    last: date


class _Fresh(msgspec.Struct):
    id: int
    sku: str
    name: str
    partner: str


class _Read(msgspec.Struct):
    on: date
    store: str
    again: list[_Again]
    fresh: list[_Fresh]


_decoder = msgspec.json.Decoder(_Read)


def of(customer: Customer | int, on: date | None = None) -> Suggestions:
    """As of a day (None: today)."""
    today = on or localdate()
    found = prepared.row(_READ, {"id": getattr(customer, "pk", customer), "today": today})
    return _told(_decoder.decode(found[0]), today) if found else NOTHING


def for_message(customer: Customer | int, most: int = 3) -> list[Suggestion]:
    """What a message to them may name: what they need about now first, then what is new. For campaigns to come."""
    found = of(customer)
    due = [one for one in found.again if one.is_due]
    return [*due, *found.fresh, *(one for one in found.again if not one.is_due)][:most]


def _told(read: _Read, today: date) -> Suggestions:
    again = [
        Suggestion(one.id, one.sku, one.name, Reason.RHYTHM if one.gap and one.days > 2 else Reason.OFTEN, gap=one.gap,
                   days=one.days, ago=(today - one.last).days)
        for one in read.again
    ]  # fmt: skip
    fresh = [
        Suggestion(one.id, one.sku, one.name, Reason.GOES_WITH if one.partner else Reason.POPULAR, partner=one.partner,
                   store=read.store)
        for one in read.fresh
    ]  # fmt: skip
    return Suggestions(read.on, tuple(one for one in again if one.ago > JUST * one.gap), tuple(fresh))


_MAY = f"{{product}}.id <> ALL(since.products) AND NOT {TOO_YOUNG.format(category='{product}.category_id')}"
_READ = f"""
SELECT json_build_object(
    'on', night.on, 'store', coalesce(store.name, ''),
    'again', (
        SELECT coalesce(json_agg(json_build_object(
            'id', p.id, 'sku', p.sku, 'name', p.name, 'gap', one.gap, 'days', one.days, 'last', one.last
        ) ORDER BY one.place), '[]')
        FROM unnest(told.again, told.again_gaps, told.again_days, told.again_last) WITH ORDINALITY
            AS one (product, gap, days, last, place)
        JOIN customers_product p ON p.id = one.product WHERE {_MAY.format(product="p")}
    ),
    'fresh', (
        SELECT coalesce(json_agg(json_build_object(
            'id', p.id, 'sku', p.sku, 'name', p.name, 'partner', coalesce(own.name, '')
        ) ORDER BY one.place), '[]')
        FROM unnest(told.fresh, told.goes_with) WITH ORDINALITY AS one (product, partner, place)
        JOIN customers_product p ON p.id = one.product
        LEFT JOIN customers_product own ON own.id = one.partner WHERE {_MAY.format(product="p")}
    )
)::text
FROM customers_publishednight published
JOIN LATERAL (
    SELECT night_id FROM segmentation_productfit WHERE night_id <= published.night_id ORDER BY night_id DESC LIMIT 1
) fit ON true
JOIN customers_night night ON night.id = fit.night_id
JOIN segmentation_recommendation told ON told.customer_id = %(id)s AND told.night_id = fit.night_id
JOIN customers_customer c ON c.id = %(id)s AND c.merged_into_id IS NULL AND c.erased_at IS NULL
    AND NOT {consents.refusal(None, "profiling").replace("customer_id = c.id", "customer_id = %(id)s")}
LEFT JOIN org_store store ON store.id = told.store_id
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(line.product_id), '{{}}') AS products
    FROM customers_purchase bought
    JOIN customers_line line ON line.customer_id = bought.customer_id AND line.purchase_id = bought.id
    WHERE bought.customer_id = %(id)s AND bought.business_date > night.on AND line.returned_quantity < line.quantity
) since
"""  # noqa: S608  our own names and numbers


def reading(customer: Customer) -> Suggestions:
    """Read once for all panels of a page."""
    if "_suggestions" not in customer.__dict__:
        customer.__dict__["_suggestions"] = of(customer)
    found: Suggestions = customer.__dict__["_suggestions"]
    return found
