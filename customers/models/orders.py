"""Connectors: how a web shop's orders are read, and orders that could not be."""

from django.db import models
from django.db.models.functions import Now
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from crm.org.models import Store, code_validator


def new_salt() -> str:
    return get_random_string(16)


class Connector(models.Model):
    """A shop whose orders come as it writes them. `mapping` says where in an order each part of a receipt stands.

    It is switched on only after a sample order was read with the mapping as it is (`tested_at`).
    """

    code = models.CharField(_("code"), max_length=32, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=80)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", verbose_name=_("web shop"))
    mapping = models.JSONField(_("mapping"), default=dict)
    tested_at = models.DateTimeField(null=True, editable=False)
    is_on = models.BooleanField(_("on"), default=False, editable=False)
    salt = models.CharField(max_length=16, default=new_salt, editable=False)  # of the webhook's secret

    class Meta:
        verbose_name = _("order connector")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_on=False) | models.Q(tested_at__isnull=False),
                name="connector_on_is_tested",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def source_code(self) -> str:
        return f"shop:{self.code}"


class KeptOrder(models.Model):
    """An order that could not become a receipt, with the reason, until it can or its time is over.

    `raw` is without addresses and notes. A number that could not be read is replaced by a digest of the order.
    """

    connector = models.ForeignKey(Connector, models.PROTECT, related_name="kept")
    external_id = models.CharField(max_length=120)
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=300, blank=True, default="")
    raw = models.JSONField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("order set aside")
        constraints = [models.UniqueConstraint("connector", "external_id", name="keptorder_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"
