"""What privacy keeps of its own: certificates, requests, reveals, rules of retention, the chain's settings."""

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.org.models import Staff, Store
from crm.org.scope import ScopedQuerySet


class RequestKind(models.TextChoices):
    ACCESS = "access", _("Access")
    RECTIFICATION = "rectification", _("Correction")
    ERASURE = "erasure", _("Erasure")
    RESTRICTION = "restriction", _("Restriction")
    OBJECTION = "objection", _("Objection")


class RequestState(models.TextChoices):
    OPEN = "open", pgettext_lazy("state", "Open")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class IdentityCheck(models.TextChoices):
    """How somebody made sure that it is the person who asks."""

    CODE = "code", _("A code sent to a known phone or e-mail")
    COUNTER = "counter", _("In the store, with card or identity document")
    CALL = "call", _("A call back to a known number, with questions")
    REPRESENTATIVE = "representative", _("A representative, with a mandate")
    GUARDIAN = "guardian", _("A guardian, with proof")


class Request(models.Model):
    """What a person asked of us, and until when it must be answered. Only numbers: what they said stays elsewhere.

    `customer_id` is no foreign key: requests outlive the person's data and are kept on the ground floor.
    """

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=RequestKind.choices)
    customer_id = models.BigIntegerField(null=True)
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("store")
    )
    received_on = models.DateField(_("received"))
    due_on = models.DateField(_("to be answered by"))
    owner = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    check_kind = models.CharField(
        _("identity checked"), max_length=16, blank=True, choices=IdentityCheck.choices
    )
    checked_at = models.DateTimeField(null=True)
    state = models.CharField(
        _("state"), max_length=12, choices=RequestState.choices, default=RequestState.OPEN
    )
    outcome = models.CharField(_("outcome"), max_length=300, blank=True, default="")
    exported_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=80, blank=True, default="")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("privacy request")
        constraints = [
            models.CheckConstraint(
                condition=Q(due_on__gte=F("received_on")), name="privacyrequest_due_later"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="privacyrequest_closed_when",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], name="privacyrequest_open", condition=Q(state="open")),
            models.Index(fields=["customer_id", "id"], name="privacyrequest_of"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class Certificate(models.Model):
    """That a person was erased: what, when, by whom. `digests` prove later that an identifier was theirs.

    Only added. `key` is the same after a restore, when the erasure is done again from the erasure log; then
    `replayed_at` says when, and `was_there` whether there was anything to erase.
    """

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    customer_id = models.BigIntegerField(db_index=True)
    customer_ids = ArrayField(models.BigIntegerField(), default=list)
    born_at = models.DateTimeField()
    store_id = models.BigIntegerField(null=True)
    erased_at = models.DateTimeField(_("erased"))
    erased_by = models.CharField(_("by"), max_length=80)
    request = models.ForeignKey(Request, models.PROTECT, null=True, related_name="certificates")
    counts = models.JSONField(default=dict)  # table or place to {"rows": n, "columns": [name]}
    digests = ArrayField(models.CharField(max_length=32), default=list)
    trail_id = models.BigIntegerField(null=True)  # the entry of the audit trail
    was_there = models.BooleanField(default=True)
    replayed_at = models.DateTimeField(null=True)
    logged_at = models.DateTimeField(null=True)  # written to the erasure log

    class Meta:
        verbose_name = _("certificate of erasure")
        indexes = [models.Index(fields=["-erased_at", "-id"], name="certificate_by_time")]

    def __str__(self) -> str:
        return str(self.key)


class RevealReason(models.TextChoices):
    CONTACT = "contact", _("To call or write to them")
    VERIFY = "verify", _("To make sure who it is")
    CORRECT = "correct", _("To correct what is wrong")
    REQUEST = "request", _("For a privacy request")
    OTHER = "other", _("Another reason")
    NONE = "none", _("None given")  # where none is asked for; nobody chooses it

    @classmethod
    def chosen(cls) -> list["RevealReason"]:
        """Those that a person can give."""
        return [one for one in cls if one is not cls.NONE]


class Reveal(models.Model):
    """Somebody was shown in full what their role sees masked."""

    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    customer_id = models.BigIntegerField(db_index=True)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    what = models.CharField(max_length=40)  # "phone", "birthday"
    reason = models.CharField(
        _("reason"), max_length=12, choices=RevealReason.choices, default=RevealReason.NONE
    )
    at = models.DateTimeField(db_default=Now())

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("reveal")
        indexes = [
            models.Index(fields=["-at", "-id"], name="reveal_by_time"),
            models.Index(fields=["staff", "-at"], name="reveal_by_staff"),
        ]

    def __str__(self) -> str:
        return f"{self.what} #{self.pk}"


class RetentionSetting(models.Model):
    """Whether a rule of retention is on, and after how many days. Rules themselves stand in code (`retention.py`)."""

    name = models.CharField(max_length=40, primary_key=True)
    is_on = models.BooleanField(default=False)
    days = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(36_500)])
    changed_by = models.CharField(max_length=80)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("retention rule")
        constraints = [models.CheckConstraint(condition=Q(days__gte=1), name="retention_days")]

    def __str__(self) -> str:
        return self.name


class Law(models.TextChoices):
    GDPR = "gdpr", _("GDPR: one month")
    PIPL = "pipl", _("PIPL: 15 working days")
    CCPA = "ccpa", _("CCPA: 45 days")
    OWN = "own", _("The chain's own number of days")


class PrivacySettings(models.Model):
    """The chain's choices. One row; without one, the law follows from the chain's country."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    law = models.CharField(_("deadline of requests"), max_length=8, choices=Law.choices)
    own_days = models.PositiveSmallIntegerField(
        _("own number of days"), default=30, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    officer = models.CharField(
        _("privacy officer"), max_length=120, blank=True, default="",
        help_text=_("Who answers people's questions; stands on exports and certificates."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("privacy settings")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="privacysettings_is_one")]

    def __str__(self) -> str:
        return self.law
