"""What the builder tells of a description while it is written: how many, of whom, whom that reaches, some of them."""

from typing import Any

from django.utils.translation import gettext as _

from crm.org.models import Staff
from customers.views.facts import rows_of, with_facts
from segmentation.building.finishing import finished, is_unfinished
from segmentation.building.shape import Json, children, how_of, walk
from segmentation.segments import evaluating, preview, reading
from segmentation.segments.sentences import clause, sentence
from segmentation.segments.tree import Group, Node
from segmentation.views.buildershown import Faults
from segmentation.views.writing import faults_of

SHOWN = 8  # people


def told_of(tree: Json, staff: Staff, saved: Json) -> dict[str, Any]:
    """What `builder_reach.html` needs. What is not finished is left out; what is wrong is said at its condition.
    `saved`: what the segment means so far."""
    faults = _wrong(tree, staff, saved)
    ready, missing = finished(tree)
    nodes = [{"place": place, "faults": _said(faults, place)} for place, _node in walk(tree)]
    shown: dict[str, Any] = {"nodes": nodes, "missing": missing, "is_told": True}
    try:
        node = reading.read(ready, staff, saved)
    except reading.InvalidSegment:
        why = _("Not counted: one of the conditions is not right. It says why.")
        return shown | {"told": None, "why": why}
    return shown | {"told": counted(node, staff), "sentence": sentence(node, staff)}


def _wrong(tree: Json, staff: Staff, saved: Json) -> Faults:
    """Faults of what is finished: who still writes is not told off."""
    still_open = {
        place for place, node in walk(tree) if (not children(node) if how_of(node) else is_unfinished(node))
    }
    found = faults_of(tree, staff, saved)
    return {place: faults for place, faults in found.items() if place not in still_open}


def _said(faults: Faults, place: str) -> list[str]:
    return [detail for _part, detail in faults.get(place, [])]


def counted(node: Node, staff: Staff) -> dict[str, Any]:
    """The numbers and the people of a description, all of the stores that this person sees."""
    at = evaluating.moment()
    found = preview.preview(node, staff, at, sample=SHOWN)
    everybody = evaluating.count(Group("all"), staff, at)
    conditions = node.of if isinstance(node, Group) else (node,)
    parts = zip(conditions, found.parts, strict=True) if len(conditions) > 1 else ()
    ids = [person.pk for person in found.sample]
    people = with_facts(ids)
    return {
        "count": found.customers,
        "everybody": everybody,
        "share": found.customers / everybody if everybody else 0,
        "funnel": [bar(one.label, one.customers, found.customers) for one in found.funnel],
        "channels": [bar(one.label, one.customers, found.customers) for one in found.channels],
        "parts": [bar(clause(one, staff), customers, everybody) for one, customers in parts],
        "people": rows_of(staff, [people[pk] for pk in ids if pk in people])[1],
    }


def bar(label: Any, customers: int, of: int) -> dict[str, Any]:
    share = customers / of if of else 0.0
    return {"label": label, "customers": customers, "share": share, "width": round(100 * share, 1)}
