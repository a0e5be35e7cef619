"""What a tier gives, in words for people."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.ui import words
from loyalty.models import Benefit, BenefitKind


def in_words(one: Benefit) -> str:
    """ "2% off", "Windows open 5 days before others"."""
    n = one.value.normalize()
    if one.coupon is not None:
        return _("Birthday gift: %(name)s") % {"name": one.coupon.name}
    if one.reward is not None:
        told = ngettext("%(n)s free trial of %(name)s a year", "%(n)s free trials of %(name)s a year", int(n))
        return told % {"n": _exact(n), "name": one.reward.name}
    return _counted(BenefitKind(one.kind), n)


def _counted(kind: BenefitKind, n: Decimal) -> str:
    told = {
        BenefitKind.MULTIPLIER: lambda: _("Points × %(n)s"),
        BenefitKind.DISCOUNT: lambda: _("%(n)s%% off"),
        BenefitKind.EARLY_ACCESS: lambda: ngettext(
            "Windows open %(n)s day before others", "Windows open %(n)s days before others", int(n)
        ),
        BenefitKind.BIRTHDAY_GIFT: lambda: ngettext(
            "Birthday gift: %(n)s point", "Birthday gift: %(n)s points", int(n)
        ),
    }.get(kind, lambda: str(kind.label).replace("%", "%%"))()
    return told % {"n": _exact(n)}


def _exact(n: Decimal) -> str:
    """1.25 is 1.25, and 2 is 2."""
    return words.number(n, 2).rstrip("0").rstrip(".,")
