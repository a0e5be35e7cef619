"""Phones, e-mails and birthdays, compared.

Phones stand in E.164, e-mails in lower case. "typo": one digit wrong, missing or too many, or two neighbours swapped.
"""

from datetime import date

from customers.matching.strings import one_slip

# Mailboxes that ignore dots; all that know "+something" after the name deliver to the name.
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_FEWEST_LETTERS = 5  # of a mailbox name that says whose it may be: not "info", not "li"
_ROLES = {"info", "office", "contact", "admin", "sales", "service", "mail", "hello", "shop", "support"}


def mailbox(email: str) -> str:
    """Where the mail arrives: without dots (where they do not count) and "+something"."""
    name, _, host = email.partition("@")
    name = name.partition("+")[0] or name
    if host in _DOTLESS:
        return f"{name.replace('.', '')}@gmail.com"
    return f"{name}@{host}"


def local(email: str) -> str:
    """The letters of the mailbox's name, where they may point to a person; else ""."""
    name = mailbox(email).partition("@")[0]
    letters = "".join(letter for letter in name if letter.isalnum())
    return "" if len(letters) < _FEWEST_LETTERS or letters in _ROLES else letters


def compare_phones(a: frozenset[str], b: frozenset[str]) -> str:
    """The best of all pairs: same, typo, other; "" where one side has none."""
    if not a or not b:
        return ""
    if a & b:
        return "same"
    return "typo" if any(one_slip(one, other) for one in a for other in b) else "other"


def compare_emails(a: frozenset[str], b: frozenset[str]) -> str:
    """same, normalised (one mailbox), close (the same name at another host, or a slip in it), other, ""."""
    if not a or not b:
        return ""
    if a & b:
        return "same"
    if {mailbox(one) for one in a} & {mailbox(other) for other in b}:
        return "normalised"
    return "close" if any(_near(one, other) for one in a for other in b) else "other"


def _near(a: str, b: str) -> bool:
    one, other = local(a), local(b)
    if not one or not other:
        return False
    if one == other:
        return True
    return a.partition("@")[2] == b.partition("@")[2] and one_slip(one, other)


def compare_birthdays(a: date | None, b: date | None) -> str:
    """same, swapped (day and month), typo (one digit), other, ""."""
    if a is None or b is None:
        return ""
    if a == b:
        return "same"
    if (a.year, a.month, a.day) == (b.year, b.day, b.month):
        return "swapped"
    wrong = sum(x != y for x, y in zip(f"{a:%Y%m%d}", f"{b:%Y%m%d}", strict=True))
    return "typo" if wrong == 1 else "other"
