"""What the ledger refuses. Then nothing has changed."""

from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.lib.refusals import Refusal


class InsufficientPoints(Refusal):
    """There is less than was asked for. `spendable` is what there is."""

    code: ClassVar[str] = "insufficient_points"
    status: ClassVar[int] = 409

    def __init__(self, spendable: int) -> None:
        self.spendable = spendable
        sentence = ngettext("There is %(n)s to spend.", "There are %(n)s to spend.", spendable) % {
            "n": spendable
        }
        super().__init__(sentence)


class InvalidPoints(Refusal):
    """A number of points that no movement can have."""

    code: ClassVar[str] = "invalid_points"

    def __init__(self) -> None:
        super().__init__(
            _("The number of points must be a whole number from 1 to %(most)s.") % {"most": MOST}
        )


class SourceConflict(Refusal):
    """The same source was booked before with other content."""

    code: ClassVar[str] = "source_conflict"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(
            _("The same was booked before for something else, or with another number of points.")
        )


class NothingToContinue(Refusal):
    """A capture, release, reversal or clawback of something that is not there, or of more than is left of it."""

    code: ClassVar[str] = "nothing_left"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("That is not there, or less is left of it."))


MOST = 10**12
