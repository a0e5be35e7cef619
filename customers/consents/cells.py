"""Cells: a purpose by a channel, and their names for other systems."""

from typing import ClassVar, NamedTuple

from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from customers.models import REACHING, ContactChannel, Purpose


class UnknownCell(Refusal):
    code: ClassVar[str] = "unknown_consent"


class Cell(NamedTuple):
    purpose: Purpose
    channel: ContactChannel

    @property
    def code(self) -> str:
        """ "sms.marketing"; "profiling" for a purpose without channels."""
        own = self.purpose.code
        return own if self.channel == ContactChannel.ANY else f"{self.channel.code}.{own}"

    @property
    def label(self) -> str:
        """In words of the reader's language."""
        purpose, channel = str(self.purpose.label), str(self.channel.label)
        if self.channel == ContactChannel.ANY:
            return purpose
        return _("%(purpose)s by %(channel)s") % {"purpose": purpose, "channel": channel}


CHANNELS = tuple(channel for channel in ContactChannel if channel != ContactChannel.ANY)
PURPOSES = tuple(purpose for purpose in Purpose if purpose != Purpose.CONTACT)
NO_CONTACT = Cell(Purpose.CONTACT, ContactChannel.ANY)
# All that consent is asked for.
CELLS = tuple(
    Cell(purpose, channel)
    for purpose in PURPOSES
    for channel in (CHANNELS if purpose in REACHING else (ContactChannel.ANY,))
)
_BY_CODE = {one.code: one for one in (*CELLS, NO_CONTACT)}


def cell(channel: str | int | None, purpose: str | int) -> Cell:
    """The cell of a channel and a purpose, by their codes or members; a purpose without channels takes any.

    Raises UnknownCell.
    """
    try:
        what = Purpose[purpose.upper()] if isinstance(purpose, str) else Purpose(purpose)
        if what not in REACHING:
            return Cell(what, ContactChannel.ANY)
        how = ContactChannel[channel.upper()] if isinstance(channel, str) else ContactChannel(channel or 0)
    except (KeyError, ValueError):
        how = ContactChannel.ANY
        what = Purpose.MARKETING
    if how == ContactChannel.ANY:
        raise UnknownCell(_("There is no such channel or purpose."))
    return Cell(what, how)


def by_code(code: str) -> Cell | None:
    """ "sms.marketing" → its cell."""
    return _BY_CODE.get(code)
