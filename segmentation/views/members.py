"""The people in a part of the grid, and those behind a number of the movement: lists and their export."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.org.permissions import Permission
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers import nights
from customers.models import Customer
from customers.views.facts import rows_of
from customers.views.listing import COUNTED, count_of, download
from customers.views.workbulk import Bulk
from segmentation import movement, standings
from segmentation.models import Group, Segment, ValueClass
from segmentation.segments import uses
from segmentation.views.keeping import KeepAsList
from segmentation.views.scope import Filter, last_dates

NUMBERS = ("r", "x", "f", "m", "value_class")


class Asked:
    """The part that the address names: its people within one's scope, and its name."""

    def __init__(self, request: HttpRequest, view: StaffView) -> None:
        self.form = Filter(request.GET, view.staff, dates=last_dates())
        self.group = request.GET.get("group") or None
        self.numbers = {name: _number(request.GET.get(name)) for name in NUMBERS}
        self.wanted = {key: request.GET[key] for key in ("group", *NUMBERS) if request.GET.get(key)}

    def people(self) -> QuerySet[Customer]:
        found = standings.members(self.form.viewer, group=self.group, on=self.form.day, **self.numbers)
        rows = Customer.objects.visible_to(self.form.viewer).select_related("home_store")
        # EXISTS and not IN: a page of fifty then walks the newest customers instead of gathering the whole group.
        return rows.filter(Exists(found.filter(customer=OuterRef("pk"))))

    def name(self) -> str:
        parts = []
        if self.group and (group := Group.objects.filter(code=self.group).first()):
            parts.append(group.name)
        if self.numbers["value_class"] in ValueClass.values:
            parts.append(_("Value: %(name)s") % {"name": ValueClass(self.numbers["value_class"]).label})
        if self.numbers["r"] == 0:
            parts.append(_("No purchase in the window"))
        elif self.numbers["r"] and self.numbers["x"]:
            parts.append(_("Recency %(r)s, frequency and money %(x)s") % self.numbers)
        return " · ".join(parts) or _("All customers with a purchase")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 3 else None


class Members(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = Asked(request, self)
        rows = asked.people()
        context = listed(self, rows, request) | {
            "form": asked.form,
            "hidden": asked.wanted,
            "title": asked.name(),
            "export": reverse("segmentation:members-export"),
            "follow_ups": reverse("segmentation:members-work"),
            "keep": reverse("segmentation:members-list"),
            "crumbs": [(_("Segments"), reverse("segmentation:segments"))],
        }
        return self.render("segmentation/members.html", context)


class MembersExport(StaffView):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        asked = Asked(request, self)
        return exported(self, asked.people(), request, asked.wanted)


class ListWork(Bulk):
    """Follow-ups for people of a list; it is kept whom it was used for."""

    def used(self) -> Segment | None:
        """The saved segment that it is a list of."""
        return None

    def remember(self, customer_ids: list[int]) -> None:
        segment = self.used()
        uses.take(
            segment, lambda: customer_ids, used_for=uses.FOLLOW_UPS, by=self.staff,
            store_ids=self.staff.scope().store_ids, part="" if segment else self.request.get_full_path(),
        )  # fmt: skip


class MembersList(KeepAsList):
    """A list of the people in a part."""

    def people(self) -> QuerySet[Customer]:
        return Asked(self.request, self).people()

    def name(self) -> str:
        return Asked(self.request, self).name()

    def back(self) -> str:
        return f"{reverse('segmentation:members')}?{self.request.GET.urlencode()}"


class MembersWork(ListWork):
    """Follow-ups for the people in a part."""

    permission = Permission.ASSIGN_WORK

    def people(self) -> QuerySet[Customer]:
        return Asked(self.request, self).people()

    def about(self) -> str:
        return f"{super().about()} ({Asked(self.request, self).name()})"

    def back(self) -> str:
        return f"{reverse('segmentation:members')}?{self.request.GET.urlencode()}"


class Moved:
    """From which group to which, between which nights."""

    def __init__(self, request: HttpRequest, view: StaffView) -> None:
        self.form = Filter(request.GET, view.staff, dates=last_dates())
        dates = [_date(request.GET.get(name)) for name in ("from", "to")]
        if None in dates:
            raise Http404
        self.dates: list[date] = [day for day in dates if day]
        self.groups: tuple[str, str] = request.GET.get("was", ""), request.GET.get("is", "")

    def people(self) -> QuerySet[Customer]:
        return movement.movers(
            self.form.viewer, self.dates[0], self.dates[1], self.groups[0], self.groups[1]
        ).select_related("home_store")

    @property
    def told(self) -> dict[str, str]:
        since, until = self.dates
        return {"was": self.groups[0], "is": self.groups[1], "from": f"{since}", "to": f"{until}"}

    def name(self) -> str:
        names = {group.code: group.name for group in Group.objects.filter(code__in=self.groups)}
        names[movement.NOWHERE] = _("In no group")
        return " → ".join(names.get(code, code) for code in self.groups)


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


class Movers(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = Moved(request, self)
        span = {"a": date_format(asked.dates[0]), "b": date_format(asked.dates[1])}
        context = listed(self, asked.people(), request) | {
            "title": asked.name(),
            "lead": _("Between the nights of %(a)s and %(b)s.") % span,
            "export": reverse("segmentation:movers-export"),
            "crumbs": [
                (_("Segments"), reverse("segmentation:segments")),
                (_("Movement"), reverse("segmentation:movement")),
            ],
        }
        return self.render("segmentation/members.html", context)


class MoversExport(StaffView):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        asked = Moved(request, self)
        return exported(self, asked.people(), request, asked.told)


def listed(view: StaffView, rows: QuerySet[Customer], request: HttpRequest) -> dict[str, Any]:
    page = page_of(rows, request, "-pk")
    labels, shown = rows_of(view.staff, page.rows)
    query = request.GET.copy()
    query.pop("after", None)
    return {
        "page": page,
        "rows": shown,
        "labels": labels,
        "count": count_of(rows),
        "counted": COUNTED,
        "night": nights.published(),
        "query": query.urlencode(),
    }


def exported(
    view: StaffView,
    rows: QuerySet[Customer],
    request: HttpRequest,
    what: dict[str, str],
    *,
    segment: Segment | None = None,
    as_of: datetime | None = None,
) -> HttpResponseBase:
    """A file of these people. `segment`, `as_of`: if they are of a saved one, and as they were then."""
    kind, ids = taken(view, rows, request, what, segment=segment, as_of=as_of)
    return download(view.staff, uses.these(rows, ids).order_by("pk"), kind, _("customers"))


def taken(
    view: StaffView,
    rows: QuerySet[Customer],
    request: HttpRequest,
    what: dict[str, str],
    *,
    segment: Segment | None = None,
    as_of: datetime | None = None,
) -> tuple[str, list[int]]:
    """Note that a file takes these people away, and whom. Returns the kind of file and their row numbers."""
    kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    with transaction.atomic():
        details = {"format": kind, "part": what}
        trail.record("customers.export", "customers.customer:*", by=view.staff, details=details)
        part = urlencode({name: value for name, value in what.items() if name != "segment"})
        _record, ids = uses.take(
            segment, lambda: rows.values_list("pk", flat=True), used_for=uses.EXPORT, by=view.staff,
            store_ids=view.staff.scope().store_ids, as_of=as_of, part=part,
        )  # fmt: skip
    return kind, ids
