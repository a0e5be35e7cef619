"""Families: customers who share what they may spend, and whose points went for what (see family-pooling.md).

What each has stays in the own account; tiers and growth are never shared.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import OnMerge, Owned, OwnedForeignKey
from crm.org.models import Store, public_id
from loyalty.models.ledger import Movement


class Family(models.Model):
    """A family. Its row is locked by whoever changes who is in it or what they share, and shared by who spends."""

    founded_at = models.DateTimeField()
    founded_by = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("family")

    def __str__(self) -> str:
        return f"#{self.pk}"


class JoinedBy(models.TextChoices):
    """How somebody said yes."""

    COUNTER = "counter", _("at the Counter, in person")
    CODE = "code", _("on the member page, by a code")
    API = "api", _("in another system")


class Left(models.TextChoices):
    """Why somebody is not in a family any more."""

    LEFT = "left", _("left")
    MERGED = "merged", _("became one with another customer")


class FamilySeat(Owned):
    """Somebody's place in a family: their yes (when, by whom, how), and whether others may spend their points.

    Who left has `left_at`; the row stays as history. The one who has been in it longest is the family's head, who
    invites others and sets nothing for them. `narrowed`: how many who were merged into them in the same family did not
    share; until they say it anew, nobody spends their points.
    """

    on_merge = OnMerge.STAY  # `loyalty/families/merging.py` gives the survivor a seat of their own

    family_id = models.BigIntegerField()
    joined_at = models.DateTimeField()
    joined_by = models.CharField(max_length=80)
    way = models.CharField(max_length=7, choices=JoinedBy.choices)
    shares = models.BooleanField(_("others may spend these points"))
    shares_at = models.DateTimeField()
    narrowed = models.PositiveSmallIntegerField(db_default=0)
    left_at = models.DateTimeField(null=True)
    left_by = models.CharField(max_length=80, blank=True, default="")
    why = models.CharField(max_length=6, choices=Left.choices, blank=True, default="")

    class Meta:
        verbose_name = _("place in a family")
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(left_at__isnull=True), name="family_one_a_person"
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True, left_by="", why="")
                | (Q(left_at__isnull=False) & ~Q(left_by="") & ~Q(why="")),
                name="family_left_by_whom",
            ),
            models.CheckConstraint(
                condition=~Q(joined_by="") & Q(way__in=JoinedBy.values), name="family_joined_by_whom"
            ),
        ]
        indexes = [
            models.Index(fields=["family_id"], name="family_seats", condition=Q(left_at__isnull=True)),
            models.Index(fields=["customer", "id"], name="family_seat_of_customer"),
        ]

    @property
    def is_sharing(self) -> bool:
        return self.shares and not self.narrowed


class FamilyInvite(models.Model):
    """A code by which one person can join, once and for a short time. Unique in the chain, so placed by code."""

    code = models.CharField(max_length=12, primary_key=True, db_collation="C")
    family_id = models.BigIntegerField()
    customer_id = models.BigIntegerField()  # who invites
    made_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invitation to a family")
        indexes = [models.Index(fields=["customer_id"], name="family_invites_of")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class FamilyRedemption(Owned):
    """Points that were spent with the family: the whole, of who spent. `source` names what caused it, once a person.

    `given_back` is how much of it came back.
    """

    family_id = models.BigIntegerField()
    source = models.CharField(max_length=120, db_collation="C")
    points = models.BigIntegerField()
    given_back = models.BigIntegerField(db_default=0)
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    redeemed_at = models.DateTimeField()
    actor = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("points spent with the family")
        constraints = [
            models.UniqueConstraint("customer", "source", name="family_redemption_once_per_source"),
            models.CheckConstraint(
                condition=Q(points__gt=0, given_back__gte=0, points__gte=F("given_back")) & ~Q(source=""),
                name="family_redemption_within_its_points",
            ),
        ]
        indexes = [models.Index(fields=["customer", "-redeemed_at"], name="family_redemption_by_time")]

    @property
    def public_id(self) -> str:
        return public_id("fam").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("fam").decode(text)


class FamilyPart(Owned):
    """What of a redemption came from one person: a movement of their own account. The parts sum to the whole.

    `spender_id` stays as it was; a merge is found by signpost. `place` counts the parts of a redemption from 0.
    """

    redemption_id = models.BigIntegerField()
    spender_id = models.BigIntegerField()
    place = models.PositiveSmallIntegerField()
    movement = OwnedForeignKey(Movement, models.PROTECT, related_name="+")
    points = models.BigIntegerField()

    class Meta:
        verbose_name = _("part of points spent with the family")
        constraints = [
            models.UniqueConstraint("customer", "movement", name="family_part_once"),
            models.CheckConstraint(condition=Q(points__gt=0), name="family_part_takes_points"),
        ]
        indexes = [models.Index(fields=["redemption_id"], name="family_parts")]
