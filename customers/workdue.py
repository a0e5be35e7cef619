"""What the clock does with follow-ups: tells their owners that they are due, and lets them follow their customers.

Both are statements over open items, and both may run twice: a notice carries the item's stage and time, so that one
item is told once a stage; an item that was put off is told again at its new time.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction

from crm.lib.statements import Statement
from crm.notices.models import Notice
from crm.notices.telling import Told, tell_each
from customers.models import WorkItem

LATE = timedelta(days=1)
OVERLAP = timedelta(hours=6)  # what was entered late, or committed beside a look, is seen by the next ones
FIRST = timedelta(days=3)  # how far the first look of all goes back


def tell_due(now: datetime) -> int:
    """Notices for what fell due, and for what is a day late by now. Returns how many were new.

    From where the last look that told something stood, however long ago: a clock that stood still loses nothing.
    """
    with transaction.atomic():
        looked = Notice.objects.filter(kind__in=["work.due", "work.overdue"]).order_by("-made_at")
        last = looked.values_list("made_at", flat=True).first()
        since = min(last, now - OVERLAP) if last else now - FIRST
        return _tell("work.due", since, now) + _tell("work.overdue", since - LATE, now - LATE)


def _tell(kind: str, since: datetime, until: datetime) -> int:
    rows = WorkItem.objects.open().filter(owner__isnull=False, due_at__gt=since, due_at__lte=until)
    told = rows.order_by("pk").values_list("owner_id", "pk", "due_at").iterator(chunk_size=5000)
    part: list[Told] = []
    count = 0
    for owner, pk, due_at in told:
        part.append((owner, f"customers.workitem:{pk}", {}, f"{due_at:%Y%m%d%H%M%S}"))
        if len(part) == 5000:
            count, part = count + tell_each(kind, part), []
    return count + tell_each(kind, part)


def follow_customers() -> int:
    """Open items of customers who have another home store now go to that store. Returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FOLLOW)
        return cursor.rowcount


_FOLLOW = """
UPDATE customers_workitem item SET store_id = customer.home_store_id
FROM customers_customer customer
WHERE customer.id = item.customer_id AND item.state < 3 AND item.store_id IS DISTINCT FROM customer.home_store_id
"""
STATEMENTS = [Statement("work.follow_customers", _FOLLOW)]
