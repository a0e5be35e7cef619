"""A persona as people read it: names for its numbers, read in one statement.

Shown is the persona of the published night. Overdue, due soon and the like depend on the day and are told here.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import JSONField, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from customers.models import (
    Brand,
    Category,
    Customer,
    Daypart,
    Night,
    Persona,
    PriceLevel,
    PublishedNight,
    Weekday,
)

_NAMES = "(SELECT coalesce(jsonb_object_agg(n.id, n.name), '{}') FROM %s n WHERE n.id = ANY(%s))"
_CATEGORIES = _NAMES % (
    Category._meta.db_table, "customers_persona.categories || customers_persona.refill_categories",
)  # fmt: skip
_BRANDS = _NAMES % (Brand._meta.db_table, "customers_persona.brands")


@dataclass(frozen=True)
class Share:
    """`share` in thousandths."""

    name: str
    share: int

    @property
    def part(self) -> float:
        return self.share / 1000


@dataclass(frozen=True)
class Refill:
    """Goods that they buy every `days` days, next about `on`; `left`: days until then, below 0 overdue."""

    name: str
    days: int
    on: date
    left: int


@dataclass(frozen=True)
class Picture:
    """`persona` for the plain numbers, the rest in names. `next_left`: days until the visit expected next."""

    persona: Persona
    night_on: date
    categories: list[Share]
    brands: list[Share]
    weekdays: list[Share]
    dayparts: list[Share]
    refills: list[Refill]
    next_left: int | None

    @property
    def price_level(self) -> PriceLevel:
        return PriceLevel(self.persona.price_level)


def current() -> QuerySet[Persona]:
    """The personas of the published night."""
    published = PublishedNight.objects.filter(pk=1).values("night_id")
    return Persona.objects.filter(
        Q(ended_night=None) | Q(ended_night__gt=Subquery(published)), night__lte=Subquery(published)
    )


def of(customer: Customer, *, today: date) -> Picture | None:
    """What is known of a customer; None before they bought or before a night. One statement."""
    night = Night.objects.filter(pk=OuterRef("published_night")).values("on")
    found = (
        current()
        .filter(customer=customer)
        .annotate(published_night=Subquery(PublishedNight.objects.filter(pk=1).values("night_id")))
        .annotate(
            night_on=Subquery(night),
            category_names=RawSQL(_CATEGORIES, [], JSONField()),  # noqa: S611  # nosec B611  nothing in it comes from outside
            brand_names=RawSQL(_BRANDS, [], JSONField()),  # noqa: S611  # nosec B611
        )
        .first()
    )
    return None if found is None else _picture(found, today)


def _picture(found: Any, today: date) -> Picture:
    refills = zip(found.refill_categories, found.refill_days, found.refill_on, strict=True)
    return Picture(
        persona=found,
        night_on=found.night_on,
        categories=_shares(found.categories, found.category_shares, found.category_names),
        brands=_shares(found.brands, found.brand_shares, found.brand_names),
        weekdays=[Share(str(day.label), share) for day, share in zip(Weekday, found.weekday_shares, strict=True)],
        dayparts=[Share(str(part.label), share) for part, share in zip(Daypart, found.daypart_shares, strict=True)],
        refills=sorted(
            (
                Refill(found.category_names.get(str(kind), ""), days, on, (on - today).days)
                for kind, days, on in refills
                if kind
            ),
            key=lambda one: one.on,  # what is due comes first
        ),
        next_left=(found.next_on - today).days if found.next_on else None,
    )  # fmt: skip


def _shares(ids: list[int], shares: list[int], names: dict[str, str]) -> list[Share]:
    return [Share(names.get(str(pk), ""), share) for pk, share in zip(ids, shares, strict=True) if pk]
