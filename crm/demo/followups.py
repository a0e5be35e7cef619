"""Follow-ups and notes of the demo chain: enough that the pages live. Made once; every text is invented."""

from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.org.models import Staff
from customers import notes, work
from customers.models import Customer, WorkItem

# kind, what, hours from ten this morning, for whom (a user name; "": anybody), priority
ITEMS = (
    ("call", "Ask how the birthday cake was", -20, "clerk", 2),
    ("call", "They have not been here for two months: ask why", -2, "clerk", 1),
    ("message", "Tell them that the coffee they like is back", 2, "clerk", 2),
    ("call", "Invite to the tasting on Saturday", 5, "", 2),
    ("check", "Has the refund arrived?", 7, "agent", 1),
    ("visit", "Bring the gift basket", 30, "clerk", 3),
    ("call", "Thank them for the long review", 54, "", 3),
    ("call", "Talk about the corporate order", 4, "manager", 1),
)
NOTES = (
    ("agent", "Prefers to be called after six in the evening."),
    ("clerk", "Buys for a family of five; asks for large packs. @Marta Silva could we order the 5 kg rice?"),
    ("manager", "Collects the wine on Fridays. Keep two bottles aside."),
)


def make() -> int:
    """Items and notes for customers of Harbour. Returns how many items; 0 when there are some already."""
    if WorkItem.objects.exists():
        return 0
    staff = Staff.objects.filter(user__isnull=False).select_related("user")
    people = {one.user.username: one for one in staff if one.user}
    rows = Customer.objects.living().filter(home_store__code="HARB", enrolled_at__isnull=False)
    customers = list(rows.exclude(name="").select_related("home_store").order_by("pk")[: len(ITEMS)])
    if not customers or "manager" not in people:
        return 0
    now = timezone.now()
    with transaction.atomic():
        for customer, told in zip(customers, ITEMS, strict=False):
            _item(customer, told, people, now)
        for customer, (author, text) in zip(customers, NOTES, strict=False):
            notes.write(customer, text, by=people[author], at=now - timedelta(days=2))
    return len(customers)


def _item(customer: Customer, told: tuple[Any, ...], people: dict[str, Staff], now: datetime) -> None:
    kind, title, hours, owner, priority = told
    ten = datetime.combine(
        now.date(), time(10), tzinfo=customer.home_store.zone if customer.home_store else None
    )
    work.create(
        customer, kind=kind, title=title, due_at=ten + timedelta(hours=hours), owner=people.get(owner),
        priority=priority, by=people["manager"], at=now - timedelta(days=1),
    )  # fmt: skip
