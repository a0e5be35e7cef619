"""The person of the chain whom a member can turn to, where their tier promises one."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import OnMerge, Owned
from crm.org.models import Staff


class DedicatedAgent(Owned):
    """Whose own contact a member of staff is; one row a member. Written in one place, `loyalty/tiers/`.

    The row says how it stands. Who was chosen by hand before is in the audit trail.
    """

    on_merge = OnMerge.STAY  # the survivor without one takes the other's over (`loyalty/tiers/minding.py`)

    customer = models.OneToOneField(
        "customers.Customer", models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    since = models.DateTimeField()
    by = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("dedicated agent")
        indexes = [models.Index(fields=["staff", "customer"], name="agent_by_staff")]
