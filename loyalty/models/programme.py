"""How points are earned: the programme, its rules, and what each receipt came to (docs/algorithms/accrual.md).

Programme and rules are versions: rows that are only added. The version whose `valid_from` is the latest up to the
sale's business date holds for that sale, for ever: a receipt that comes a month late earns by the rules of its day.
"""

from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.money import MoneyField
from crm.lib.owned import OnMerge, Owned, OwnedForeignKey
from loyalty.models.ledger import Movement

rule_code = RegexValidator(r"^[a-z][a-z0-9-]{0,39}$", _("Small letters, digits and dashes."))


class Ending(models.TextChoices):
    """When points end. What it counts is `Programme.ending_count`."""

    NEVER = "never", _("never")
    MONTHS = "months", _("some months after they were earned")
    MONTH_END = "month_end", _("at the end of a month")
    YEAR_END = "year_end", _("at the end of a year")
    ACTIVITY = "activity", _("some months after the last purchase")


class Rounding(models.TextChoices):
    DOWN = "down", _("down")
    HALF_UP = "half_up", _("half up")
    UP = "up", _("up")


class RuleKind(models.TextChoices):
    BASE = "base", _("Other rate")
    MULTIPLIER = "multiplier", _("Multiplier")
    BONUS = "bonus", _("Bonus")
    ACTION = "action", _("Action")


class Action(models.TextChoices):
    """What a member does, apart from buying."""

    PROFILE = "profile_completed", _("Profile completed")
    SURVEY = "survey_answered", _("Survey answered")
    REVIEW = "review_written", _("Review written")
    REFERRAL = "referral", _("Friend brought along")
    CHECK_IN = "check_in", _("Checked in")


