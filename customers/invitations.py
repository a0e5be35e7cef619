"""Who brought a new member along. An app above says which codes there are and what comes of one.

    invitations.use(Invitations(read=…, take=…, is_open=…))       from `AppConfig.ready()`

Enrolment (Counter, forms, API) carries the code and hands it on in its own transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from crm.lib.refusals import Fault, Refusal


class InvalidInvitation(Refusal):
    """What was given can be no code of a member."""

    code: ClassVar[str] = "invalid_invitation"

    def __init__(self) -> None:
        words = _("This is no code of a member: a letter is wrong or missing.")
        super().__init__(words, faults=(Fault("/invited_by", words),))


@dataclass(frozen=True)
class Invitations:
    """`read(text)` gives the code as it is kept, or None where it cannot be one; it looks nothing up.

    `take(customer_id, code, at, by)` runs where the member was enrolled; a code that is nobody's does nothing.
    `is_open(at)`: whether members can bring others now, so that forms ask for a code.
    """

    read: Callable[[str], str | None]
    take: Callable[[int, str, datetime, Any], None]
    is_open: Callable[[datetime], bool]


_used: list[Invitations] = []


def use(invitations: Invitations) -> None:
    _used[:] = [invitations]


def is_open(at: datetime) -> bool:
    return bool(_used) and _used[0].is_open(at)


def read(text: str) -> str:
    """The code that somebody wrote, "" for nothing. Raises InvalidInvitation."""
    if not text.strip():
        return ""
    code = _used[0].read(text) if _used else None
    if code is None:
        raise InvalidInvitation
    return code


def take(customer_id: int, code: str, *, at: datetime, by: Any) -> None:
    if code and _used:
        _used[0].take(customer_id, code, at, by)
