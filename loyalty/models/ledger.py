"""The ledger of points: movements that are only added, lots, traces, balances (docs/algorithms/ledger.md).

A movement is one row with a column for each leg. Four legs are the member's (`available`, `pending`, `held` and,
owed by the member, `debt`), the fifth is the chain's (`contra`): what was issued, redeemed, expired, adjusted or
passed on, by the kind of the movement. A CHECK keeps their sum at zero, so no row can be half of a transaction.

| kind | available | pending | held | debt | contra |
|---|---|---|---|---|---|
| earn | + or | + | | | - issued |
| vest: the return window has ended | + | - | | | |
| redeem | - | | | | + redeemed |
| hold, while somebody pays | - | | + | | |
| capture of a hold | | | - | | + redeemed |
| release of a hold | + | | - | | |
| expire | - | | | | + expired |
| clawback: what was earned is taken again | - and | - and | | + | + issued |
| settle: points that come pay a debt | - | | | - | |
| reversal of a redemption: the same lots get them back | + | | | | - redeemed |
| adjustment | + or - | | | | the other way |
| transfer to or from another member | - or + | | | | the other way |
| forgiving a debt | | | | - | - adjusted |
| lending: a lot that is owed (*) | + | | | + | |

(*) What was spent while two customers were one, beyond what the one who spent it has (`parting.py`).

Balances and the counters of lots are written by triggers from movements and traces, and by nothing else: they cannot
disagree. The same triggers refuse a movement that no lot explains. (`loyalty/migrations/0002_guards.py`.)
"""

from datetime import UTC, datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import OnMerge, Owned, OwnedForeignKey
from crm.org.models import Store, public_id


class Unit(models.IntegerChoices):
    """What accounts count. Of money (stored value and what was given on top of it), a unit is the smallest coin."""

    POINTS = 1, _("Points")
    GROWTH = 2, _("Growth points")
    STORED = 3, _("Stored value")
    BONUS = 4, _("Bonus on stored value")

    @property
    def code(self) -> str:
        return self.name.lower()

    @property
    def is_money(self) -> bool:
        return self in {Unit.STORED, Unit.BONUS}


class Kind(models.IntegerChoices):
    """What a movement is (see the table above)."""

    EARN = 1, _("Earned")
    VEST = 2, _("Became available")
    REDEEM = 3, _("Redeemed")
    HOLD = 4, _("Held")
    CAPTURE = 5, _("Paid with held points")
    RELEASE = 6, _("Released")
    EXPIRE = 7, _("Expired")
    CLAWBACK = 8, _("Taken back")
    SETTLE = 9, _("Debt paid")
    REVERSAL = 10, _("Given back")
    ADJUST = 11, _("Adjusted")
    TRANSFER = 12, _("Transferred")
    FORGIVE = 13, _("Debt forgiven")
    LEND = 14, _("Lent")

    @property
    def code(self) -> str:
        return self.name.lower()


class Balance(Owned):
    """A member's account of one unit: the sums of its movements. Written by triggers; locked by whoever moves.

    `version` counts movements. `extended_to` ends the lots that live as long as their member is active. `parted`:
    customers whom a merge made one with this one, until it was undone; what was booked then may stand with them.
    """

    on_merge = OnMerge.STAY  # emptied and filled by the movements that leave and come

    pk = models.CompositePrimaryKey("customer", "unit")
    unit = models.SmallIntegerField(choices=Unit.choices)
    available = models.BigIntegerField(db_default=0)
    pending = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)
    debt = models.BigIntegerField(db_default=0)
    version = models.BigIntegerField(db_default=0)
    extended_to = models.DateTimeField(null=True)
    parted = ArrayField(models.BigIntegerField(), null=True)

    class Meta:
        verbose_name = _("balance")
        constraints = [
            models.CheckConstraint(
                condition=Q(available__gte=0, pending__gte=0, held__gte=0, debt__gte=0),
                name="balance_not_negative",
            )
        ]
        indexes = [
            models.Index(
                fields=["extended_to"], name="balance_by_end", condition=Q(extended_to__isnull=False)
            )
        ]

    @property
    def spendable(self) -> int:
        """What can be redeemed, apart from lots that have ended and that no run has seen yet."""
        return max(0, self.available - self.debt)


def _sign(*kinds: Kind, **legs: str) -> Q:
    """The legs of these kinds: "+" above zero, "-" below; "0+", "0-" also zero; legs not named are zero."""
    tests = {"+": "__gt", "-": "__lt", "0+": "__gte", "0-": "__lte"}
    condition = Q(kind__in=[kind.value for kind in kinds])
    for leg in ("available", "pending", "held", "debt", "contra"):
        sign = legs.get(leg, "0")
        if sign == "0":
            condition &= Q(**{leg: 0})
        else:
            condition &= Q(**{leg + tests[sign]: 0})
    return condition


