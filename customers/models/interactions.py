"""Touches: what a customer did, or what was done with them, in any channel. Narrow rows: this table grows for ever."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import Owned
from crm.org.models import Store
from crm.org.scope import ScopedQuerySet


class TouchChannel(models.IntegerChoices):
    """The way on which a touch went."""

    STORE = 1, _("Store")
    WEB = 2, _("Web")
    APP = 3, _("App")
    PHONE = 4, _("Phone")
    EMAIL = 5, _("E-mail")
    SMS = 6, _("SMS")
    WECHAT = 7, _("WeChat")
    OTHER = 8, _("Other")


class InteractionQuerySet(ScopedQuerySet):
    scope_path = "customer__home_store"


class Interaction(Owned):
    """One touch of a customer. Only added: a mistake is corrected by another.

    `kind` is registered (`customers.interactions`); `data` holds what the kind says (a product's SKU, a page's path)
    and no free text of people. Not unique by (source, external id): the inbox of events sees to it.
    """

    kind = models.CharField(max_length=32)
    channel = models.SmallIntegerField(choices=TouchChannel.choices)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    source_id = models.SmallIntegerField(null=True)
    external_id = models.CharField(max_length=120, db_collation="C", blank=True, db_default="")
    actor = models.CharField(max_length=80, blank=True, db_default="")  # who did it here, as in the trail
    about = models.CharField(max_length=80, blank=True, db_default="")  # "customers.workitem:3"
    data = models.JSONField(default=dict, db_default={})

    objects = InteractionQuerySet.as_manager()

    class Meta:
        verbose_name = _("interaction")
        indexes = [
            models.Index(fields=["customer", "-occurred_at", "-id"], name="interaction_of_customer"),
            BrinIndex(fields=["occurred_at"], name="interaction_in_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
