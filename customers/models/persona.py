"""What a customer's purchases say about the person (C8), as spells, so that its history stays."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField
from customers.models.state import Spell, SpellQuerySet


class PriceLevel(models.IntegerChoices):
    """Where within their categories a product, or what a customer buys, stands by price."""

    UNKNOWN = 0, _("Unknown")
    LOW = 1, _("Low")
    MIDDLE = 2, _("Middle")
    HIGH = 3, _("High")


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Daypart(models.IntegerChoices):
    """By the store's clock: each part begins at the hour in `STARTS` and ends where the next begins."""

    EARLY = 0, _("Early, 5 to 9")
    MORNING = 1, _("Morning, 9 to 12")
    MIDDAY = 2, _("Midday, 12 to 14")
    AFTERNOON = 3, _("Afternoon, 14 to 18")
    EVENING = 4, _("Evening, 18 to 22")
    NIGHT = 5, _("Night, 22 to 5")


STARTS = (5, 9, 12, 14, 18, 22)
FAVOURITES = 5  # categories, brands and refills that a persona names at most


def _list(field: models.Field, size: int) -> ArrayField:
    return ArrayField(field, size=size)


class Persona(Spell):
    """What somebody's purchases of the year up to their last one say. Shares are in thousandths.

    Lists have a fixed length, best first; 0 (in `refill_on` 1970-01-01) fills the places that nothing stands in. NULL:
    too little is known. Formulas: docs/algorithms/persona.md. Read through `customers.persona.pictures`.
    """

    pk: Any = models.CompositePrimaryKey("customer", "night")
    visits = models.IntegerField()  # receipts that count
    categories = _list(models.IntegerField(), FAVOURITES)
    category_shares = _list(models.SmallIntegerField(), FAVOURITES)  # of what they spent
    brands = _list(models.IntegerField(), FAVOURITES)
    brand_shares = _list(models.SmallIntegerField(), FAVOURITES)
    brand_loyalty = models.SmallIntegerField(null=True)
    price_level = models.SmallIntegerField(choices=PriceLevel.choices)
    price_place = models.SmallIntegerField(null=True)  # 0: always the cheapest third, 100: always the dearest
    discount_share = models.SmallIntegerField()  # of the price before discounts
    deal_share = models.SmallIntegerField()  # of the lines
    online_share = models.SmallIntegerField()  # of the visits
    weekday = models.SmallIntegerField(choices=Weekday.choices)  # the favourite
    weekday_shares = _list(models.SmallIntegerField(), 7)
    daypart = models.SmallIntegerField(choices=Daypart.choices)
    daypart_shares = _list(models.SmallIntegerField(), 6)
    basket_amount = MoneyField()  # mean of a visit
    basket_lines = models.SmallIntegerField()  # tenths
    cycle_days = models.SmallIntegerField(null=True)  # between visits
    next_on = models.DateField(null=True)  # the visit expected next
    refill_categories = _list(models.IntegerField(), FAVOURITES)
    refill_days = _list(models.SmallIntegerField(), FAVOURITES)
    refill_on = _list(models.DateField(), FAVOURITES)
    digest = models.BigIntegerField()  # of all of the above: a night writes only what differs

    objects = SpellQuerySet.as_manager()

    class Meta:
        verbose_name = _("persona")
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(ended_night=None),
                include=["digest"],
                name="persona_one_open",
            ),
            models.CheckConstraint(condition=Q(ended_night__gt=F("night")), name="persona_in_order"),
        ]
        indexes = [
            models.Index(fields=["next_on", "customer"], name="persona_next", condition=Q(ended_night=None)),
            models.Index(
                fields=["ended_night"], name="persona_ended", condition=Q(ended_night__isnull=False)
            ),
        ]


class PersonaDue(models.Model):
    """Queue of customers whose persona is to be computed again, from `due_on` on (NULL: by the next night).

    A local queue and no owned table: the night that brings a customer's state forward appends, its later step consumes.
    """

    customer_id = models.BigIntegerField()
    due_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("persona to be made again")
        indexes = [models.Index(fields=["customer_id"], name="personadue_by_customer")]


class ProductPrice(models.Model):
    """A product's mean price and in which third of its category that puts it. Refreshed every four weeks."""

    product = models.OneToOneField(
        "customers.Product", models.PROTECT, primary_key=True, related_name="price"
    )
    mean = MoneyField()
    level = models.SmallIntegerField(choices=PriceLevel.choices)

    class Meta:
        verbose_name = _("price level of a product")


class PersonaBasis(models.Model):
    """What all personas rest on. One row. NULL (never computed, or interrupted): the next night computes all."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    window_days = models.PositiveIntegerField(null=True)
    prices_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("basis of the personas")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="personabasis_is_one")]
