"""What tiers give, and the gifts that came of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import OnMerge, Owned
from loyalty.models.coupons import CouponDefinition
from loyalty.models.rewards import Reward
from loyalty.models.tiers import Tier


class BenefitKind(models.IntegerChoices):
    MULTIPLIER = 1, _("Points multiplied by")
    DISCOUNT = 2, _("Discount in percent")
    EARLY_ACCESS = 3, _("Early access, days before others")
    FREE_TRIAL = 4, _("Free trials a year")
    AGENT = 5, _("A dedicated agent")
    BIRTHDAY_GIFT = 6, _("Birthday gift, points")

    @property
    def code(self) -> str:
        return self.name.lower()


class Benefit(models.Model):
    """What a tier gives, as data that other parts honour (`loyalty/tiers/benefits.py`).

    A birthday gift is so many points, or the `coupon`; a free trial is of the `reward`.
    """

    tier = models.ForeignKey(Tier, models.PROTECT, related_name="benefits")
    kind = models.SmallIntegerField(_("kind"), choices=BenefitKind.choices)
    value = models.DecimalField(_("value"), max_digits=9, decimal_places=2)
    coupon = models.ForeignKey(
        CouponDefinition, models.PROTECT, null=True, related_name="+", verbose_name=_("coupon")
    )
    reward = models.ForeignKey(Reward, models.PROTECT, null=True, related_name="+", verbose_name=_("reward"))

    class Meta:
        verbose_name = _("benefit of a tier")
        constraints = [
            models.UniqueConstraint("tier", "kind", name="benefit_once_a_tier"),
            models.CheckConstraint(condition=Q(value__gt=0), name="benefit_gives_something"),
            models.CheckConstraint(condition=~Q(kind=2) | Q(value__lte=100), name="benefit_percent"),
            models.CheckConstraint(condition=Q(reward__isnull=True) | Q(kind=4), name="benefit_reward"),
            models.CheckConstraint(
                condition=Q(coupon__isnull=True) | Q(kind=6, value=1), name="benefit_coupon"
            ),
        ]


class BirthdayGift(Owned):
    """That a member got the gift of a birthday, once a year: `year` is that of the birthday. Of two who become one, one
    stays. The points are the movement, the coupon is that of the source "birthday:<year>:<customer>".
    """

    on_merge = OnMerge.UNITE

    pk = models.CompositePrimaryKey("customer", "year")
    year = models.SmallIntegerField()
    tier = models.CharField(max_length=24)
    points = models.BigIntegerField()
    coupon = models.ForeignKey(
        CouponDefinition, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    given_on = models.DateField()
    given_at = models.DateTimeField()

    class Meta:
        verbose_name = _("birthday gift")
