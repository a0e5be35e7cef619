"""Who sees which personal data how: one table, used by pages, exports and the API alike.

A role that is not named sees nothing. What is masked can be revealed where the role may, one value at a time; each
reveal is written down (`reveals.py`), with a reason where the role must give one.
"""

import re
from enum import StrEnum
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Role


class What(TextChoices):
    NAME = "name", pgettext_lazy("person", "Name")
    CONTACT = "contact", _("Phone, e-mail, WeChat")
    NUMBER = "number", _("Member number, card, account")
    BIRTHDAY = "birthday", _("Birthday")
    OWN = "own", _("Address, and own fields that are personal")


class Sight(TextChoices):
    FULL = "full", _("in full")
    MASKED = "masked", _("masked")
    BAND = "band", _("as an age band")
    HIDDEN = "hidden", _("not at all")


class Reveals(StrEnum):
    NO = "no"
    FREE = "free"  # serving a customer: no reason is asked
    WITH_REASON = "with_reason"


_F, _M, _B, _H = Sight.FULL, Sight.MASKED, Sight.BAND, Sight.HIDDEN
_ORDER = (What.NAME, What.CONTACT, What.NUMBER, What.BIRTHDAY, What.OWN)
_TABLE: dict[Role, tuple[tuple[Sight, ...], Reveals]] = {
    Role.CLERK: ((_F, _M, _M, _F, _F), Reveals.FREE),
    Role.AGENT: ((_F, _M, _M, _F, _F), Reveals.FREE),
    Role.STORE_MANAGER: ((_F, _M, _M, _F, _F), Reveals.FREE),
    Role.REGIONAL_MANAGER: ((_F, _M, _M, _F, _F), Reveals.WITH_REASON),
    Role.MARKETER: ((_F, _M, _M, _F, _F), Reveals.WITH_REASON),
    Role.ANALYST: ((_M, _H, _H, _B, _H), Reveals.NO),
    Role.ADMINISTRATOR: ((_F, _M, _M, _F, _F), Reveals.WITH_REASON),
    Role.INTEGRATION: ((_F, _F, _F, _F, _F), Reveals.NO),
}

BLOT = "•••"
_LETTER = (
    r"[^\W\u3400-\u9fff]"  # Chinese is written without blanks: what stands before an address is not of it
)
_EMAIL = re.compile(
    rf"(?:{_LETTER}|[.%+'-]){{1,64}}[@＠](?:{_LETTER}|-){{1,64}}(?:\.(?:{_LETTER}|-){{1,64}})+"
)
_NUMBER = re.compile(
    r"[+＋]?[(（]?\d(?:[^\S\n]|[-.+()/（）＋‐-―－．])*(?:\d(?:[^\S\n]|[-.+()/（）＋‐-―－．])*){3,}\d"
)


def sight(viewer: Any, what: What) -> Sight:
    """How this person or key sees that. An API key is an integration: its scopes say whether it reads at all."""
    known = _TABLE.get(_role(viewer))
    return known[0][_ORDER.index(what)] if known else Sight.HIDDEN


def text(viewer: Any, words: str) -> str:
    """What somebody wrote freely about a customer, a note, as this person or key sees it.

    Where contacts are masked, numbers of five digits and more and e-mail addresses are blotted out. A name can stand
    anywhere in it: whoever does not see names in full reads nothing of it.
    """
    if sight(viewer, What.NAME) is not Sight.FULL:
        return gettext("Notes are not shown to your role.")
    if sight(viewer, What.CONTACT) is not Sight.FULL:
        return _NUMBER.sub(BLOT, _EMAIL.sub(BLOT, words))
    return words


def reveals(viewer: Any) -> Reveals:
    known = _TABLE.get(_role(viewer))
    return known[1] if known else Reveals.NO


def table() -> list[tuple[Role, list[Sight], Reveals]]:
    """The policy as rows, for the page; its columns are `What`."""
    return [(role, list(sights), reveal) for role, (sights, reveal) in _TABLE.items()]


def _role(viewer: Any) -> Any:
    return getattr(viewer, "role", Role.INTEGRATION)
