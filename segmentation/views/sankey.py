"""Movement through nights as a Sankey diagram: a column a night, in each the groups in their order."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from segmentation.movement import NOWHERE, Movement

GREY = "#a8a29e"


def drawn(moves: list[Movement], query: dict[str, str], *, moved_only: bool) -> dict[str, Any]:
    """Nodes and links as static/js/flows.js draws them; a link opens its people."""
    if not moves:
        return {"nodes": [], "links": []}
    order = {group.code: i for i, group in enumerate(moves[0].groups)} | {NOWHERE: len(moves[0].groups)}
    links = [
        link for depth, one in enumerate(moves) for link in _links(depth, one, query, moved_only=moved_only)
    ]
    standing = {(link["depth"], link["was"]) for link in links} | {
        (link["depth"] + 1, link["is"]) for link in links
    }
    looks = {group.code: (group.name, group.colour) for group in moves[0].groups} | {
        NOWHERE: (_("In no group"), GREY)
    }
    nodes = [
        {"name": f"{depth} {code}", "label": looks[code][0], "colour": looks[code][1], "depth": depth}
        for depth, code in sorted(standing, key=lambda one: (one[0], order[one[1]]))
    ]
    kept = ("source", "target", "value", "href")
    return {"nodes": nodes, "links": [{key: link[key] for key in kept if key in link} for link in links]}


def _links(depth: int, one: Movement, query: dict[str, str], *, moved_only: bool) -> list[dict[str, Any]]:
    span = {"from": one.from_night.on.isoformat(), "to": one.to_night.on.isoformat()}
    found = []
    for (was, is_), n in one.counts.items():
        if not n or (moved_only and (was == is_ or not was or not is_)):
            continue
        link = {
            "depth": depth, "was": was or NOWHERE, "is": is_ or NOWHERE, "value": n,
            "source": f"{depth} {was or NOWHERE}", "target": f"{depth + 1} {is_ or NOWHERE}",
        }  # fmt: skip
        asked = {**span, "was": was or NOWHERE, "is": is_ or NOWHERE, **query}
        link["href"] = f"{reverse('segmentation:movers')}?{urlencode(asked)}"
        found.append(link)
    return found
