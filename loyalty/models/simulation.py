"""Simulations: a period through draft rules, and what it came to (docs/algorithms/simulation.md)."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.jobs.models import Job


class Simulation(models.Model):
    """`draft` as `loyalty.simulation.drafts`, `result` as `totals`; it has none before its job is done.

    Without a job it is a draft that somebody works on.
    """

    name = models.CharField(_("name"), max_length=80, blank=True)
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))
    draft = models.JSONField()
    result = models.JSONField(null=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("simulation")
        constraints = [
            models.CheckConstraint(condition=models.Q(to_on__gte=models.F("from_on")), name="simulation_days")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_draft(self) -> bool:
        return self.job_id is None and self.result is None
