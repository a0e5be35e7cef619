"""The ledger in sums by day: read forward, never changed afterwards.

`recorded_at` is the database's clock when a row was written, and `horizon` the latest moment of which everything that
was written is there to be read: whoever is still writing began after it. So a row is read once, and a day that is
over stays. Undoing a merge takes movements out and books them again (`loyalty/parting.py`): what had been read of
these is taken back today (`take_back`), under the lock of the reading; days that are over stay as they were told.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from crm.lib.statements import Statement
from crm.org.models import Chain

SINCE_EVER = "-infinity"


def bring_forward() -> int:
    """Read what was booked since the last time. Returns the rows of sums that were written. Safe to run twice."""
    with transaction.atomic(), connection.cursor() as cursor:
        since = _locked(cursor)
        cursor.execute(HORIZON)
        until = cursor.fetchone()[0]
        rows = booked(cursor, since, until)
        add(cursor, rows)
        cursor.execute(_READ, [until])
    return len(rows)


def booked(cursor: Any, since: Any, until: Any) -> list[Sequence[Any]]:
    """Sums of what was booked after `since` up to `until`: rows of COLUMNS."""
    cursor.execute(BOOKED.sql, {"since": since, "until": until, "zone": Chain.current().timezone})
    return list(cursor.fetchall())


def read_until() -> datetime | None:
    """Up to when the sums go; None before the first reading."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT until FROM loyalty_ledgerread WHERE id = 1 AND until > '-infinity'")
        found = cursor.fetchone()
    return found[0] if found else None


def take_back(cursor: Any, customer_id: int, *, since: str, but: list[int]) -> None:
    """Before movements of a customer are taken out of the ledger: take out what was read of them, as of today."""
    until = _locked(cursor)
    if until != SINCE_EVER:
        zone = Chain.current().timezone
        given = {"customer": customer_id, "since": since, "until": until, "but": but, "zone": zone}
        cursor.execute(TAKEN_OUT.sql, given)
        add(cursor, cursor.fetchall())


def add(cursor: Any, rows: Sequence[Sequence[Any]]) -> None:
    columns = zip(*rows, strict=True) if rows else [[]] * len(COLUMNS)
    cursor.execute(_ADD, [list(column) for column in columns])


def _locked(cursor: Any) -> Any:
    cursor.execute(
        "INSERT INTO loyalty_ledgerread (id, until) VALUES (1, '-infinity') ON CONFLICT (id) DO NOTHING"
    )
    cursor.execute(
        "SELECT CASE WHEN until = '-infinity' THEN NULL ELSE until END FROM loyalty_ledgerread WHERE id = 1 FOR UPDATE"
    )
    found = cursor.fetchone()[0]
    return SINCE_EVER if found is None else found


COLUMNS = (
    "booked_on", "month", "unit", "kind", "store_id", "earned", "ends", "pending", "available", "held", "debt", "here",
    "lots",
)  # fmt: skip
_KEY = ", ".join(COLUMNS[:7])
_SUMS = COLUMNS[7:]
# Whoever is in a transaction may still write rows of the time since it began; who begins later writes later ones.
HORIZON = """
SELECT least(clock_timestamp(), min(xact_start)) - interval '1 microsecond' FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_READ = "UPDATE loyalty_ledgerread SET until = greatest(until, %s::timestamptz) WHERE id = 1"
_ADD = f"""
INSERT INTO loyalty_ledgerday AS d ({", ".join(COLUMNS)})
SELECT * FROM unnest(
    %s::date[], %s::int[], %s::int[], %s::int[], %s::bigint[], %s::int[], %s::int[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]
)
ON CONFLICT ({_KEY}) DO UPDATE SET {", ".join(f"{name} = d.{name} + excluded.{name}" for name in _SUMS)}
"""  # noqa: S608  our own words


def _month(time: str) -> str:
    return f"(extract(year FROM {time}) * 12 + extract(month FROM {time}) - 1)::int"


def _local(time: str) -> str:
    return f"({time} AT TIME ZONE %(zone)s)"


def _sums(booked_on: str, where: str, sign: str = "") -> str:
    """Points end at the midnight of some store: half a day before is the last day on which they can be spent."""
    return f"""
SELECT {_KEY}, {", ".join(f"({sign}sum({name}))::bigint AS {name}" for name in _SUMS)}
FROM (
    SELECT {booked_on} AS booked_on, {_month(_local("m.occurred_at"))} AS month, m.unit, m.kind,
        coalesce(i.store_id, 0) AS store_id, {_month(_local("l.earned_at"))} AS earned,
        CASE WHEN l.is_extended THEN -1 WHEN l.expires_at IS NULL THEN 0
            ELSE {_month("((l.expires_at - interval '12 hours') AT TIME ZONE %(zone)s)")} END AS ends,
        t.pending, t.available, t.held, 0::bigint AS debt, 0::bigint AS here, 1::bigint AS lots
    FROM loyalty_movement m
    JOIN loyalty_trace t ON t.customer_id = m.customer_id AND t.movement_id = m.id
    JOIN loyalty_lot l ON l.customer_id = t.customer_id AND l.id = t.lot_id
    JOIN loyalty_movement i ON i.customer_id = l.customer_id AND i.id = l.movement_id
    WHERE {where}
    UNION ALL
    SELECT {booked_on}, {_month(_local("m.occurred_at"))}, m.unit, m.kind, coalesce(m.store_id, 0), 0, 0, 0, 0, 0,
        m.debt, m.contra, 0
    FROM loyalty_movement m
    WHERE {where} AND (m.debt <> 0 OR m.contra <> 0)
) booked
GROUP BY {_KEY}
"""  # noqa: S608


_EXAMPLE = {"since": "2026-03-10T04:00Z", "until": "2026-03-11T04:00Z", "zone": "Asia/Shanghai"}
BOOKED = Statement(
    "loyalty.ledger_days",
    _sums(f"{_local('m.recorded_at')}::date", "m.recorded_at > %(since)s AND m.recorded_at <= %(until)s"),
    _EXAMPLE,
)
TAKEN_OUT = Statement(
    "loyalty.ledger_taken_out",
    _sums(
        f"{_local('now()')}::date",
        "m.customer_id = %(customer)s AND m.recorded_at >= %(since)s::timestamptz AND m.recorded_at <= %(until)s"
        " AND m.id <> ALL(%(but)s::bigint[])",
        sign="-",
    ),
    _EXAMPLE | {"customer": 1, "but": [1]},
)
