"""Keys, and the answers that were given under an Idempotency-Key."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.org.models import Store
from crm.rest import scopes as key_scopes


class ApiKey(models.Model):
    """A key of another system. The key itself is shown once; we keep its SHA-256 (it is 256 random bits, so a slow
    hash would add nothing) and its first letters, by which people tell keys apart.

    A key sees the whole chain or the stores it was made for. It is revoked, never deleted: the trail names it.
    """

    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("begins with"), max_length=12, unique=True, editable=False)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=32, choices=key_scopes.choices), verbose_name=pgettext_lazy("key", "may")
    )
    # Said apart from the stores, so that no list that became empty can ever mean "everything".
    is_chain_wide = models.BooleanField(_("whole chain"), default=False)
    stores = models.ManyToManyField(Store, blank=True, related_name="+", verbose_name=_("only these stores"))
    rate_per_minute = models.PositiveIntegerField(_("calls a minute"), null=True, blank=True)
    created_by = models.CharField(max_length=80, editable=False)
    created_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["name", "id"]
        constraints = [models.CheckConstraint(condition=~models.Q(scopes=[]), name="apikey_has_scope")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class StoredAnswer(models.Model):
    """What a POST with an Idempotency-Key was answered. Written in the transaction of its effect, kept for 30 days.

    (A receipt's or return's own key, source and external id, never expires: see `Arrival`.)
    """

    api_key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+", db_index=False)
    idempotency_key = models.CharField(
        max_length=255, db_collation="C"
    )  # a digest of it (`idempotency.digest`)
    fingerprint = models.BinaryField(max_length=16)  # of address and body
    path = models.CharField(max_length=200, default="", db_default="")  # it says whose note was answered
    status = models.SmallIntegerField(null=True)  # null only inside the transaction that fills it
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("kept answer of the API")
        constraints = [models.UniqueConstraint("api_key", "idempotency_key", name="storedanswer_once")]
        indexes = [models.Index(fields=["created_at"], name="storedanswer_by_age")]
