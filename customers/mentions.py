"""“@” and a colleague's name, or employee number, asks for their attention.

A mention is what stands after an “@” at the beginning of a word and is the name or number of somebody who works here:
the longest that fits, so that “@Ana Lopez” is not Ana. An “@” before anything else is only a letter, as in addresses.
"""

import re
from typing import ClassVar

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from crm.lib.refusals import Fault, Refusal
from crm.org.audience import who_see
from crm.org.models import Staff
from crm.org.permissions import Permission
from customers.models import Customer

MOST = 20
_AT = re.compile(r"(?<![A-Za-z0-9._%+-])@(?=\S)")
_LONGEST = 120


class CannotMention(Refusal):
    code: ClassVar[str] = "cannot_mention"


def people_for(customer: Customer) -> QuerySet[Staff]:
    """Who may see this customer, and so may be mentioned."""
    return who_see(customer.home_store_id, Permission.VIEW_CUSTOMERS).filter(user__isnull=False)


def suggestions(customer: Customer, words: str, most: int = 8) -> list[Staff]:
    """People to choose from while a name is being typed."""
    rows = people_for(customer)
    if words:
        rows = rows.filter(
            Q(name__istartswith=words) | Q(name__icontains=f" {words}") | Q(code__istartswith=words)
        )
    return list(rows.order_by("name", "pk").distinct()[:most])


def found_in(text: str, customer: Customer) -> list[int]:
    """The staff whom `text` mentions, in their order. Raises CannotMention, naming who may not see this customer."""
    tails = [text[place.end() : place.end() + _LONGEST] for place in _AT.finditer(text)][:MOST]
    fits = _fits(tails) if tails else {}
    chosen = [_chosen(tails[place], fits[place]) for place in sorted(fits)]
    ids = list(dict.fromkeys(person for person in chosen if person))
    able = set(people_for(customer).filter(pk__in=ids).values_list("pk", flat=True))
    if strangers := [pk for pk in ids if pk not in able]:
        names = ", ".join(
            Staff.objects.filter(pk__in=strangers).order_by("name").values_list("name", flat=True)
        )
        told = _("%(names)s may not see this customer, so cannot be mentioned here.") % {"names": names}
        raise CannotMention(told, faults=(Fault("/text", told),))
    return ids


def _fits(tails: list[str]) -> dict[int, list[tuple[str, int]]]:
    """Place to (what fits, staff id)."""
    with connection.cursor() as cursor:
        cursor.execute(_FITTING, [tails])
        found: dict[int, list[tuple[str, int]]] = {}
        for place, word, staff_id in cursor.fetchall():
            if _ends_there(tails[place - 1], word):
                found.setdefault(place - 1, []).append((word, staff_id))
    return found


def _ends_there(tail: str, word: str) -> bool:
    """ "@Ana" does not fit "@Anastasia"; after a Chinese name anything may follow."""
    after = tail[len(word) : len(word) + 1]
    return not (after.isascii() and after.isalnum() and word[-1].isascii())


def _chosen(tail: str, fits: list[tuple[str, int]]) -> int:
    longest = max(len(word) for word, _id in fits)
    ids = {staff_id for word, staff_id in fits if len(word) == longest}
    if len(ids) > 1:
        told = _("Several people are called %(name)s: write the employee number after the @.") % {
            "name": tail[:longest]
        }
        raise CannotMention(told, faults=(Fault("/text", told),))
    return ids.pop()


_FITTING = """
SELECT tail.place, word.said, staff.id
FROM unnest(%s::text[]) WITH ORDINALITY AS tail (words, place)
CROSS JOIN org_staff staff
CROSS JOIN LATERAL (VALUES (staff.name), (staff.code)) AS word (said)
WHERE staff.is_active AND word.said <> '' AND starts_with(lower(tail.words), lower(word.said))
"""
