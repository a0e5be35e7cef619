"""How RFM is scored, and what the groups are called."""

from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from segmentation import grid

colour_validator = RegexValidator(r"^#[0-9a-fA-F]{6}$", _("A colour such as #0f766e."))
code_validator = RegexValidator(r"^[a-z][a-z0-9_]{0,39}$", _("Small letters, digits and underscores."))


class Group(models.Model):
    """A named part of the grid: a row, so that a chain can rename, colour, order and add its own."""

    id = models.SmallAutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=40, unique=True, validators=[code_validator])
    names = models.JSONField(
        _("names"),
        default=dict,
        blank=True,
        help_text=_("Language code to name; empty means the product's own name."),
    )
    colour = models.CharField(_("colour"), max_length=7, default="#64748b", validators=[colour_validator])
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """In the reader's language: the chain's own name, else the product's, else the code."""
        own = self.names.get(get_language() or "en") or self.names.get("en")
        return str(own or grid.NAMES.get(self.code) or self.code)


class Method(models.TextChoices):
    QUANTILE = "quantile", _("Equal shares of customers")
    FIXED = "fixed", _("Fixed limits")


class Axis(models.TextChoices):
    """The second axis of the grid; the first is always recency."""

    COMBINED = "fm", _("Frequency and money together")
    FREQUENCY = "f", _("Frequency")


class Scheme(models.Model):
    """One version of the settings of RFM and value classes; the newest holds from the next night on.

    `grid[r - 1][x - 1]` is the code of the group for recency score r and second-axis score x, both 1 (lowest) to
    `buckets`. `cuts` are the limits of the fixed method: for each of "recency" (days), "frequency" (purchases) and
    "monetary" (whole currency) the largest value of each bucket but the last, rising. See docs/algorithms/rfm.md.
    """

    window_days = models.PositiveSmallIntegerField(_("window in days"), default=365)
    buckets = models.PositiveSmallIntegerField(_("number of scores"), default=5)
    method = models.CharField(_("method"), max_length=8, choices=Method.choices, default=Method.QUANTILE)
    cuts = models.JSONField(_("limits"), default=dict, blank=True)
    axis = models.CharField(_("second axis"), max_length=2, choices=Axis.choices, default=Axis.COMBINED)
    grid = models.JSONField(_("grid"), default=grid.default_grid)
    lapsed_group = models.CharField(
        _("group of those without a purchase in the window"), max_length=40, default="lost"
    )
    high_percent = models.PositiveSmallIntegerField(_("share of revenue of the high class, %"), default=50)
    medium_percent = models.PositiveSmallIntegerField(
        _("share of revenue of the medium class, %"), default=30
    )
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("scheme")
        constraints = [
            models.CheckConstraint(condition=Q(buckets__gte=3, buckets__lte=10), name="scheme_buckets"),
            models.CheckConstraint(
                condition=Q(window_days__gte=1, window_days__lte=3660), name="scheme_window"
            ),
            models.CheckConstraint(
                condition=Q(high_percent__gte=1, medium_percent__gte=1)
                & Q(high_percent__lte=98)
                & Q(medium_percent__lte=99 - models.F("high_percent")),
                name="scheme_value_shares",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @classmethod
    def current(cls) -> "Scheme":
        """The newest version; the first is made on first use."""
        found = cls.objects.order_by("-pk").first()
        if found is None:
            with trail.first_use("segmentation.scheme"):
                found = cls.objects.create()
        return found

    def cell_group(self, r: int, x: int) -> str:
        """The code of the group of a cell; (0, 0) is outside the grid."""
        return str(self.lapsed_group if r == 0 else self.grid[r - 1][x - 1])

    def settings(self) -> dict[str, Any]:
        """What a person can change, for forms and for the audit trail."""
        names = (
            "window_days",
            "buckets",
            "method",
            "cuts",
            "axis",
            "grid",
            "lapsed_group",
            "high_percent",
            "medium_percent",
        )
        return {name: getattr(self, name) for name in names}
