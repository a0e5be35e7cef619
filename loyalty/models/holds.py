"""Points that are set aside while somebody pays."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import public_id
from loyalty.models.ledger import Movement


class Hold(Owned):
    """Until when a hold may stand. The ledger says what became of it; `ended_at` that nothing is left of it."""

    movement = OwnedForeignKey(Movement, models.PROTECT, related_name="+")
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("hold of points")
        constraints = [models.UniqueConstraint("customer", "movement", name="hold_once")]
        indexes = [
            models.Index(fields=["until"], name="hold_standing", condition=models.Q(ended_at__isnull=True))
        ]

    @property
    def public_id(self) -> str:
        return public_id("hld").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("hld").decode(text)
