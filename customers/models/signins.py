"""How customers sign in to their own pages: one-time codes and sessions (`customers/signins/`)."""

import secrets

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


def new_key() -> str:
    return secrets.token_urlsafe(32)


class SignInCode(models.Model):
    """Somebody asked for a code. The row is there whether or not a member has the identifier: nobody learns which.

    `key` is what the browser holds; `who` a keyed digest of the identifier, for counting; `secret` a keyed digest of
    the code, "" until it was sent. Neither the identifier nor the code is kept.
    """

    key = models.CharField(max_length=43, unique=True, default=new_key)
    who = models.CharField(max_length=24, db_collation="C")
    customer_id = models.BigIntegerField(null=True)
    identity_id = models.BigIntegerField(null=True)
    language = models.CharField(max_length=10)
    secret = models.CharField(max_length=64, blank=True, default="")
    tries = models.PositiveSmallIntegerField(db_default=0)
    failures = models.PositiveSmallIntegerField(db_default=0)  # of sending
    asked_at = models.DateTimeField()
    until = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("one-time code")
        indexes = [
            models.Index(fields=["who", "asked_at"], name="signincode_by_who"),
            models.Index(
                fields=["id"],
                name="signincode_to_send",
                condition=Q(sent_at__isnull=True, customer_id__isnull=False),
            ),
            models.Index(fields=["customer_id"], name="signincode_of_customer"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MemberSession(models.Model):
    """A browser in which a customer is signed in, by an identifier that must still be theirs. `secret` is a digest."""

    secret = models.CharField(max_length=64, unique=True)
    customer_id = models.BigIntegerField()
    identity_id = models.BigIntegerField()
    began_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("session of a member")
        indexes = [
            models.Index(fields=["customer_id"], name="membersession_of_customer"),
            models.Index(fields=["until"], name="membersession_by_end"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
