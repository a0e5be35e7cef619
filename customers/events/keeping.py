"""How long things of the web are kept: settings, and removing what is past its time.

What a stranger did goes after ANONYMOUS_EVENTS_DAYS, what a customer looked at after WEB_EVENTS_DAYS; that somebody
signed up or called stays. An event older than that is refused, so nothing comes back. Day by day, each a transaction
and a statement that every machine can do alone.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from crm.lib.statements import Statement
from customers.events import kinds
from customers.models import EventState, KeptOrder, Visitor
from customers.provided import facts

VISITORS_AT_ONCE = 5_000
_A_DAY = timedelta(days=1)


def _days(count: int) -> timedelta:
    return timedelta(days=count)


def forget_old(now: datetime) -> dict[str, int]:
    """Remove what is past its time; how many rows of what."""
    web, anonymous = now - kinds.web_days(), now - _days(settings.ANONYMOUS_EVENTS_DAYS)
    looked_at = {"kinds": kinds.forgotten()}
    return {
        "interactions": _by_the_day("customers_interaction", _INTERACTIONS, web, looked_at),
        "events": _by_the_day("customers_event", _EVENTS, web, looked_at),
        "anonymous": _by_the_day(
            "customers_event", _ANONYMOUS, anonymous, {"state": int(EventState.ANONYMOUS)}
        ),
        "visitors": _visitors(web),
        "orders": KeptOrder.objects.filter(recorded_at__lt=now - _days(settings.ORDERS_ASIDE_DAYS)).delete()[
            0
        ],
        "facts": facts.end(timezone.localtime(now).date()),
    }


def _by_the_day(table: str, sql: str, before: datetime, values: dict[str, Any]) -> int:
    """Delete from the oldest day on. The index by time finds the oldest without reading what is newer."""
    removed = 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(occurred_at) FROM {table} WHERE occurred_at < %s", [before])  # noqa: S608
        start = cursor.fetchone()[0]
        while start is not None and start < before:
            until = min(start + _A_DAY, before)
            with transaction.atomic():
                cursor.execute(sql, values | {"start": start, "until": until})
            removed += cursor.rowcount
            start = until
    return removed


def _visitors(before: datetime) -> int:
    """Those who were not seen since. What is left of them keeps its owner and forgets the device."""
    removed = 0
    while codes := list(
        Visitor.objects.filter(last_seen_at__lt=before).values_list("pk", flat=True)[:VISITORS_AT_ONCE]
    ):
        with transaction.atomic(), connection.cursor() as cursor:
            for sql in (_NAMELESS, _MARKS, _GONE):
                cursor.execute(sql, {"codes": codes})
        removed += len(codes)
    return removed


_INTERACTIONS = """
DELETE FROM customers_interaction
WHERE occurred_at >= %(start)s AND occurred_at < %(until)s AND kind = ANY(%(kinds)s) AND channel IN (2, 3)
"""
_EVENTS = """
DELETE FROM customers_event
WHERE occurred_at >= %(start)s AND occurred_at < %(until)s AND kind = ANY(%(kinds)s) AND channel IN (2, 3)
"""
_ANONYMOUS = """
DELETE FROM customers_event
WHERE occurred_at >= %(start)s AND occurred_at < %(until)s AND state = %(state)s
"""
_NAMELESS = "UPDATE customers_event SET visitor = '' WHERE visitor = ANY(%(codes)s) AND visitor <> ''"
_MARKS = "DELETE FROM customers_visitormark WHERE visitor = ANY(%(codes)s)"
_GONE = "DELETE FROM customers_visitor WHERE code = ANY(%(codes)s)"

_SPAN: dict[str, Any] = {"start": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
STATEMENTS = [
    Statement("events.forget_interactions", _INTERACTIONS, _SPAN | {"kinds": ["page"]}),
    Statement("events.forget", _EVENTS, _SPAN | {"kinds": ["page"]}),
    Statement("events.forget_anonymous", _ANONYMOUS, _SPAN | {"state": 2}),
]