SIGNS = (
    _sign(Kind.EARN, available="+", contra="-")
    | _sign(Kind.EARN, pending="+", contra="-")
    | _sign(Kind.VEST, available="+", pending="-")
    | _sign(Kind.REDEEM, available="-", contra="+")
    | _sign(Kind.HOLD, available="-", held="+")
    | _sign(Kind.CAPTURE, held="-", contra="+")
    | _sign(Kind.RELEASE, available="+", held="-")
    | _sign(Kind.EXPIRE, available="-", contra="+")
    | _sign(Kind.CLAWBACK, available="0-", pending="0-", debt="0+", contra="+")
    | _sign(Kind.SETTLE, available="-", debt="-")
    | _sign(Kind.REVERSAL, available="+", contra="-")
    | _sign(Kind.ADJUST, Kind.TRANSFER, available="+", contra="-")
    | _sign(Kind.ADJUST, Kind.TRANSFER, available="-", contra="+")
    | _sign(Kind.FORGIVE, debt="-", contra="-")
    | _sign(Kind.LEND, available="+", debt="+")
)


class Movement(Owned):
    """One movement of an account. Only added: a mistake is corrected by another movement.

    `source` names what caused it ("receipt:12", "till:88"), once a kind and account for ever. It holds nothing of a
    person, and names the thing itself, not the member: two members who are merged must not meet in one source.
    `of` is the movement that this one continues: a capture's hold, a reversal's redemption, a clawback's earning.
    """

    unit = models.SmallIntegerField(choices=Unit.choices)
    kind = models.SmallIntegerField(choices=Kind.choices)
    source = models.CharField(max_length=120, db_collation="C")
    of = OwnedForeignKey("self", models.PROTECT, null=True, related_name="followers")
    purchase = OwnedForeignKey("customers.Purchase", models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=80)
    available = models.BigIntegerField(db_default=0)
    pending = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)
    debt = models.BigIntegerField(db_default=0)
    contra = models.BigIntegerField(db_default=0)

    class Meta:
        verbose_name = _("movement of points")
        constraints = [
            models.UniqueConstraint("customer", "unit", "kind", "source", name="movement_once_per_source"),
            models.CheckConstraint(
                condition=Q(debt=F("available") + F("pending") + F("held") + F("contra")),
                name="movement_sums_to_zero",
            ),
            models.CheckConstraint(condition=SIGNS, name="movement_signs"),
            models.CheckConstraint(condition=~Q(source=""), name="movement_has_a_source"),
            models.CheckConstraint(
                condition=Q(
                    occurred_at__gte=datetime(2000, 1, 1, tzinfo=UTC),
                    occurred_at__lt=datetime(2100, 1, 1, tzinfo=UTC),
                ),
                name="movement_in_this_century",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-occurred_at", "-id"], name="movement_by_time"),
            models.Index(fields=["customer", "of"], name="movement_by_first", condition=Q(of__isnull=False)),
            models.Index(
                fields=["customer", "purchase"],
                name="movement_by_purchase",
                condition=Q(purchase__isnull=False),
            ),
            BrinIndex(fields=["recorded_at"], name="movement_by_booking", pages_per_range=32),
        ]

    @property
    def public_id(self) -> str:
        return public_id("mov").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("mov").decode(text)

    @property
    def points(self) -> int:
        """What the member sees: the change of what is theirs, however it is kept; of holds, what is set aside."""
        return self.available + self.pending + self.held - self.debt


class Lot(Owned):
    """Points that were issued together and end together. `points` were issued; the counters say where they are now.

    A lot with `vests_at` begins as pending. `expires_at` empty: never, or, where `is_extended`, with the balance.
    """

    unit = models.SmallIntegerField(choices=Unit.choices)
    movement = OwnedForeignKey(Movement, models.PROTECT, related_name="lots")
    points = models.BigIntegerField()
    earned_at = models.DateTimeField()
    vests_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    is_extended = models.BooleanField(db_default=False)
    pending = models.BigIntegerField(db_default=0)
    available = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)

    class Meta:
        verbose_name = _("lot of points")
        constraints = [
            models.CheckConstraint(
                condition=Q(points__gt=0, pending__gte=0, available__gte=0, held__gte=0)
                & Q(points__gte=F("pending") + F("available") + F("held")),
                name="lot_within_its_points",
            ),
            models.CheckConstraint(
                condition=Q(is_extended=False) | Q(expires_at__isnull=True), name="lot_ends_one_way"
            ),
        ]
        indexes = [
            models.Index(
                fields=["customer", "unit", "expires_at", "id"],
                name="lot_alive",
                condition=Q(available__gt=0) | Q(pending__gt=0) | Q(held__gt=0),
            ),
            models.Index(fields=["expires_at"], name="lot_ending", condition=Q(available__gt=0)),
            models.Index(fields=["vests_at"], name="lot_vesting", condition=Q(pending__gt=0)),
            models.Index(fields=["customer", "movement"], name="lot_of_movement"),
        ]


class Trace(Owned):
    """What one movement took from a lot (below zero) or gave it: the legs of the movement, lot by lot. Only added."""

    pk = models.CompositePrimaryKey("movement", "lot", "customer")
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    movement = OwnedForeignKey(Movement, models.PROTECT, related_name="traces")
    lot = OwnedForeignKey(Lot, models.PROTECT, related_name="traces")
    pending = models.BigIntegerField(db_default=0)
    available = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)

    class Meta:
        verbose_name = _("trace of points")
        constraints = [
            models.CheckConstraint(condition=~Q(pending=0, available=0, held=0), name="trace_moves_points")
        ]
        indexes = [models.Index(fields=["customer", "lot"], name="trace_of_lot")]
