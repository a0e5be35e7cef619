"""What is refused. Then nothing has changed."""

from typing import ClassVar

from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal


class InvalidAdjustment(Refusal):
    code: ClassVar[str] = "invalid_adjustment"


class SameEyes(Refusal):
    """Who asked may not agree."""

    code: ClassVar[str] = "four_eyes"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("You asked for this yourself; somebody else decides."))


class AlreadyDecided(Refusal):
    code: ClassVar[str] = "already_decided"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("Somebody was first: this has been decided or undone."))


class ReceiptKnown(Refusal):
    """The points of this receipt were given already, by itself or by hand."""

    code: ClassVar[str] = "receipt_known"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("This receipt is known already; its points were given."))


class UndoNeedsApprover(Refusal):
    """What needed a second person to book needs one who may approve to undo."""

    code: ClassVar[str] = "undo_needs_approver"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("This was above a limit; who may approve points can undo it."))
