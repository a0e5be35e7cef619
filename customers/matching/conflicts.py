"""What forbids to join two people silently, whatever else agrees: they go to review at best.

* *two_members*, *two_openids*: each has a member number (an openid of the same app), and not the same. A person has
  one. An openid may name its app before a colon ("wx8a1:oX…"); without one they all are of one app.
* *other_name*: all that they share are phones or e-mails, and their names are clearly different: a family's phone, or
  a number that the operator has given to somebody else.
* *other_birthday*: the same, with birthdays that no slip explains: father and son of one name.
* *owners_differ*: the identifiers told belong to different customers.

`upserts` and `enrolment` ask the same questions here as the engine, so that they cannot disagree.
"""

from collections.abc import Iterable
from datetime import date

from customers.matching import people
from customers.matching.contacts import compare_birthdays
from customers.models import IdentityKind

Person = tuple[str, str]

TWO_MEMBERS, TWO_OPENIDS = "two_members", "two_openids"
OTHER_NAME, OTHER_BIRTHDAY, OWNERS_DIFFER = "other_name", "other_birthday", "owners_differ"
# Identifiers that are one person's alone; phones and e-mails are mostly, and are asked for the name.
HARD = frozenset({IdentityKind.MEMBER, IdentityKind.CARD, IdentityKind.OPENID, IdentityKind.ACCOUNT})
SHARED = frozenset({IdentityKind.PHONE, IdentityKind.EMAIL})
DETERMINISTIC = HARD | SHARED
# A person has one of these (of each issuer).
SINGLE = {IdentityKind.MEMBER.value: TWO_MEMBERS, IdentityKind.OPENID.value: TWO_OPENIDS}


def issuer(kind: str, value: str) -> str:
    """Who gave it out, where the value says so."""
    return value.partition(":")[0] if kind == IdentityKind.OPENID and ":" in value else ""


def two_of_a_kind(one: Iterable[Person], other: Iterable[Person]) -> str:
    """The code of the conflict, or ""."""
    mine, theirs = _singles(one), _singles(other)
    for kind, given_by in sorted(mine.keys() & theirs.keys()):
        if not mine[kind, given_by] & theirs[kind, given_by]:
            return SINGLE[kind]
    return ""


def _singles(people_: Iterable[Person]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for kind, value in people_:
        if kind in SINGLE:
            found.setdefault((kind, issuer(kind, value)), set()).add(value)
    return found


def other_person(
    shared: Iterable[Person], names: tuple[str, str], born: tuple[date | None, date | None]
) -> str:
    """Why a shared phone or e-mail does not decide: the code of the conflict, or ""."""
    if any(kind in HARD for kind, _value in shared):
        return ""
    if names[0] and names[1] and names[0] != names[1]:
        outcome = people.compare(people.read(names[0]), people.read(names[1]))
        if outcome in people.CLEARLY_DIFFERENT:
            return OTHER_NAME
    return OTHER_BIRTHDAY if compare_birthdays(*born) == "other" else ""
