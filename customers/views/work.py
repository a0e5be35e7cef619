"""“My day”: what is to be done, the next thing first, with one item open beside the list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.audience import who_see
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import words
from crm.ui.views import StaffView
from customers import clocks, worklists
from customers.models import Customer, Note, Priority, WorkItem, WorkResult, WorkState
from customers.views.facts import rows_of

LATER = {
    "hour": gettext_lazy("In an hour"),
    "evening": gettext_lazy("This evening"),
    "tomorrow": gettext_lazy("Tomorrow morning"),
    "monday": gettext_lazy("On Monday"),
    "week": gettext_lazy("In a week"),
}


@dataclass(frozen=True)
class Shown:
    """An item as lists show it: when it is due in the clock of its store, in words, and how pressing that is."""

    item: WorkItem
    address: str
    when: str
    exact: str
    tone: str
    is_mine: bool

    @property
    def is_snoozed(self) -> bool:
        return self.item.state == WorkState.SNOOZED and not self.tone

    @property
    def is_high(self) -> bool:
        return self.item.priority == Priority.HIGH


def in_words(items: list[WorkItem], staff: Staff, at: datetime) -> list[Shown]:
    return [_in_words(item, staff, at) for item in items]


def _in_words(item: WorkItem, staff: Staff, at: datetime) -> Shown:
    zone = clocks.zone_of(item.store)
    due, today = item.due_at.astimezone(zone), at.astimezone(zone).date()
    hour = f"{due:%H:%M}"
    day = words.month_day(due.date())
    when = hour if due.date() == today else day
    tone = "alert" if due < at and item.is_open else ""
    address = reverse("customers:work-item", args=[item.public_id])
    return Shown(item, address, when, f"{day} {hour}", tone, item.owner_id == staff.pk)


class WorkView(StaffView):
    """A page about follow-ups of customers in one's scope."""

    def item(self, public_id: str) -> WorkItem:
        rows = worklists.shown(WorkItem.objects.visible_to(self.staff))
        rows = rows.select_related("kind", "customer__home_store", "store", "owner", "result")
        return get_object_or_404(rows, pk=WorkItem.row_id(public_id))

    def _around(self) -> dict[str, Any]:
        tabs = [
            (_("My day"), reverse("customers:work"), self.request.path == reverse("customers:work"), None)
        ]
        if self.staff.may(Permission.ASSIGN_WORK):
            address = reverse("customers:work-store")
            tabs.append((_("My store"), address, self.request.path == address, None))
        if self.staff.may(Permission.EDIT_WORK_KINDS):
            address = reverse("customers:work-kinds")
            tabs.append((_("Kinds and scripts"), address, self.request.path.startswith(address), None))
        more = {"tabs": tabs if len(tabs) > 1 else [], "customers_address": reverse("customers:list")}
        return super()._around() | more


class MyDay(WorkView):
    permission = Permission.WORK_ITEMS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render("customers/work.html", day_of(self.staff))


def day_of(staff: Staff, chosen: WorkItem | None = None) -> dict[str, Any]:
    """The lists, and the item that is open: the chosen one, else the next."""
    at = now()
    day = worklists.my_day(staff, at)
    opened = chosen or next(
        (one for one in day.items if one.state != WorkState.SNOOZED or one.due_at < at), None
    )
    parts = ((_("Overdue"), day.overdue), (_("Today"), day.today), (_("In the next days"), day.upcoming))
    return {
        "parts": [(label, in_words(items, staff, at)) for label, items in parts if items],
        "count": len(day.overdue) + len(day.today),
        "more": day.more,
        "open_id": opened.pk if opened else None,
        "title": _("My day"),
    } | (pane_of(staff, opened, at) if opened else {})


def pane_of(staff: Staff, item: WorkItem, at: datetime) -> dict[str, Any]:
    """What stands beside the list: who it is about, what to say, what can be done."""
    zone = clocks.zone_of(item.store)
    labels, (row,) = rows_of(staff, [item.customer])
    results = WorkResult.objects.filter(kind=item.kind, is_active=True).order_by("order", "pk")
    return {
        "item": item,
        "shown": _in_words(item, staff, at),
        "row": row,
        "more_facts": list(zip(labels, row.more, strict=True)),
        "pinned": last_notes(item.customer),
        "results": [(one, str(n)) for n, one in enumerate(results, start=1)],
        "choices": [(name, LATER[name], when) for name, when in clocks.choices(at, zone)],
        "colleagues": colleagues(item.customer) if staff.may(Permission.ASSIGN_WORK) else [],
        "zone": zone.key,
    }


def last_notes(customer: Customer) -> list[Note]:
    """The pinned ones and the newest: at most three."""
    rows = Note.objects.standing().filter(customer=customer).select_related("author")
    return list(rows.order_by("-pinned_at", "-created_at", "-pk")[:3])


def colleagues(customer: Customer) -> list[Staff]:
    """Who could have it."""
    rows = who_see(customer.home_store_id, Permission.WORK_ITEMS).filter(user__isnull=False)
    return list(rows.order_by("name", "pk").distinct()[:200])


class Item(WorkView):
    """One item: the day's list with it open, or (asked by htmx) only what stands beside the list."""

    permission = Permission.WORK_ITEMS

    def get(self, request: HttpRequest, item: str) -> HttpResponse:
        found = self.item(item)
        if getattr(request, "htmx", False):
            return self.render("customers/work_item.html", pane_of(self.staff, found, now()))
        return self.render("customers/work.html", day_of(self.staff, found))
