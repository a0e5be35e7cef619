"""What a night found about goods: pairs, what customers may want next, what is due; and goods with a minimum age."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import OnMerge, Owned
from crm.org.models import Store
from crm.org.scope import ScopedQuerySet
from customers.models import Category, Night, Product

LISTED = 10  # goods to buy again, and as many that are new


class Level(models.IntegerChoices):
    """What of the catalogue a pair is of. A type is a product's own category, a category the tree's second step."""

    PRODUCT = 1, _("Product")
    TYPE = 2, _("Type")
    CATEGORY = 3, _("Category")
    BRAND = 4, _("Brand")


class ProductFit(models.Model):
    """A night that looked at goods. `baskets`: how many there were, all and without what was bought on promotion."""

    night = models.OneToOneField(Night, models.PROTECT, primary_key=True, related_name="goods")
    baskets = models.BigIntegerField(default=0)
    plain_baskets = models.BigIntegerField(default=0)
    window_days = models.IntegerField(default=0)
    customers = models.BigIntegerField(default=0)  # who have a list

    class Meta:
        verbose_name = _("figures about goods of a night")


class BasketPair(models.Model):
    """Two items that are bought together, of a night. `first` is the rarer one: more of its buyers take the other.

    `is_plain`: counted without lines bought on promotion. Items are numbers of products, categories or brands.
    """

    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False)
    level = models.SmallIntegerField(choices=Level.choices)
    is_plain = models.BooleanField()
    first = models.IntegerField()
    second = models.IntegerField()
    first_baskets = models.IntegerField()
    second_baskets = models.IntegerField()
    both = models.IntegerField()
    lift = models.FloatField()
    confidence = models.FloatField()  # of the baskets with the first, the share with the second

    class Meta:
        verbose_name = _("pair of goods")
        constraints = [
            models.UniqueConstraint(
                fields=["night", "level", "is_plain", "first", "second"], name="basketpair_once"
            ),
            models.CheckConstraint(
                condition=Q(both__gt=0, both__lte=F("first_baskets"), first_baskets__lte=F("second_baskets")),
                name="basketpair_adds_up",
            ),
        ]


def _list(field: models.Field) -> ArrayField:
    return ArrayField(field, size=LISTED)


class Recommendation(Owned):
    """What a customer may want next, by a night. Lists have a fixed length, best first; product 0 fills the rest.

    `again`: bought before, with the usual gap in days (0: no rhythm), on how many days, and when last. `fresh`: new to
    them; `goes_with` is their own product that speaks for it, 0: it is popular at `store`. Only numbers are kept; the
    sentence is made where it is shown. Read through `segmentation.products.recommending`.
    """

    on_merge = OnMerge.DROP

    pk: Any = models.CompositePrimaryKey("customer", "night")
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    again = _list(models.IntegerField())
    again_gaps = _list(models.SmallIntegerField())
    again_days = _list(models.SmallIntegerField())
    again_last = _list(models.DateField())
    fresh = _list(models.IntegerField())
    goes_with = _list(models.IntegerField())

    class Meta:
        verbose_name = _("what a customer may want next")


class DueQuerySet(ScopedQuerySet):
    scope_path = "customer__home_store"


class DueGood(Owned):
    """Something that a customer buys at regular intervals and needs about now, by a night (the week that follows it).

    `milli`: what they usually take, in thousandths. `kind` is the product's own category (0: none).
    """

    on_merge = OnMerge.DROP

    pk: Any = models.CompositePrimaryKey("customer", "night", "product")
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.IntegerField()
    due_on = models.DateField()
    gap = models.SmallIntegerField()
    last_on = models.DateField()
    milli = models.BigIntegerField()

    objects = DueQuerySet.as_manager()

    class Meta:
        verbose_name = _("goods due")
        indexes = [
            models.Index(fields=["kind", "customer"], name="duegood_kind"),
            models.Index(fields=["product", "customer"], name="duegood_product"),
        ]


class StockFigure(models.Model):
    """What regulars will need in the week after a night, by their store and product, beside what was sold them before.

    Quantities in thousandths: `due`, of those whose rhythm brings them; `week`, sold in the seven days up to the night;
    `usual`, a week's mean of the four before it.
    """

    night = models.ForeignKey(Night, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    kind = models.IntegerField()
    customers = models.IntegerField()
    due = models.BigIntegerField()
    week = models.BigIntegerField()
    usual = models.BigIntegerField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("expected need of a store")
        constraints = [models.UniqueConstraint(fields=["night", "store", "product"], name="stockfigure_once")]

    @property
    def due_pieces(self) -> float:
        return self.due / 1000

    @property
    def week_pieces(self) -> float:
        return self.week / 1000

    @property
    def usual_pieces(self) -> float:
        return self.usual / 1000


NEVER = 999  # years: nobody becomes so old


class AgeLimit(models.Model):
    """Goods of a category (and below it) that are suggested only to customers who are known to be old enough, or, with
    the age NEVER, to nobody: petrol, bags, gift cards."""

    category = models.OneToOneField(Category, models.PROTECT, related_name="+", verbose_name=_("category"))
    minimum_age = models.SmallIntegerField(_("minimum age"))
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("age limit")
        ordering = ["category__path"]
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum_age__gte=1, minimum_age__lte=99) | Q(minimum_age=NEVER),
                name="agelimit_years",
            )
        ]

    @property
    def is_never(self) -> bool:
        return self.minimum_age == NEVER
