"""Counting what came from a site, by the day. In a transaction of its own and last: it is one row for all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from customers.models import Site


@dataclass
class Counts:
    events: int = 0
    duplicates: int = 0
    rejected: int = 0
    robots: int = 0
    without_consent: int = 0
    last_kind: str = ""
    last_reason: str = ""

    def reject(self, count: int, reason: str) -> None:
        self.rejected += count
        self.last_reason = reason


def add(site: Site, counts: Counts, at: datetime) -> None:
    with connection.cursor() as cursor:
        values: Any = {"site": site.pk, "day": at.date(), "at": at if counts.events else None} | vars(counts)
        cursor.execute(_ADD, values)


_ADD = """
INSERT INTO customers_siteday AS kept (
    site_id, day, events, duplicates, rejected, robots, without_consent, last_at, last_kind, last_reason
) VALUES (
    %(site)s, %(day)s, %(events)s, %(duplicates)s, %(rejected)s, %(robots)s, %(without_consent)s, %(at)s,
    %(last_kind)s, %(last_reason)s
)
ON CONFLICT (site_id, day) DO UPDATE SET
    events = kept.events + excluded.events, duplicates = kept.duplicates + excluded.duplicates,
    rejected = kept.rejected + excluded.rejected, robots = kept.robots + excluded.robots,
    without_consent = kept.without_consent + excluded.without_consent,
    last_at = coalesce(excluded.last_at, kept.last_at),
    last_kind = CASE WHEN excluded.last_at IS NULL THEN kept.last_kind ELSE excluded.last_kind END,
    last_reason = CASE WHEN excluded.last_reason = '' THEN kept.last_reason ELSE excluded.last_reason END
"""
