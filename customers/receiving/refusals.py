"""What receiving says no to."""

from typing import ClassVar

from django.utils.translation import gettext as _

from crm.lib.refusals import Fault, Refusal


class InvalidEvent(Refusal):
    """The event cannot be used as it is; `faults` name the places. Nothing was kept."""

    code: ClassVar[str] = "invalid_event"

    @classmethod
    def at(cls, pointer: str, detail: str) -> "InvalidEvent":
        return cls(_("The event was not accepted."), faults=(Fault(pointer, detail),))


class ReceiptConflict(Refusal):
    """The same (source, external_id) is known with other content."""

    code: ClassVar[str] = "receipt_conflict"
    status: ClassVar[int] = 409

    def __init__(self, source: str, external_id: str) -> None:
        super().__init__(
            _("“%(id)s” of “%(source)s” was received before with other content.")
            % {"id": external_id, "source": source}
        )


class ReturnConflict(ReceiptConflict):
    code: ClassVar[str] = "return_conflict"


class TooManySources(InvalidEvent):
    """A sender names new sources without end: a receipt's number stands where the till's name belongs."""

    code: ClassVar[str] = "too_many_sources"


class BatchTooLarge(Refusal):
    code: ClassVar[str] = "batch_too_large"
    status: ClassVar[int] = 413
