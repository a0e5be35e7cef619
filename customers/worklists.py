"""What is to be done: one's own day, and a store's. Lists walk along an index, however many items there are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from crm.org.models import Staff
from customers.clocks import zone_of
from customers.models import Customer, Priority, WorkItem, WorkState
from customers.models.work import WorkItemQuerySet

AHEAD = timedelta(days=7)
MOST = 50  # of one's own, and of those that are anybody's: more than a day's work


@dataclass(frozen=True)
class Day:
    """The open items by when they are due, in the clock of their store; the next thing first."""

    overdue: list[WorkItem]
    today: list[WorkItem]
    upcoming: list[WorkItem]
    more: bool  # there are more than are shown

    @property
    def items(self) -> list[WorkItem]:
        return [*self.overdue, *self.today, *self.upcoming]


def my_day(staff: Staff, now: datetime) -> Day:
    """What is mine, and what is anybody's at my stores, up to a week ahead. Two statements."""
    rows = shown(WorkItem.objects.visible_to(staff).open().filter(due_at__lt=now + AHEAD))
    mine = list(rows.filter(owner=staff).order_by("due_at", "pk")[: MOST + 1])
    stores = staff.scope().store_ids
    anybody = list(rows.filter(owner=None).of_stores(stores).order_by("due_at", "pk")[: MOST + 1])
    found = mine[:MOST] + anybody[:MOST]
    parts: tuple[list[WorkItem], ...] = ([], [], [])
    for item in sorted(found, key=_next_first):
        parts[_part(item, now)].append(item)
    return Day(parts[0], parts[1], parts[2], more=max(len(mine), len(anybody)) > MOST)


def _next_first(item: WorkItem) -> Any:
    return (item.priority != Priority.HIGH, item.due_at, item.pk)


def _part(item: WorkItem, now: datetime) -> int:
    if item.due_at < now:
        return 0
    zone = zone_of(item.store)
    return 1 if item.due_at.astimezone(zone).date() <= now.astimezone(zone).date() else 2


def shown(rows: WorkItemQuerySet) -> WorkItemQuerySet:
    """With all that a row of a list says."""
    return rows.select_related("kind", "customer", "store", "owner")


def of_customer(staff: Staff, customer: Customer) -> list[WorkItem]:
    """Their open items, the next first: one statement. The customer was loaded by somebody who may see them."""
    rows = WorkItem.objects.open().filter(customer=customer).select_related("kind", "owner", "store")
    return list(rows.order_by("due_at", "pk")[:20])


def by_person(rows: WorkItemQuerySet, now: datetime) -> list[dict[str, Any]]:
    """Of these open items: owner (None: nobody), how many, how many overdue; the most overdue first."""
    late = Count("pk", filter=Q(due_at__lt=now))
    found = rows.open().order_by().values("owner", "owner__name").annotate(open=Count("pk"), overdue=late)
    return sorted(found, key=lambda one: (one["owner"] is not None, -one["overdue"], -one["open"]))


def done_by(rows: WorkItemQuerySet, since: datetime) -> dict[str, int]:
    """Who ("staff:12") finished how many since then."""
    done = rows.filter(state=WorkState.DONE, ended_at__gte=since)
    return dict(done.order_by().values_list("ended_by").annotate(n=Count("pk")))
