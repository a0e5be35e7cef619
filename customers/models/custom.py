"""Fields of a customer that an administrator defines. Their values stand in `Customer.custom` ({code: value})."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class FieldKind(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")
    CHOICE = "choice", _("Choice")
    FLAG = "flag", _("Yes or no")


class CustomField(models.Model):
    """One such field. `code` names it in files, in the API and in `Customer.custom`, for good.

    `choices`: [{"code", "label", "is_retired"}] of a choice; a retired one stays with those who have it and is not
    offered any more. `roles`: who sees the field; empty: everybody who sees the customer.
    """

    code = models.CharField(
        _("code"),
        max_length=32,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z][a-z0-9_]*$", _("Small letters, digits and underscores; a letter comes first.")
            )
        ],
    )
    label = models.CharField(_("label"), max_length=60)
    label_zh_hans = models.CharField(_("label in simplified Chinese"), max_length=60, blank=True, default="")
    label_zh_hant = models.CharField(_("label in traditional Chinese"), max_length=60, blank=True, default="")
    help = models.CharField(_("hint"), max_length=200, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=8, choices=FieldKind.choices)
    choices = models.JSONField(_("choices"), default=list, blank=True)
    is_required = models.BooleanField(_("must be filled in"), default=False)
    is_personal = models.BooleanField(
        _("personal data"),
        default=True,
        help_text=_("Tells something about the person: roles that see people masked do not see it."),
    )
    is_listed = models.BooleanField(
        _("in lists"),
        default=False,
        db_default=False,
        help_text=_("A column of the list of customers and of its export, and a filter above it."),
    )
    roles = ArrayField(models.CharField(max_length=20), verbose_name=_("seen by"), default=list, blank=True)
    order = models.PositiveSmallIntegerField(default=0, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)
    created_by = models.CharField(max_length=80, default="system", editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("customer field")
        verbose_name_plural = _("customer fields")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in FieldKind]), name="customfield_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def name(self) -> str:
        """The label in the reader's language, else as it was first given."""
        language = (get_language() or "").lower()
        own = {"zh-hans": self.label_zh_hans, "zh-hant": self.label_zh_hant}.get(language, "")
        return own or self.label

    def options(self, *, retired: bool = False) -> dict[str, str]:
        """Code to label of what may be chosen (`retired`: of all that ever could)."""
        rows: list[dict[str, Any]] = self.choices
        return {one["code"]: one["label"] for one in rows if retired or not one.get("is_retired")}
