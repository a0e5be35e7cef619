"""Reasons, conflicts and decisions in plain words, in the reader's language. No values of anybody stand in them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from customers.matching import conflicts, engine

FIELDS: dict[str, Any] = {
    "identifier": _("identifier"),
    "phone": _("phone"),
    "email": _("e-mail"),
    "name": _("name"),
    "birthday": _("birthday"),
    "address": _("address"),
    "household": _("household"),
    "gender": _("gender"),
    "device": _("device"),
}
REASONS: dict[tuple[str, str], Any] = {
    ("identifier", "member"): _("the same member number"),
    ("identifier", "card"): _("the same card"),
    ("identifier", "openid"): _("the same WeChat account"),
    ("identifier", "account"): _("the same web shop account"),
    ("phone", "same"): _("the same phone"),
    ("phone", "typo"): _("phones that differ by one slip"),
    ("phone", "other"): _("different phones"),
    ("email", "same"): _("the same e-mail"),
    ("email", "normalised"): _("the same mailbox, written differently"),
    ("email", "close"): _("similar e-mails"),
    ("email", "other"): _("different e-mails"),
    ("name", "same"): _("the same name"),
    ("name", "common"): _("the same name, which many have"),
    ("name", "swapped"): _("the same name, family and given name swapped"),
    ("name", "sound"): _("names that sound the same"),
    ("name", "nickname"): _("a short form of the same name"),
    ("name", "close"): _("names that differ by a slip"),
    ("name", "initials"): _("initials that fit the name"),
    ("name", "part"): _("the same given name, another family name"),
    ("name", "short"): _("a part of the name"),
    ("name", "relative"): _("only the family name is the same"),
    ("name", "other"): _("clearly different names"),
    ("birthday", "same"): _("the same birthday"),
    ("birthday", "swapped"): _("birthdays with day and month swapped"),
    ("birthday", "typo"): _("birthdays that differ by one digit"),
    ("birthday", "other"): _("different birthdays"),
    ("address", "same"): _("the same address"),
    ("address", "close"): _("nearly the same address"),
    ("address", "other"): _("different addresses"),
    ("household", "same"): _("the same kind of household"),
    ("gender", "same"): _("the same gender"),
    ("gender", "other"): _("different genders"),
    ("device", "same"): _("the same device"),
}
CONFLICTS: dict[str, Any] = {
    conflicts.TWO_MEMBERS: _("Each has a member number of their own."),
    conflicts.TWO_OPENIDS: _("Each has a WeChat account of their own."),
    conflicts.OTHER_NAME: _(
        "A shared phone or e-mail, but clearly different names: a family's, or one with a new owner."
    ),
    conflicts.OTHER_BIRTHDAY: _(
        "A shared phone or e-mail, but clearly different birthdays: relatives of one name."
    ),
    conflicts.OWNERS_DIFFER: _("The identifiers told belong to different customers."),
}
DECISIONS: dict[str, Any] = {
    engine.JOIN: _("surely the same person"),
    engine.LOOK: _("needs a look"),
    engine.NOTHING: _("not the same person"),
}


def reason(field: str, outcome: str) -> Any:
    return REASONS.get((field, outcome), f"{field}: {outcome}")


def told(reasons: Any) -> list[tuple[Any, int]]:
    """[(words, points)] of reasons as they are stored or computed."""
    return [(reason(field, outcome), points) for field, outcome, points in reasons]


def speaking(reasons: Any) -> str:
    """Those that speak for it, in one line."""
    return ", ".join(str(reason(f, o)) for f, o, points in reasons if points > 0 or f == engine.IDENTIFIER)
