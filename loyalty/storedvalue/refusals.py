"""What stored value refuses. Then nothing has changed."""

from typing import ClassVar

from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from loyalty.storedvalue.cents import said


class StoredRefused(Refusal):
    code: ClassVar[str] = "stored_refused"
    status: ClassVar[int] = 409


class InvalidAmount(Refusal):
    code: ClassVar[str] = "invalid_amount"

    def __init__(self) -> None:
        super().__init__(_("The amount must be above zero."))


class StoredInvalid(Refusal):
    """Settings or an offer that cannot be kept."""

    code: ClassVar[str] = "stored_invalid"


class NotOpen(StoredRefused):
    code = "stored_not_open"

    def __init__(self) -> None:
        super().__init__(_("Members cannot top up at the moment."))


class TopUpTooLarge(StoredRefused):
    code = "top_up_too_large"

    def __init__(self, most: int) -> None:
        super().__init__(_("At most %(money)s is paid in at once.") % {"money": said(most)})


class BalanceTooLarge(StoredRefused):
    code = "balance_too_large"

    def __init__(self, most: int, there: int) -> None:
        told = {"most": said(most), "there": said(there)}
        super().__init__(_("A member has %(most)s at most, bonus included; %(there)s is there.") % told)


class OfferUnfit(StoredRefused):
    code = "offer_unfit"

    def __init__(self) -> None:
        super().__init__(_("This offer is not for this amount, day, store or member."))


class InsufficientStored(StoredRefused):
    """`there` is what can be spent, principal and bonus together."""

    code = "insufficient_stored_value"

    def __init__(self, there: int) -> None:
        self.there = there
        super().__init__(_("There is only %(money)s to pay with.") % {"money": said(there)})


class NotLeft(StoredRefused):
    code = "nothing_left"

    def __init__(self, left: int) -> None:
        self.left = left
        sentence = _("All of it was given back before.") if not left else _("Only %(money)s of it is left.")
        super().__init__(sentence % {"money": said(left)})


class NothingStored(StoredRefused):
    code = "nothing_stored"

    def __init__(self) -> None:
        super().__init__(_("There is nothing to pay out."))


class AlreadySpent(StoredRefused):
    code = "top_up_spent"

    def __init__(self) -> None:
        super().__init__(_("Some of this top-up has been spent. Pay the rest out instead."))


class AlreadyUndone(StoredRefused):
    code = "top_up_undone"

    def __init__(self) -> None:
        super().__init__(_("This top-up was undone before."))


class AlreadyWaiting(StoredRefused):
    code = "pay_out_waits"

    def __init__(self) -> None:
        super().__init__(_("A pay-out for this member waits for approval already."))


class SourceTaken(StoredRefused):
    """The same key stands for something else."""

    code = "source_conflict"

    def __init__(self) -> None:
        super().__init__(_("The same key was used for something else before."))


class NoSuchOperation(Refusal):
    code: ClassVar[str] = "unknown_stored_operation"
    status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__(_("There is no such top-up or payment."))
