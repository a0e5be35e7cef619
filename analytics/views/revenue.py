"""The revenue tree: where the change of the sales came from."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics import revenue
from analytics.questions import Question
from analytics.revenue import BUYERS, BUYERS_OF_GOODS, Node
from analytics.views.base import Behind, Page, Table
from analytics.views.words import NODES, days
from crm.ui import words
from crm.ui.staff import chain_of

PLACES = {"count": 0, "mean": 2}


class Revenue(Page):
    key = "revenue"

    def shown(self, question: Question, form: Any) -> dict[str, Any]:
        root = revenue.tree(question)
        currency = chain_of(self.request).currency
        links = {"customers": self.link(form)}
        return {
            "root": root,
            "rows": [_row(node, depth, root, currency, links) for node, depth in _walk(root)],
            "sentences": sentences(root, currency),
            "chart": {"root": _drawn(root, currency, links)},
            "days": days(question.period),
            "days_before": days(question.before),
        }


def _walk(node: Node, depth: int = 0) -> Iterator[tuple[Node, int]]:
    yield node, depth
    for child in node.children:
        yield from _walk(child, depth + 1)


def _written(node: Node, value: Any, currency: str) -> str:
    if node.unit in PLACES:
        return words.number(value, PLACES[node.unit])
    return words.money(value, currency, 2 if node.unit == "price" else 0)


def _row(node: Node, depth: int, root: Node, currency: str, links: dict[str, str]) -> dict[str, Any]:
    return {
        "label": NODES[node.key],
        "depth": depth,
        "value": _written(node, node.value, currency),
        "before": _written(node, node.before, currency),
        "change": signed(node.change),
        "contribution": node.contribution,
        "share": signed(node.contribution / root.before if root.before else None),
        "href": links.get(node.key, "") if node.value else "",
    }


def _drawn(node: Node, currency: str, links: dict[str, str]) -> dict[str, Any]:
    """A box with three lines: what it is, what it came to, what it contributed."""
    return {
        "name": node.key,
        "title": str(NODES[node.key]),
        "value": _written(node, node.value, currency),
        "change": _signed_money(node.contribution, currency),
        "tone": (node.contribution > 0) - (node.contribution < 0),
        "href": links.get(node.key, "") if node.value else "",
        "children": [_drawn(child, currency, links) for child in node.children],
    }


def signed(share: Any) -> str:
    """A change in percent with its sign."""
    return words.NOTHING if share is None else ("+" if share > 0 else "") + words.percent(share)


def sentences(root: Node, currency: str) -> list[str]:
    """The answer first: how much the sales changed, and which two factors did most of it."""
    if not root.before and not root.value:
        return [_("Nothing was sold in these days, nor in those before.")]
    if not root.before:
        return [_("Nothing was sold in the days that these are compared with.")]
    told = {
        "change": words.money(abs(root.contribution), currency, 0),
        "share": words.percent(abs(root.change or 0)),
    }
    if root.contribution > 0:
        first = _("Sales rose by %(change)s (%(share)s).") % told
    elif root.contribution < 0:
        first = _("Sales fell by %(change)s (%(share)s).") % told
    else:
        return [_("Sales stayed the same.")]
    factors = sorted((n for n in root.walk() if not n.children), key=lambda n: -abs(n.contribution))[:2]
    moved = [f"{NODES[node.key]} {_signed_money(node.contribution, currency)}" for node in factors]
    return [first, _("Most of it: %(factors)s.") % {"factors": pgettext("list", ", ").join(moved)}]


def _signed_money(amount: Any, currency: str) -> str:
    return ("+" if amount > 0 else "") + words.money(amount, currency, 0)


def table(question: Question, form: Any) -> Table:
    root = revenue.tree(question)
    header = [_("Factor"), _("Now"), _("Before"), pgettext("amount", "Change"), _("Contribution")]
    rows = [
        [
            NODES[one.key],
            *(_plain(n, one.unit) for n in (one.value, one.before, one.value - one.before)),
            one.contribution,
        ]
        for one in root.walk()
    ]
    return Table(_("revenue-tree"), header, rows)


def _plain(value: Decimal, unit: str) -> Decimal | int:
    """Whole customers, whole cents, and means with what they need."""
    return int(value) if unit == "count" else round(value, 4 if unit == "mean" else 2)


def behind(question: Question, form: Any, request: HttpRequest) -> Behind:
    """Who bought in the period."""
    title = question.goods.name or _("All who bought")
    lead = _("Bought from %(days)s.") % {"days": days(question.period)}
    return Behind(title, lead, BUYERS_OF_GOODS if question.goods else BUYERS, question.values())
