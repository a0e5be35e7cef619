"""What customers agreed to: events by channel and purpose, the wordings that were shown, guardians of minors."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.lib.owned import OnMerge, Owned


class ContactChannel(models.IntegerChoices):
    """How a person can be reached. ANY belongs to purposes that reach nobody."""

    ANY = 0, pgettext_lazy("channel", "any")
    PHONE = 1, _("Phone call")
    SMS = 2, _("SMS")
    EMAIL = 3, _("E-mail")
    WECHAT = 4, _("WeChat")
    PUSH = 5, _("App push")
    POST = 6, pgettext_lazy("channel", "Post")

    @property
    def code(self) -> str:
        return self.name.lower()


class Purpose(models.IntegerChoices):
    """What for. CONTACT is "do not contact" when it is refused: it overrides all others.

    What a contract or the law asks for (a receipt, the answer to one's own complaint, a recall) needs no consent and is
    not asked for here.
    """

    CONTACT = 0, _("Any contact")
    MARKETING = 1, _("Offers and news")
    SERVICE = 2, _("Service: reminders, follow-up, surveys")
    PROFILING = 3, _("Personal profile")
    SHARING = 4, _("Passing on to partners")

    @property
    def code(self) -> str:
        return self.name.lower()


REACHING = (Purpose.MARKETING, Purpose.SERVICE)  # asked for by channel


class Wording(models.Model):
    """A text that customers were shown, a version of it. Only added: what somebody agreed to never changes.

    `code` names it for other systems: "sms.marketing.en.2". Texts that nobody knows any more have a row without
    purpose, such as "unknown/import".
    """

    code = models.CharField(max_length=60, unique=True)
    purpose = models.PositiveSmallIntegerField(_("purpose"), choices=Purpose.choices, null=True)
    channel = models.PositiveSmallIntegerField(_("channel"), choices=ContactChannel.choices, null=True)
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    version = models.PositiveSmallIntegerField(_("version"), default=0)
    text = models.TextField(blank=True, default="")
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("wording")
        constraints = [
            models.UniqueConstraint(
                "purpose", "channel", "language", "version", name="wording_once_a_version"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ConsentRules(models.Model):
    """The chain's rules of consent. Rows are versions: the newest holds; without one, the law of its country."""

    adult_at = models.PositiveSmallIntegerField(_("age of consent"))
    created_by = models.CharField(max_length=80, default="system")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("rules of consent")
        constraints = [
            models.CheckConstraint(
                condition=Q(adult_at__gte=1, adult_at__lte=21), name="consent_age_is_an_age"
            )
        ]


class Consent(Owned):
    """One word of a customer: yes or no to a purpose by a channel. Only added; the database refuses UPDATE and DELETE.

    `is_given` None takes an earlier word back, as if nobody had asked. The state is the latest event by
    `occurred_at`; of those at the same time the most restrictive. See docs/algorithms/consent.md.
    """

    on_merge = OnMerge.CARRY

    purpose = models.PositiveSmallIntegerField(_("purpose"), choices=Purpose.choices)
    channel = models.PositiveSmallIntegerField(_("channel"), choices=ContactChannel.choices)
    is_given = models.BooleanField(_("agreed"), null=True)
    occurred_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(db_default=Now())
    wording = models.ForeignKey(
        Wording, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("wording")
    )
    source = models.CharField(
        _("source"), max_length=60
    )  # "counter", "api", "join:HARB", "merge:12", "undo:81"
    store_id = models.BigIntegerField(null=True)  # no constraint: history outlives what it names
    recorded_by = models.CharField(_("recorded by"), max_length=80)
    evidence = models.JSONField(default=dict)  # form and keyed digests, nothing that tells who

    class Meta:
        verbose_name = _("consent")
        indexes = [
            models.Index(
                fields=["customer", "purpose", "channel", "occurred_at"],
                include=["is_given"],
                name="consent_by_cell",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=(1, 2), channel__gte=1, channel__lte=6)
                | Q(purpose__in=(0, 3, 4), channel=0),
                name="consent_in_a_cell",
            ),
            models.CheckConstraint(condition=Q(occurred_at__lte=F("recorded_at")), name="consent_not_ahead"),
            models.CheckConstraint(
                condition=Q(is_given=False) | Q(is_given=None) | Q(purpose=0) | Q(wording__isnull=False),
                name="consent_says_to_what",
            ),
        ]


class Relation(models.TextChoices):
    MOTHER = "mother", _("Mother")
    FATHER = "father", _("Father")
    GUARDIAN = "guardian", _("Legal guardian")


class Verified(models.TextChoices):
    DOCUMENT = "document", _("Identity document seen")
    SIGNED = "signed", _("Signed form")
    CALLED = "called", _("Called back")


class Guardian(Owned):
    """Who consents for a minor, how that was verified, and from when until when it holds."""

    on_merge = OnMerge.CARRY

    name = models.CharField(pgettext_lazy("person", "name"), max_length=120)
    relation = models.CharField(_("relation"), max_length=10, choices=Relation.choices)
    verified = models.CharField(_("verified by"), max_length=10, choices=Verified.choices)
    confirmed_at = models.DateTimeField(_("confirmed"))
    ended_at = models.DateTimeField(null=True)
    recorded_by = models.CharField(max_length=80)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("guardian")
        indexes = [models.Index(fields=["customer"], name="guardian_by_customer")]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at__lte=F("recorded_at")), name="guardian_not_ahead"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("confirmed_at")),
                name="guardian_ends_after_start",
            ),
        ]
