"""Families in plain words: whose points went for what."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from crm.org.models import Staff
from crm.ui import words
from customers import masks
from customers.models import Customer
from loyalty.families import roster
from loyalty.families.spending import Spent
from loyalty.models import FamilyPart, FamilyRedemption

SHOWN = 20


class Row(NamedTuple):
    """A redemption with the family. `sentence` says who spent whose points; `back` how much came back."""

    at: datetime
    store: str
    points: int
    back: int
    sentence: str


def taken(staff: Staff, done: Spent) -> str:
    """What a redemption took from whom."""
    names = of_staff(staff, (one.customer_id for one in done.parts))
    return _("With the family: %(parts)s.") % {
        "parts": _list((names[one.customer_id], one.points) for one in done.parts)
    }


def spent(customer_id: int, names: Any, limit: int = SHOWN) -> list[Row]:
    """What they spent with their family, and what others spent of theirs, the newest first.

    `names`: gives the names of customers by their numbers, as the reader may see them.
    """
    mine = FamilyPart.objects.filter(customer=customer_id).order_by("-redemption_id")
    theirs = list(mine.values_list("redemption_id", flat=True)[:limit])
    wholes = FamilyRedemption.objects.select_related("store").filter(
        Q(pk__in=theirs) | Q(customer=customer_id)
    )
    rows = list(wholes.order_by("-redeemed_at", "-pk")[:limit])
    parts: dict[int, list[FamilyPart]] = {}
    for part in FamilyPart.objects.filter(redemption_id__in=[one.pk for one in rows]).order_by("place"):
        parts.setdefault(part.redemption_id, []).append(part)
    known = names(
        {one.customer_id for one in rows} | {part.customer_id for of in parts.values() for part in of}
    )
    return [_row(one, parts.get(one.pk, []), known) for one in rows]


def notes(customer_id: int, moves: Iterable[Any], names: Any) -> dict[int, str]:
    """By the number of a movement of theirs: with whom it was spent, or who spent it. One statement where there is
    nothing to say."""
    mine = {one.id: one.kind for one in moves}
    parts = list(FamilyPart.objects.filter(customer=customer_id, movement__in=list(mine)))
    if not parts:
        return {}
    whose = roster.people([part.spender_id for part in parts])
    known = names({part.spender_id for part in parts})
    return {
        part.movement_id: _("with the family")
        if whose.get(part.spender_id) and whose[part.spender_id].pk == customer_id
        else _("spent by %(name)s, of the family") % {"name": known[part.spender_id]}
        for part in parts
    }


def of_staff(staff: Staff, customer_ids: Iterable[int]) -> dict[int, str]:
    """Names of the staff's own customers, as their role shows them; of others that they are of elsewhere."""
    numbers = list(set(customer_ids))
    own = set(Customer.objects.visible_to(staff).filter(pk__in=numbers).values_list("pk", flat=True))
    found = roster.people(numbers)
    return {
        pk: (masks.seen_by(staff, found[pk]).name or _("a member without a name"))
        if pk in own and pk in found
        else _("a member of another store")
        for pk in numbers
    }


def of_members(customer_ids: Iterable[int]) -> dict[int, str]:
    """For those who are in a family together: they know each other."""
    numbers = list(set(customer_ids))
    found = roster.people(numbers)
    return {pk: (found[pk].name if pk in found else "") or _("a member without a name") for pk in numbers}


def _row(one: FamilyRedemption, parts: list[FamilyPart], names: dict[int, str]) -> Row:
    told = {
        "name": names[one.customer_id],
        "parts": _list((names[part.customer_id], part.points) for part in parts),
    }
    sentence = _("%(name)s spent points of: %(parts)s") % told
    return Row(one.redeemed_at, one.store.name if one.store else "", one.points, one.given_back, sentence)


def _list(parts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {words.number(points)}" for name, points in parts)
