"""What rewards refuse. Then nothing has changed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Fault, Refusal


class RewardRefused(Refusal):
    code: ClassVar[str] = "reward_refused"
    status: ClassVar[int] = 409


class RewardEnded(RewardRefused):
    code = "reward_ended"

    def __init__(self) -> None:
        super().__init__(_("This reward is not given any more."))


class RewardNotNow(RewardRefused):
    code = "reward_not_now"

    def __init__(self, first: str, last: str) -> None:
        super().__init__(
            _("This reward is given from %(first)s to %(last)s.") % {"first": first, "last": last}
        )


class RewardNotHere(RewardRefused):
    code = "wrong_store"

    def __init__(self, names: str) -> None:
        super().__init__(_("This reward is not given here, but in: %(stores)s.") % {"stores": names})


class RewardNotForTier(RewardRefused):
    code = "wrong_tier"

    def __init__(self, names: str) -> None:
        super().__init__(_("This reward is for members of: %(tiers)s.") % {"tiers": names})


class RewardLimit(RewardRefused):
    code = "limit_reached"

    def __init__(self, most: int) -> None:
        sentence = ngettext("A customer gets it %(n)s time.", "A customer gets it %(n)s times.", most)
        super().__init__(sentence % {"n": most})


class OutOfStock(RewardRefused):
    code = "out_of_stock"

    def __init__(self) -> None:
        super().__init__(_("This store has none of it left."))


class StoreNeeded(Refusal):
    code: ClassVar[str] = "store_needed"

    def __init__(self) -> None:
        super().__init__(_("Say in which store: this reward is counted in stock."))


class CouponWasUsed(RewardRefused):
    code = "coupon_used"

    def __init__(self) -> None:
        super().__init__(_("The coupon of this reward has been used or is reserved."))


class RewardGivenBack(RewardRefused):
    """The same number took this reward and gave it back."""

    code = "reward_given_back"

    def __init__(self) -> None:
        super().__init__(
            _("This reward was taken and given back. Taking it again needs a number of its own.")
        )


class NoSuchRedemption(Refusal):
    code: ClassVar[str] = "redemption_unknown"
    status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__(_("There is no such redeemed reward."))


class NotReady(RewardRefused):
    code = "not_ready"

    def __init__(self) -> None:
        super().__init__(_("This was handed over, sent or cancelled already."))


class InvalidReward(Refusal):
    code: ClassVar[str] = "invalid_terms"

    def __init__(self, *faults: Any) -> None:
        super().__init__(_("The reward cannot be kept like this."), faults=tuple(faults))


class InvalidStock(Refusal):
    code: ClassVar[str] = "invalid_stock"

    def __init__(self, store: int) -> None:
        sentence = str(_("A whole number, not below zero."))
        super().__init__(sentence, faults=(Fault(f"/store-{store}", sentence),))


class StockMoved(ChangedMeanwhile):
    """Of these stores (by number) the stock is another by now than what was seen: counted, taken or given back."""

    code = "stock_moved"

    def __init__(self, now: Mapping[int, int | None]) -> None:
        super().__init__({f"store-{store}": quantity for store, quantity in now.items()})
