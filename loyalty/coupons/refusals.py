"""What coupons refuse, each with what is missing. Then nothing has changed."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.lib.refusals import Refusal


class CouponUnknown(Refusal):
    """No such code, or not for this customer: the two are not told apart."""

    code: ClassVar[str] = "coupon_unknown"
    status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__(_("There is no coupon with this code."))


class CouponRefused(Refusal):
    """The coupon is there and may not be used like this."""

    code: ClassVar[str] = "coupon_refused"
    status: ClassVar[int] = 409


class CouponExpired(CouponRefused):
    code = "coupon_expired"

    def __init__(self, day: str) -> None:
        super().__init__(_("This coupon was good until %(day)s.") % {"day": day})


class CouponNotYet(CouponRefused):
    code = "coupon_not_yet"

    def __init__(self, day: str) -> None:
        super().__init__(_("This coupon is good from %(day)s on.") % {"day": day})


class CouponEnded(CouponRefused):
    code = "coupon_ended"

    def __init__(self) -> None:
        super().__init__(_("This offer has been ended."))


class CouponVoided(CouponRefused):
    code = "coupon_voided"

    def __init__(self) -> None:
        super().__init__(_("This coupon was declared void."))


class CouponUsed(CouponRefused):
    code = "coupon_used"

    def __init__(self) -> None:
        super().__init__(_("This coupon has been used."))


class CouponReserved(CouponRefused):
    code = "coupon_reserved"

    def __init__(self, clock: str) -> None:
        super().__init__(
            _("Somebody is paying with this coupon; it is free again at %(time)s.") % {"time": clock}
        )


class MinimumNotMet(CouponRefused):
    """`missing` in cents."""

    code = "minimum_not_met"

    def __init__(self, minimum: str, lacking: str, missing: int) -> None:
        self.missing = missing
        told = {"minimum": minimum, "missing": lacking}
        super().__init__(
            _("This coupon needs %(minimum)s of goods that it counts; %(missing)s is missing.") % told
        )


class NothingApplies(CouponRefused):
    code = "nothing_applies"

    def __init__(self) -> None:
        super().__init__(_("The basket holds nothing that this coupon is for."))


class WrongStore(CouponRefused):
    code = "wrong_store"

    def __init__(self, names: str) -> None:
        super().__init__(_("This coupon is not taken here, but in: %(stores)s.") % {"stores": names})


class WrongTier(CouponRefused):
    code = "wrong_tier"

    def __init__(self, names: str) -> None:
        super().__init__(_("This coupon is for members of: %(tiers)s.") % {"tiers": names})


class WrongDay(CouponRefused):
    code = "wrong_day"

    def __init__(self, names: str) -> None:
        super().__init__(_("This coupon is taken on: %(days)s.") % {"days": names})


class LimitReached(CouponRefused):
    """`per`: "customer", "day" or "total"."""

    code = "limit_reached"

    def __init__(self, per: str, most: int) -> None:
        self.per = per
        sentences: dict[str, Any] = {
            "customer": ngettext(
                "A customer may use it %(n)s time.", "A customer may use it %(n)s times.", most
            ),
            "day": ngettext(
                "A customer may use it %(n)s time a day.", "A customer may use it %(n)s times a day.", most
            ),
            "total": ngettext(
                "It could be used %(n)s time in all.", "It could be used %(n)s times in all.", most
            ),
        }
        super().__init__(sentences[per] % {"n": most})


class BudgetSpent(CouponRefused):
    code = "budget_spent"

    def __init__(self) -> None:
        super().__init__(_("What was set aside for this offer has been given away."))


class NotCombinable(CouponRefused):
    code = "not_combinable"

    def __init__(self, name: str) -> None:
        super().__init__(_("This coupon cannot be used together with “%(name)s”.") % {"name": name})


class CustomerNeeded(Refusal):
    """A shared code counts its uses by customer."""

    code: ClassVar[str] = "customer_needed"

    def __init__(self) -> None:
        super().__init__(_("Say which customer uses this code."))


class BasketNeeded(Refusal):
    code: ClassVar[str] = "basket_needed"

    def __init__(self) -> None:
        super().__init__(_("Nothing was reserved, so the basket is needed."))


class UseConflict(Refusal):
    """The same checkout redeemed this coupon before, for another amount."""

    code: ClassVar[str] = "source_conflict"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("This checkout has used the coupon before, for another amount."))


class CouponGivenBack(Refusal):
    """The checkout redeemed this coupon and gave it back: what it sells now is another checkout."""

    code: ClassVar[str] = "coupon_given_back"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("This checkout gave the coupon back. Another sale needs a number of its own."))


class NotReserved(Refusal):
    code: ClassVar[str] = "not_reserved"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("This checkout has not reserved the coupon."))


class NotRedeemed(Refusal):
    code: ClassVar[str] = "not_redeemed"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("This use of a coupon is not there, or was never completed."))


class CannotVoid(Refusal):
    code: ClassVar[str] = "cannot_void"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("A coupon that is used or reserved cannot be declared void."))


class InvalidTerms(Refusal):
    """Terms that cannot be kept; the faults name the fields."""

    code: ClassVar[str] = "invalid_terms"

    def __init__(self, *faults: Any) -> None:
        super().__init__(_("The coupon cannot be used like this."), faults=tuple(faults))


class SharedCode(Refusal):
    code: ClassVar[str] = "shared_code"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("Everybody uses the one code of this offer: nothing is issued."))
