"""What others say about customers: facts of a provider, with where they come from and what they may be used for."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import OnMerge, Owned
from crm.org.models import code_validator


class Provider(models.Model):
    """Who sells or gives facts. Switched off, its facts are hidden and not used."""

    code = models.CharField(_("code"), max_length=32, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=80)
    right = models.CharField(
        _("right of use"), max_length=200, help_text=_("The contract or licence, and what it allows.")
    )
    is_on = models.BooleanField(_("used"), default=True)

    class Meta:
        verbose_name = _("provider of facts")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class FactType(models.IntegerChoices):
    TEXT = 1, _("Text")
    NUMBER = 2, _("Number")
    DATE = 3, _("Date")
    YES_NO = 4, _("Yes or no")


class Basis(models.IntegerChoices):
    """On what ground of law it is held."""

    CONSENT = 1, _("Consent of the person")
    CONTRACT = 2, _("Contract with the person")
    INTEREST = 3, _("Legitimate interest")
    PUBLIC = 4, _("Public source")


class ProvidedFact(Owned):
    """A fact about a customer that a provider gave. It never replaces what the customer or the chain says.

    `value` is the canonical text of its type: a number without trailing zeros, an ISO date, "true" or "false".
    """

    on_merge = OnMerge.UNITE

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=60)
    type = models.PositiveSmallIntegerField(choices=FactType.choices)
    value = models.CharField(max_length=200)
    obtained_on = models.DateField()
    valid_until = models.DateField()  # the right of use ends with this day
    basis = models.PositiveSmallIntegerField(choices=Basis.choices)
    right = models.CharField(max_length=200)
    purpose = models.CharField(max_length=120)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("what a provider says")
        constraints = [
            models.UniqueConstraint("customer", "provider", "name", name="providedfact_once"),
            models.CheckConstraint(
                condition=models.Q(valid_until__gte=models.F("obtained_on")), name="providedfact_dates"
            ),
        ]
        indexes = [models.Index(fields=["valid_until"], name="providedfact_ending")]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"

    @property
    def label(self) -> str:
        """The name as people read it: "household_income" is "Household income"."""
        return self.name.replace("_", " ").capitalize()
