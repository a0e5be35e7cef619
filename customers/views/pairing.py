"""What the page of a pair shows: both side by side, what differs, why they may be one, where both were seen."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.ui import words as ui_words
from customers import merging
from customers.bought import NOTHING, bought_by
from customers.masks import masked
from customers.matching import facts, pairs, words
from customers.models import Customer, DuplicatePair, IdentityKind

MOST_COUNTED = 1_000
SHOWN_DAYS = 5


@dataclass(frozen=True)
class Line:
    """One fact of both. `is_same`: None where one of the two tells nothing."""

    label: Any
    first: Any
    second: Any
    is_same: bool | None


def token_of(pair: DuplicatePair) -> str:
    """How an address names a pair."""
    return f"{pair.first.public_id}.{pair.second.public_id}"


def address(pair: DuplicatePair, request: HttpRequest) -> str:
    query = request.GET.urlencode()
    return reverse("customers:pair", args=[token_of(pair)]) + (f"?{query}" if query else "")


def can_undo() -> bool:
    return hasattr(merging, "unmerge")


def following(rows: Any, pair: DuplicatePair, *, back: bool = False) -> DuplicatePair | None:
    """The next pair of the queue (or the one before), which goes by score and then by age."""
    way = "gt" if back else "lt"
    turn = "lt" if back else "gt"
    later = Q(**{f"score__{way}": pair.score}) | Q(**{"score": pair.score, f"pk__{turn}": pair.pk})
    order = ("score", "-pk") if back else ("-score", "pk")
    return rows.filter(later).select_related("first", "second").order_by(*order).first()


def context(view: Any, pair: DuplicatePair, queue: Any) -> dict[str, Any]:
    request = view.request
    before = queue.filter(Q(score__gt=pair.score) | Q(score=pair.score, pk__lt=pair.pk))
    survivor, _loser = pairs.survivor_of(pair)
    links = {"next": following(queue, pair), "previous": following(queue, pair, back=True)}
    return {
        "pair": pair,
        "token": token_of(pair),
        "query": request.GET.urlencode(),
        "lines": lines_of(pair),
        "reasons": words.told(pair.reasons),
        "points": sum(points for _field, _outcome, points in pair.reasons),
        "conflict": words.CONFLICTS.get(pair.conflict, ""),
        "met": met(pair),
        "survivor": survivor,
        "preview": _preview(pair, survivor),
        "place": before.order_by()[:MOST_COUNTED].count() + 1,
        "count": queue.order_by()[: MOST_COUNTED + 1].count(),
        "most": MOST_COUNTED,
        "title": " · ".join(one.name or one.public_id for one in (pair.first, pair.second)),
        "crumbs": [(_("Possible duplicates"), reverse("customers:pairs"))],
    } | {name: found and address(found, request) for name, found in links.items()}


def nothing(request: HttpRequest) -> dict[str, Any]:
    return {"pair": None, "title": _("Possible duplicates"), "query": request.GET.urlencode()}


def _preview(pair: DuplicatePair, survivor: Customer) -> str:
    other = pair.second if survivor == pair.first else pair.first
    try:
        return reverse("customers:merge", args=[survivor.public_id, other.public_id])
    except NoReverseMatch:
        return ""


def lines_of(pair: DuplicatePair) -> list[Line]:
    people = (pair.first, pair.second)
    known = facts.of([pair.first_id, pair.second_id])
    bought = bought_by([pair.first_id, pair.second_id])
    gender = [one.get_gender_display() if one.gender else "" for one in people]
    rows: list[tuple[Any, list[Any]]] = [
        (pgettext("person", "Name"), [one.name for one in people]),
        (_("Birthday"), [one.birthday and ui_words.day(one.birthday) for one in people]),
        (_("Gender"), gender),
        (_("Address"), [one.address for one in people]),
        *((kind.label, [_values(known.get(one.pk), kind.value) for one in people]) for kind in IdentityKind),
        (_("Home store"), [one.home_store.name if one.home_store else "" for one in people]),
        (_("Member since"), [one.enrolled_at and ui_words.day(one.enrolled_at) for one in people]),
    ]
    shown = [Line(label, a, b, a == b if a and b else None) for label, (a, b) in rows if a or b]
    counts = [bought.get(one.pk, NOTHING) for one in people]
    shown.append(Line(_("Purchases"), counts[0].count or 0, counts[1].count or 0, None))
    last = [one.last_on and ui_words.day(one.last_on) for one in counts]
    shown.append(Line(_("Last visit"), last[0], last[1], None))
    return shown


def _values(known: facts.Facts | None, kind: str) -> str:
    return ", ".join(masked(kind, value) for value in sorted(known.values(kind))) if known else ""


def met(pair: DuplicatePair) -> dict[str, Any]:
    """Evidence of the tills: stores where both bought, and days on which both bought in one store."""
    with connection.cursor() as cursor:
        cursor.execute(_MET, [pair.first_id, pair.second_id])
        rows = cursor.fetchall()
    by_store: dict[tuple[int, str], dict[int, set[Any]]] = {}
    for customer, store, name, day in rows:
        by_store.setdefault((store, name), {}).setdefault(customer, set()).add(day)
    shared = {name: days for (_store, name), days in by_store.items() if len(days) == 2}
    together = sorted(
        {day for days in shared.values() for day in set.intersection(*days.values())}, reverse=True
    )
    return {
        "stores": sorted(shared),
        "days": [ui_words.day(day) for day in together[:SHOWN_DAYS]],
        "count": len(together),
    }


_MET = """
SELECT p.customer_id, p.store_id, s.name, p.business_date
FROM (
    SELECT customer_id, store_id, business_date FROM customers_purchase WHERE customer_id IN (%s, %s)
    ORDER BY business_date DESC LIMIT 5000
) p JOIN org_store s ON s.id = p.store_id
GROUP BY p.customer_id, p.store_id, s.name, p.business_date
"""
