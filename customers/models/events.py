"""Events from outside (web, app, other systems) before they are touches of somebody, and the visitors who caused them.

A *visitor* is a browser or a device under a random name that it gave itself: nobody's name. A *mark* says that at a
moment a visitor was known to be a customer (they signed in, signed up, bought). Which customer an event of a visitor
belongs to is a function of the marks alone: `customers/events/stitching.py`.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from crm.org.models import Store
from crm.org.scope import ScopedQuerySet
from customers.models.arrivals import Source
from customers.models.interactions import TouchChannel

LONGEST_VISITOR = 64


class EventState(models.IntegerChoices):
    APPLIED = 1, _("Applied")
    ANONYMOUS = 2, _("Of a visitor who is not known")
    QUARANTINED = 3, _("Needs a look")
    WITHHELD = 4, _("Kept from the profile: the customer said no")


class Event(models.Model):
    """One event from outside, known for ever by (source, external id).

    Not owned by a customer: its key must be unique across all of them, and an anonymous one has none. What it says
    stands in columns and in `data`; an identifier of a person that it named is not kept, only whose it was.
    `customer_id` is where its interaction was written; after a merge that is found through the signpost.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=120, db_collation="C")
    fingerprint = models.BinaryField(max_length=16)
    state = models.SmallIntegerField(choices=EventState.choices)
    reason = models.CharField(max_length=40, blank=True, db_default="")
    kind = models.CharField(max_length=32)
    channel = models.SmallIntegerField(choices=TouchChannel.choices)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    is_named = models.BooleanField(db_default=False)  # the event itself named the customer
    visitor = models.CharField(max_length=LONGEST_VISITOR, db_collation="C", blank=True, db_default="")
    customer_id = models.BigIntegerField(null=True)
    interaction_id = models.BigIntegerField(null=True)
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    store_code = models.CharField(max_length=32, blank=True, db_default="")  # of an unknown store
    data = models.JSONField(default=dict)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("event on the web or in the app")
        constraints = [models.UniqueConstraint("source", "external_id", name="event_once")]
        indexes = [
            models.Index(fields=["visitor"], name="event_of_visitor", condition=~models.Q(visitor="")),
            models.Index(
                fields=["customer_id"],
                name="event_of_customer",
                condition=models.Q(customer_id__isnull=False),
            ),
            models.Index(fields=["-id"], name="event_set_aside", condition=models.Q(state=3)),
            BrinIndex(fields=["occurred_at"], name="event_in_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Visitor(models.Model):
    """A browser or device. The row is also the lock under which its events and marks are looked at together."""

    code = models.CharField(max_length=LONGEST_VISITOR, primary_key=True, db_collation="C")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("visitor of a website")

    def __str__(self) -> str:
        return self.code


class VisitorMark(models.Model):
    """From `at` on the visitor was this customer. The customer stays as it was told; a merge is found by signpost."""

    visitor = models.CharField(max_length=LONGEST_VISITOR, db_collation="C")
    at = models.DateTimeField()
    customer_id = models.BigIntegerField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("mark of a visitor")
        constraints = [models.UniqueConstraint("visitor", "at", "customer_id", name="visitormark_once")]
        indexes = [models.Index(fields=["customer_id"], name="visitormark_of_customer")]

    def __str__(self) -> str:
        return f"{self.visitor} #{self.pk}"


class EventKind(models.Model):
    """A kind of event that this chain added to those that everybody has."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=60)
    is_on = models.BooleanField(_("accepted"), default=True)

    class Meta:
        verbose_name = _("kind of event")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


def new_site_key() -> str:
    return get_random_string(20, "abcdefghjkmnpqrstuvwxyz23456789")


class Site(models.Model):
    """A web site that may send events with our script. The key stands in its pages: it is no secret."""

    name = models.CharField(_("name"), max_length=80)
    key = models.CharField(max_length=20, unique=True, default=new_site_key, editable=False)
    domains = ArrayField(models.CharField(max_length=190), verbose_name=_("domains"))
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("web shop")
    )
    is_on = models.BooleanField(_("collects"), default=True)
    requires_consent = models.BooleanField(_("only with consent"), default=True)

    class Meta:
        verbose_name = _("web site")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def source_code(self) -> str:
        return f"web:{self.key}"


class SiteDay(models.Model):
    """What came from a site on a day (UTC), in numbers. No visitor can be told from it."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="days")
    day = models.DateField()
    events = models.IntegerField(default=0)
    duplicates = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    robots = models.IntegerField(default=0)
    without_consent = models.IntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    last_kind = models.CharField(max_length=32, blank=True, default="")
    last_reason = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("day of a website")
        constraints = [models.UniqueConstraint("site", "day", name="siteday_once")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.day}"
