"""The person."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.lib.owned import OnMerge, Owned
from crm.org.models import Store, public_id
from crm.org.scope import ScopedQuerySet


class Gender(models.TextChoices):
    FEMALE = "f", _("Female")
    MALE = "m", _("Male")
    OTHER = "x", _("Other")


class CustomerQuerySet(ScopedQuerySet):
    scope_path = "home_store"

    def living(self) -> "CustomerQuerySet":
        """Without those merged into another, and without those who were erased."""
        return self.filter(merged_into__isnull=True, erased_at__isnull=True)


class Customer(models.Model):
    """A person who buys, or may buy, from the chain.

    Identifiers (phones, e-mails, cards, member numbers) stand in `Identity`. A stub was named by a receipt before
    anybody enrolled them; enrolment or import completes it. A merged customer stays as a signpost to the survivor.
    The home store decides whose lists the customer is in.
    """

    name = models.CharField(pgettext_lazy("person", "name"), max_length=120, blank=True, default="")
    gender = models.CharField(_("gender"), max_length=1, blank=True, default="", choices=Gender.choices)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    age_band = models.CharField(
        _("age"), max_length=16, blank=True, default="", help_text=_("When only a range is known.")
    )
    income_band = models.CharField(_("income"), max_length=24, blank=True, default="")
    occupation = models.CharField(_("occupation"), max_length=80, blank=True, default="")
    household_size = models.PositiveSmallIntegerField(_("household size"), null=True, blank=True)
    household = models.CharField(_("kind of household"), max_length=40, blank=True, default="")
    household_code = models.CharField(
        _("household"), max_length=40, blank=True, default="", db_default="",
        help_text=_("The same code for everybody of one household."),
    )  # fmt: skip
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    address = models.CharField(_("address"), max_length=200, blank=True, default="", db_default="")
    home_store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("home store")
    )
    is_stub = models.BooleanField(_("not enrolled yet"), default=False, editable=False)
    # A stub's home store is that of its earliest receipt: event time and store, kept as a running minimum, so that
    # the order of arrival does not matter. Where a person chose the store, the time is before all receipts.
    first_seen_at = models.DateTimeField(null=True, editable=False)
    enrolled_at = models.DateTimeField(_("member since"), null=True, blank=True)
    # What the chain's own fields hold: {code: value}, written through `customers/customfields.py` alone.
    custom = models.JSONField(default=dict, db_default={}, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    erased_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            models.Index(fields=["home_store", "id"], name="customer_by_store"),
            GinIndex(fields=["custom"], name="customer_custom"),
            # The people of one household; most customers name none.
            models.Index(
                fields=["household_code", "id"],
                name="customer_by_household",
                condition=models.Q(household_code__gt=""),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("id")), name="customer_not_merged_into_self"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.public_id

    @property
    def public_id(self) -> str:
        """What stands in addresses and API answers, such as cus_0f3k9w2mxq7t."""
        return public_id("cus").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        """The row number behind a public id, or None when it is none."""
        return public_id("cus").decode(text)


class Tag(models.Model):
    name = models.CharField(_("name"), max_length=60, unique=True)

    class Meta:
        verbose_name = _("tag")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CustomerTag(Owned):
    on_merge = OnMerge.UNITE

    pk = models.CompositePrimaryKey("customer", "tag")
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("tag of a customer")
        indexes = [models.Index(fields=["tag", "customer"], name="customertag_by_tag")]
