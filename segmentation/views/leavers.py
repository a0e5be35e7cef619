"""The customers who are likely to leave, those first with whom most is at stake: list, export, follow-ups."""

import base64
import binascii
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, NamedTuple

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.pages import SIZE, Page
from crm.ui.views import StaffView
from customers.models import Customer
from customers.views.facts import Row, rows_of, with_facts
from customers.views.listing import COUNTED
from segmentation.churn import risks
from segmentation.churn.risks import ReasonTold
from segmentation.models import ChurnNight, ChurnScore
from segmentation.views.members import ListWork, taken
from segmentation.views.scope import Filter

SHOWN = 3  # reasons in a row
CHUNK = 2000
MONEY = Decimal("0.01")


class LeavingFilter(Filter):
    field_order = ["chance", "region", "store"]
    chance = forms.ChoiceField(
        label=gettext_lazy("Likely to leave by at least"),
        required=False,
        choices=[("50", "50%"), ("30", "30%"), ("70", "70%"), ("90", "90%"), ("0", gettext_lazy("All"))],
    )

    def __init__(self, data: Any, staff: Any) -> None:
        super().__init__(data, staff, dates=[])
        del self.fields["on"]

    @property
    def least(self) -> float:
        return int(self.wanted.get("chance") or "50") / 100


class Asked:
    """The part that the address names."""

    def __init__(self, request: HttpRequest, view: StaffView) -> None:
        self.form = LeavingFilter(request.GET, view.staff)
        self.night: ChurnNight | None = risks.serving()

    def scores(self) -> QuerySet[ChurnScore]:
        return risks.at_risk(self.form.viewer, self.night, self.form.least)

    def people(self) -> QuerySet[Customer]:
        rows: QuerySet[Customer] = Customer.objects.visible_to(self.form.viewer).select_related("home_store")
        return rows.filter(Exists(self.scores().filter(customer=OuterRef("pk"))))


class Leaver(NamedTuple):
    row: Row
    score: ChurnScore
    reasons: list[ReasonTold]


class Leavers(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = Asked(request, self)
        scores = asked.scores()
        page = page_of(scores, request.GET.get("after", ""))
        query = request.GET.copy()
        query.pop("after", None)
        context = {
            "form": asked.form,
            "page": page,
            "rows": leavers(self.staff, page.rows, asked.night),
            "count": scores.order_by()[: COUNTED + 1].count(),
            "counted": COUNTED,
            "scored": asked.night,
            "query": query.urlencode(),
            "title": _("Likely to leave"),
            "export": reverse("segmentation:leaving-export"),
            "follow_ups": reverse("segmentation:leaving-work"),
            "crumbs": [(_("Segments"), reverse("segmentation:leaving"))],
        }
        return self.render("segmentation/leavers.html", context)


def page_of(scores: QuerySet[ChurnScore], token: str) -> Page:
    """Keyset over the index (night, at_stake, customer): page 1,000 costs what page 1 costs."""
    place = _read(token)
    if place is not None:
        at_stake, customer = place
        scores = scores.filter(Q(at_stake__lt=at_stake) | Q(at_stake=at_stake, customer__lt=customer))
    found = list(scores.order_by("-at_stake", "-customer")[: SIZE + 1])
    more, found = len(found) > SIZE, found[:SIZE]
    return Page(found, _write(found[-1]) if more else None, place is None)


def _write(score: ChurnScore) -> str:
    return base64.urlsafe_b64encode(f"{score.at_stake} {score.customer_id}".encode()).decode().rstrip("=")


def _read(token: str) -> tuple[Decimal, int] | None:
    """None for no token, and for one that somebody bent: the list begins again."""
    try:
        at_stake, customer = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(" ")
        place = Decimal(at_stake).quantize(MONEY), int(customer)
    except (ValueError, binascii.Error, InvalidOperation):
        return None
    return place if abs(place[0]) < 10**12 and 0 <= place[1] < 2**63 else None


def leavers(staff: Any, scores: list[ChurnScore], night: ChurnNight | None) -> list[Leaver]:
    """Scores with what lists say of their customers, in the order of the scores."""
    if night is None:
        return []
    people = with_facts(score.customer_id for score in scores)
    known = [score for score in scores if score.customer_id in people]
    _labels, rows = rows_of(staff, [people[score.customer_id] for score in known])
    codes = night.model.reasons
    return [
        Leaver(row, score, risks.in_words(list(zip(codes, score.points, strict=True)))[:SHOWN])
        for row, score in zip(rows, known, strict=True)
    ]


class LeaversExport(StaffView):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        asked = Asked(request, self)
        kind, _ids = taken(self, asked.people(), request, {"leaving": str(asked.form.least)})
        header = [
            _("Customer"), _("Name"), _("Phone"), _("Home store"), _("Last visit"), _("Likely to leave"), _("At stake"),
            _("Reasons"),
        ]  # fmt: skip
        return export.download(_("leaving"), kind, header, self._cells(asked))

    def _cells(self, asked: Asked) -> Iterator[list[Any]]:
        scores = asked.scores().order_by("-at_stake", "-customer").iterator(chunk_size=CHUNK)
        while chunk := list(islice(scores, CHUNK)):
            for row, score, reasons in leavers(self.staff, chunk, asked.night):
                person = row.customer
                store = person.home_store.name if person.home_store else ""
                said = " · ".join(str(reason.words) for reason in reasons)
                yield [
                    row.public_id, person.name, row.phone, store, row.bought.last_on, round(score.probability, 4),
                    score.at_stake, said,
                ]  # fmt: skip


class LeaversWork(ListWork):
    """Follow-ups for the people who are likely to leave."""

    permission = Permission.ASSIGN_WORK

    def people(self) -> QuerySet[Customer]:
        return Asked(self.request, self).people()

    def about(self) -> str:
        who = _("likely to leave")
        return f"{super().about()} ({who})"

    def back(self) -> str:
        return f"{reverse('segmentation:leaving-people')}?{self.request.GET.urlencode()}"
