"""What the inbox of events says no to."""

from typing import ClassVar

from crm.lib.refusals import Refusal


class BatchRefused(Refusal):
    """The batch as a whole cannot be read; nothing was kept."""

    code: ClassVar[str] = "invalid_events"


class TooManyEvents(Refusal):
    code: ClassVar[str] = "too_many_events"
    status: ClassVar[int] = 413


class CannotReplay(Refusal):
    code: ClassVar[str] = "nothing_to_replay"
    status: ClassVar[int] = 409
