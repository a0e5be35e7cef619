"""Gain and loss: from whom the change of some goods came."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from analytics import gains
from analytics.gains import PEOPLE, SOURCES, Gains, Source
from analytics.goods import parts
from analytics.questions import Question
from analytics.views.base import Behind, Page, Table, asked
from analytics.views.filters import Filters
from analytics.views.revenue import signed
from analytics.views.words import REASONS, days
from crm.ui.staff import chain_of
from customers.models import Category

SHOWN = 20  # neighbours; all of them are in the file
SIDES = {"gained": 1, "lost": -1}
_IN_NONE = gettext_lazy("In no category")


class GainsPage(Page):
    key = "gains"

    def shown(self, question: Question, form: Any) -> dict[str, Any]:
        told = {"days": days(question.period), "days_before": days(question.before)}
        if not question.goods:
            return told | {"overview": self._overview(question, form)}
        found = gains.gains(question)
        reasons = [(REASONS[one.key], one, self.link(form, why=one.key)) for one in found.reasons]
        return told | {
            "found": found,
            "change": signed(found.change / found.before if found.before else None),
            "reasons": reasons,
            "chart": _chart(reasons, chain_of(self.request).currency),
            "switches": [
                (one, self.link(form, why="gained" if one.amount > 0 else "lost", part=one.part))
                for one in found.switches[:SHOWN]
            ],
            "more": max(len(found.switches) - SHOWN, 0),
            "below": self._below(question, form),
        }

    def _overview(self, question: Question, form: Filters) -> list[tuple[Any, Any, Any, Any, str]]:
        """All departments, the largest change first: where to look."""
        paths = dict(Category.objects.filter(parent=None).values_list("pk", "path"))
        return [
            (
                name or _IN_NONE,
                now,
                before,
                now - before,
                self._to(form, paths[part]) if part in paths else "",
            )
            for part, name, now, before in gains.overview(question)
        ]

    def _below(self, question: Question, form: Filters) -> list[tuple[str, str]]:
        """What lies right below the category: one step deeper."""
        if question.goods.category is None:
            return []
        rows = question.goods.category.children.order_by("name").values_list("path", "name")
        return [(name, self._to(form, path)) for path, name in rows]

    def _to(self, form: Filters, path: str) -> str:
        return f"{reverse('analytics:gains')}?{urlencode({**asked(self.request, form), 'category': path})}"


def _chart(reasons: list[tuple[Any, Source, str]], currency: str) -> dict[str, Any]:
    return {
        "labels": [str(label) for label, _one, _link in reasons],
        "horizontal": True,
        "signed": True,
        "currency": currency,
        "series": [
            {
                "name": _("Part of the change"),
                "values": [float(one.amount) for _label, one, _link in reasons],
                "links": [link for _label, _one, link in reasons],
            }
        ],
    }


def table(question: Question, form: Any) -> Table:
    """Reasons, then neighbours; without goods the departments."""
    if not question.goods:
        rows = [
            [name or _IN_NONE, now, before, now - before]
            for _part, name, now, before in gains.overview(question)
        ]
        return Table(
            _("gain-and-loss"), [_("Category"), _("Sales"), _("Before"), pgettext("amount", "Change")], rows
        )
    found = gains.gains(question)
    return Table(
        _("gain-and-loss"),
        [_("Reason"), _("Goods"), _("Customers"), pgettext("amount", "Change")],
        list(_rows(found)),
    )


def _rows(found: Gains) -> list[list[Any]]:
    reasons = [[REASONS[one.key], "", one.customers, one.amount] for one in found.reasons]
    switches = [
        [_("of it from") if one.amount > 0 else _("of it to"), one.name, one.customers, one.amount]
        for one in found.switches
    ]
    return [*reasons, *switches]


def behind(question: Question, form: Any, request: HttpRequest) -> Behind | None:
    """The customers of a reason (`why`), or those who switched with one neighbour (`part`)."""
    why, part = request.GET.get("why", ""), request.GET.get("part", "")
    if why not in REASONS or not question.goods:
        return None
    dealt = parts(question.goods)
    values = gains.values_of(question, dealt)
    if side := SIDES.get(why):
        number = int(part) if part.isascii() and part.isdigit() and len(part) < 10 else None
        values |= {"switch": side, "part": number}
    else:
        number = None
        values |= {"source": {name: code for code, name in SOURCES.items()}[why]}
    title = " · ".join(
        str(word) for word in (question.goods.name, REASONS[why], dealt.names.get(number or -1)) if word
    )
    lead = _("%(now)s against %(before)s.") % {"now": days(question.period), "before": days(question.before)}
    return Behind(title, lead, PEOPLE, values)
