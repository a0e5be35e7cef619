"""The persona in a customer's profile: read in the one statement that reads the profile. Shares are parts of 1."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from customers import consents
from customers.api import slots

Part = Annotated[float, Meta(ge=0, le=1)]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYPARTS = ("early", "morning", "midday", "afternoon", "evening", "night")


class LikedOut(msgspec.Struct):
    name: str
    share: Part


class RefillOut(msgspec.Struct):
    """Goods that they buy every `days` days, and about when next."""

    category: str
    days: int
    next_on: date


class PersonaOut(msgspec.Struct):
    """What the purchases of the year up to the last one say (docs/algorithms/persona.md). null: too little is known.

    No persona is told of who said no to a personal profile."""

    visits: int
    categories: list[LikedOut]
    brands: list[LikedOut]
    brand_loyalty: Part | None
    price_level: Literal["low", "middle", "high"] | None
    discount_share: Part
    deal_share: Part
    online_share: Part
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    daypart: Literal["early", "morning", "midday", "afternoon", "evening", "night"]
    basket_amount: str
    basket_lines: float
    cycle_days: int | None
    next_on: date | None
    refills: list[RefillOut]
    night: date


def _liked(ids: str, shares: str, table: str) -> str:
    return (  # our own names
        "(SELECT coalesce(json_agg(json_build_object('name', named.name, 'share', liked.share / 1000.0)"  # noqa: S608
        f" ORDER BY liked.place), '[]') FROM unnest(persona.{ids}, persona.{shares})"
        f" WITH ORDINALITY AS liked (id, share, place) JOIN {table} named ON named.id = liked.id)"
    )


_REFILLS = (
    "(SELECT coalesce(json_agg(json_build_object('category', named.name, 'days', refill.days, 'next_on', refill.next)"
    " ORDER BY refill.place), '[]')"
    " FROM unnest(persona.refill_categories, persona.refill_days, persona.refill_on)"
    " WITH ORDINALITY AS refill (id, days, next, place) JOIN customers_category named ON named.id = refill.id)"
)
_OBJECTS = consents.refusal(None, "profiling", customer="customer").replace("customer.id", "%(id)s")
_SQL = f"""(
    SELECT json_build_object(
        'visits', persona.visits,
        'categories', {_liked("categories", "category_shares", "customers_category")},
        'brands', {_liked("brands", "brand_shares", "customers_brand")},
        'brand_loyalty', persona.brand_loyalty / 1000.0,
        'price_level', (ARRAY['low', 'middle', 'high'])[persona.price_level],
        'discount_share', persona.discount_share / 1000.0, 'deal_share', persona.deal_share / 1000.0,
        'online_share', persona.online_share / 1000.0,
        'weekday', (ARRAY['{"', '".join(WEEKDAYS)}'])[persona.weekday + 1],
        'daypart', (ARRAY['{"', '".join(DAYPARTS)}'])[persona.daypart + 1],
        'basket_amount', persona.basket_amount::text, 'basket_lines', persona.basket_lines / 10.0,
        'cycle_days', persona.cycle_days, 'next_on', persona.next_on, 'refills', {_REFILLS}, 'night', night.on
    )
    FROM customers_publishednight published
    JOIN customers_night night ON night.id = published.night_id
    JOIN customers_persona persona ON persona.customer_id = %(id)s
        AND persona.night_id <= published.night_id
        AND (persona.ended_night IS NULL OR persona.ended_night > published.night_id)
    WHERE NOT {_OBJECTS}
    LIMIT 1
)"""  # noqa: S608  our own names


def fill() -> None:
    slots.offer("persona", sql=_SQL, shape=PersonaOut | None)