class Programme(models.Model):
    """A version of the settings. `money_per_point` is what earns one point; before the first version nothing is earned.

    `excluded` holds what earns nothing: {"categories": [path, …], "products": [SKU, …]}, categories with all below.
    Caps are of all points of a member: of one receipt, of a business date, of a calendar month.
    `point_worth` is the money that the chain reckons with for a point that is spent; it changes nothing that is earned.
    """

    valid_from = models.DateField(_("holds from"))
    money_per_point = models.DecimalField(
        _("spent for one point"), max_digits=12, decimal_places=4, default=Decimal(1)
    )
    rounding = models.CharField(_("rounding"), max_length=8, choices=Rounding.choices, default=Rounding.DOWN)
    pending_days = models.PositiveSmallIntegerField(_("return window in days"), default=14)
    ending = models.CharField(_("points end"), max_length=10, choices=Ending.choices, default=Ending.YEAR_END)
    ending_count = models.PositiveSmallIntegerField(_("months or years"), default=1)
    excluded = models.JSONField(_("earns nothing"), default=dict, blank=True)
    excludes_discounted = models.BooleanField(_("discounted lines earn nothing"), default=False)
    cap_receipt = models.PositiveIntegerField(_("most points of a receipt"), null=True, blank=True)
    cap_day = models.PositiveIntegerField(_("most points of a day"), null=True, blank=True)
    cap_month = models.PositiveIntegerField(_("most points of a month"), null=True, blank=True)
    point_worth = models.DecimalField(
        _("what a point is worth"), max_digits=12, decimal_places=4, null=True, blank=True
    )
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("programme")
        constraints = [
            models.CheckConstraint(condition=Q(money_per_point__gt=0), name="programme_rate_above_zero"),
            models.CheckConstraint(condition=Q(point_worth__gt=0), name="programme_worth_above_zero"),
            models.CheckConstraint(condition=Q(pending_days__lte=3660), name="programme_window"),
            models.CheckConstraint(condition=Q(ending_count__lte=600), name="programme_ending"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    SETTINGS = (
        "valid_from", "money_per_point", "rounding", "pending_days", "ending", "ending_count", "excluded",
        "excludes_discounted", "cap_receipt", "cap_day", "cap_month", "point_worth",
    )  # fmt: skip

    def settings(self) -> dict[str, Any]:
        """What a person can change, for forms and for the audit trail."""
        return {name: getattr(self, name) for name in self.SETTINGS}


class EarningRule(models.Model):
    """A version of a rule. `code` names the rule, `version` counts from 1; the newest that holds on a day is the rule.

    `percent`: of a base rule, how much of the programme's rate these goods earn; of a multiplier, the factor (200 is
    double). `points`: of a bonus or an action. `condition` is read by `loyalty.accrual.conditions`. A version that
    `is_ended` says that from its day on the rule does not hold. Of those multipliers that are `is_exclusive` the best
    one counts for a line; the others add up.
    """

    code = models.CharField(_("code"), max_length=40, validators=[rule_code])
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=RuleKind.choices)
    valid_from = models.DateField(_("holds from"))
    valid_to = models.DateField(_("until"), null=True, blank=True)
    percent = models.PositiveIntegerField(_("percent"), null=True, blank=True)
    points = models.PositiveIntegerField(_("points"), null=True, blank=True)
    action = models.CharField(_("action"), max_length=20, choices=Action.choices, blank=True, default="")
    condition = models.JSONField(_("conditions"), default=dict, blank=True)
    is_exclusive = models.BooleanField(_("only the best of such rules counts"), default=False)
    cap_receipt = models.PositiveIntegerField(_("most points of a receipt"), null=True, blank=True)
    cap_day = models.PositiveIntegerField(_("most points of a day"), null=True, blank=True)
    cap_month = models.PositiveIntegerField(_("most points of a month"), null=True, blank=True)
    once = models.BooleanField(_("once for each member"), default=False)
    is_ended = models.BooleanField(default=False)
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("earning rule")
        constraints = [
            models.UniqueConstraint("code", "version", name="earningrule_version"),
            models.CheckConstraint(
                condition=Q(kind__in=["base", "multiplier"], percent__isnull=False, percent__lte=10_000)
                | Q(kind__in=["bonus", "action"], points__gt=0),
                name="earningrule_gives_something",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="earningrule_dates",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    SETTINGS = (
        "name", "kind", "valid_from", "valid_to", "percent", "points", "action", "condition", "is_exclusive",
        "cap_receipt", "cap_day", "cap_month", "once", "is_ended",
    )  # fmt: skip

    def settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.SETTINGS}


class Accrual(Owned):
    """What a receipt earned. One row a purchase, also where that was nothing.

    `points` and `growth` are what it earned, `kept` and `growth_kept` what goods that were brought back have left of
    that, `returned` the money of these as it was then; `changes` counts the corrections. `reasons` is the arithmetic
    (`loyalty/accrual/reasons.py`), `lines` the points and growth points of each line: [[number, points, growth], …]. A
    line without any is left out.
    """

    pk = models.CompositePrimaryKey("purchase", "customer")
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    purchase = OwnedForeignKey("customers.Purchase", models.PROTECT, related_name="+")
    programme = models.ForeignKey(
        Programme, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    business_date = models.DateField()
    points = models.BigIntegerField(db_default=0)
    kept = models.BigIntegerField(db_default=0)
    growth = models.BigIntegerField(db_default=0)
    growth_kept = models.BigIntegerField(db_default=0)
    returned = MoneyField(db_default=Decimal(0))
    is_first = models.BooleanField(db_default=False)
    changes = models.IntegerField(db_default=0)
    movement = OwnedForeignKey(Movement, models.PROTECT, null=True, related_name="+")
    growth_movement = OwnedForeignKey(Movement, models.PROTECT, null=True, related_name="+")
    reasons = models.JSONField(default=dict)
    lines = models.JSONField(default=list)

    class Meta:
        verbose_name = _("points of a receipt")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kept__gte=0, kept__lte=F("points"), growth_kept__gte=0, growth_kept__lte=F("growth")
                ),
                name="accrual_kept_within",
            )
        ]
        indexes = [models.Index(fields=["customer", "business_date"], name="accrual_by_day")]


class ActionDone(Owned):
    """Points for something that a member did. `rule` is the version that held on that day."""

    on_merge = OnMerge.CARRY

    rule = models.ForeignKey(
        EarningRule, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    code = models.CharField(max_length=40)  # of the rule, in all its versions
    done_on = models.DateField()
    movement = OwnedForeignKey(Movement, models.PROTECT, related_name="+")
    points = models.BigIntegerField()

    class Meta:
        verbose_name = _("points of an action")
        indexes = [models.Index(fields=["customer", "code", "done_on"], name="actiondone_by_rule")]


class ActionTold(Owned):
    """That a source told of something that a member did, and what it earned: [[rule code, points], …]. Only added, and
    the answer for ever, whatever the rules are by then. Of two who become one, one row of a source stays.
    """

    on_merge = OnMerge.UNITE

    pk = models.CompositePrimaryKey("customer", "action", "source")
    action = models.CharField(max_length=40, choices=Action.choices)
    source = models.CharField(max_length=120, db_collation="C")
    told_at = models.DateTimeField()
    earned = models.JSONField()

    class Meta:
        verbose_name = _("action that was told")


class AccrualDue(models.Model):
    """Purchases that came with many others: what they earn is worked out by a job. A row goes with its effect."""

    customer_id = models.BigIntegerField()
    purchase_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("purchase whose points are due")
