"""Touches of customers: the kinds there are, and adding touches.

Each part of the house registers its kinds from `AppConfig.ready()` and adds touches in the transaction of what they
tell of:

    interactions.register_kind("note", _("Note"), icon="note", group="service")
    interactions.record(customer.pk, "note", channel=TouchChannel.STORE, at=now, by=staff, about="customers.note:3")

What comes from other systems goes through the inbox of events (`customers/events`), which sees to it that the same
event counts once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

from crm.audit import trail
from customers.models import TouchChannel


class UnknownKind(LookupError):
    """A kind that nobody registered: a fault of the program, not of what was sent."""


@dataclass(frozen=True)
class Kind:
    """`group`: what a filter of the timeline puts together ("web", "message", "service", "store", "account")."""

    name: str
    label: Any
    icon: str
    group: str


@dataclass(frozen=True)
class Touch:
    """One touch to be added."""

    customer_id: int
    kind: str
    channel: TouchChannel
    at: datetime
    by: Any = ""
    store_id: int | None = None
    source_id: int | None = None
    external_id: str = ""
    about: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


_kinds: dict[str, Kind] = {}


def register_kind(name: str, label: Any, icon: str, group: str) -> Kind:
    """Make a kind known. The same name again replaces it."""
    _kinds[name] = Kind(name, label, icon, group)
    return _kinds[name]


def kinds() -> Mapping[str, Kind]:
    """All registered kinds by name."""
    return dict(_kinds)


def record(
    customer_id: int, kind: str, *, channel: TouchChannel, at: datetime, by: Any = "", store_id: int | None = None,
    about: str = "", data: Mapping[str, Any] | None = None,
) -> int:  # fmt: skip
    """Add one touch; its number. Raises UnknownKind."""
    touch = Touch(customer_id, kind, channel, at, by, store_id, about=about, data=data or {})
    return record_many([touch])[0]


def record_many(touches: Iterable[Touch]) -> list[int]:
    """Add many touches in one statement; their numbers, in the order given. Raises UnknownKind, and adds none then."""
    rows = list(touches)
    if unknown := sorted({touch.kind for touch in rows} - _kinds.keys()):
        raise UnknownKind(", ".join(unknown))
    if not rows:
        return []
    columns = [list(column) for column in zip(*map(_row, rows), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [len(rows), *columns])
        return [row[0] for row in cursor.fetchall()]


def _row(touch: Touch) -> tuple[Any, ...]:
    return (
        touch.customer_id, touch.kind, int(touch.channel), touch.at, touch.store_id, touch.source_id, touch.external_id,
        trail.actor_name(touch.by), touch.about, msgspec.json.encode(touch.data).decode(),
    )  # fmt: skip


# Numbers are taken before, so that they come back in the order of what was given.
_ADD = """
WITH numbers AS (
    SELECT array_agg(nextval('customers_interaction_id_seq')) AS ids FROM generate_series(1, %s)
), added AS (
    INSERT INTO customers_interaction (
        id, customer_id, kind, channel, occurred_at, store_id, source_id, external_id, actor, about, data
    )
    SELECT numbers.ids[new.place], customer_id, kind, channel, at, store_id, source_id, external_id, actor, about, data
    FROM numbers, unnest(
        %s::bigint[], %s::text[], %s::smallint[], %s::timestamptz[], %s::bigint[], %s::smallint[], %s::text[],
        %s::text[], %s::text[], %s::jsonb[]
    ) WITH ORDINALITY AS new (
        customer_id, kind, channel, at, store_id, source_id, external_id, actor, about, data, place
    )
)
SELECT unnest(ids) FROM numbers
"""
