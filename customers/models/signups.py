"""The public sign-up form of a store, and what people sent through it."""

import secrets

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.org.models import Store
from crm.org.scope import ScopedQuerySet


def _new_code() -> str:
    return secrets.token_hex(6)


class SignUpForm(models.Model):
    """A store's form: its address holds `code`, which tells nothing. Off: the address says that it is closed."""

    store = models.OneToOneField(Store, models.PROTECT, related_name="+")
    code = models.CharField(max_length=16, unique=True, default=_new_code)
    is_on = models.BooleanField(_("open"), default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("sign-up form")


class SignUpState(models.IntegerChoices):
    NEW = 1, _("Just came in")
    ENROLLED = 2, _("Enrolled")
    WAITING = 3, _("Waits for a look")  # an identifier is somebody's already
    ACCEPTED = 4, _("Accepted")
    DISMISSED = 5, _("Dismissed")


class SignUp(models.Model):
    """What somebody sent through a form. `facts` holds what they told until it has been decided, then nothing."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    state = models.PositiveSmallIntegerField(choices=SignUpState.choices, default=SignUpState.NEW)
    facts = models.JSONField(default=dict)
    customer_id = models.BigIntegerField(null=True)  # who was enrolled, or whose identifier it is
    received_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True, default="")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-up")
        indexes = [
            models.Index(fields=["store", "received_at"], name="signup_by_store"),
            models.Index(fields=["state", "id"], name="signup_undecided", condition=Q(state__in=(1, 3))),
            models.Index(fields=["customer_id"], name="signup_by_customer"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=(1, 3)) | Q(facts={}, decided_at__isnull=False),
                name="signup_decided_is_empty",
            )
        ]
