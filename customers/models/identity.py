"""How a customer is recognised, and how a name is searched."""

from django.db import models
from django.db.models.functions import Now, Reverse
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import OnMerge, Owned


class IdentityKind(models.TextChoices):
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    MEMBER = "member", _("Member number")
    CARD = "card", _("Card")
    OPENID = "openid", _("WeChat")
    ACCOUNT = "account", _("Web shop account")
    DEVICE = "device", _("Device")


class Identity(models.Model):
    """One identifier: (kind, normalised value) is unique in the chain, and only here.

    Placed by value and not by customer, so that a look-up touches one index (and one node when the chain is spread
    over several); hence no database constraint to the customer, whose row is never deleted.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=IdentityKind.choices)
    value = models.CharField(_("value"), max_length=190)  # E.164 phone, lower-case e-mail, upper-case numbers
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="identities", db_constraint=False
    )
    is_primary = models.BooleanField(_("main"), default=False)
    source = models.CharField(max_length=40, blank=True, default="")
    verified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("identifier")
        constraints = [models.UniqueConstraint("kind", "value", name="identity_once")]
        indexes = [
            # "last four digits": a prefix search on the reversed phone number
            models.Index(Reverse("value"), name="identity_phone_tail", condition=models.Q(kind="phone")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class NameKey(Owned):
    """A search key of a name; a search is a prefix scan on `key`, so it can stop as soon as it has enough.

    For a name of several words: every rotation run together ("johnsmith", "smithjohn"). For a Chinese name: every
    suffix of the characters, every suffix of the pinyin by syllable, and the initials. See `customers/names.py`.
    `home_store_id` is carried along so that a search within one's stores stays inside an index: one begins with the
    key for those who see the chain, one with the store for those who see a few.
    """

    on_merge = OnMerge.DROP

    pk = models.CompositePrimaryKey("customer", "key")
    key = models.CharField(max_length=64, db_collation="C")
    home_store_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("name as it is searched")
        indexes = [
            models.Index(fields=["key", "home_store_id", "customer"], name="namekey_prefix"),
            models.Index(fields=["home_store_id", "key", "customer"], name="namekey_in_store"),
        ]
