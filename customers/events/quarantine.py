"""Events that were set aside: listed by what is missing, tried again once it is there, or put away for good."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from django.db import transaction
from django.db.models import Count, Max
from django.utils.translation import gettext as _

from crm.audit import trail
from customers.events import inbox, kinds, stitching
from customers.events.payloads import Clean
from customers.events.refusals import CannotReplay
from customers.models import Event, EventState, Source
from customers.receiving.database import in_transaction

AT_ONCE = 5_000


class Group(NamedTuple):
    """Events that wait for the same: a kind that the chain knows, or a store."""

    reason: str
    kind: str
    store_code: str
    events: int
    last_at: Any


def groups() -> list[Group]:
    """What waits, the most first."""
    rows = Event.objects.filter(state=EventState.QUARANTINED).values_list("reason", "kind", "store_code")
    found = rows.annotate(events=Count("pk"), last_at=Max("recorded_at")).order_by(
        "-events", "reason", "kind"
    )
    return [Group(*row) for row in found[:100]]


def replay(reason: str, kind: str, store_code: str, *, by: Any) -> tuple[int, int]:
    """Try a group again: how many were applied, and how many stay. Raises CannotReplay when there is none."""

    def work(cur: Any) -> tuple[int, int]:
        held = _of_group(reason, kind, store_code).select_related("store").select_for_update(of=("self",))
        rows = list(held.order_by("pk")[:AT_ONCE])
        if not rows:
            raise CannotReplay(_("Nothing of this is set aside."))
        known = kinds.known()
        sources = dict(Source.objects.values_list("pk", "code"))
        applied = 0
        for source_id in sorted({row.source_id for row in rows}):
            events = list(_cleaned(cur, (row for row in rows if row.source_id == source_id), known))
            applied += inbox.take(cur, sources[source_id], events, by=by).applied
        trail.record("events.replay", "batch", by=by, details={"tried": len(rows), "applied": applied})
        return applied, len(rows) - applied

    return in_transaction(work)


def discard(reason: str, kind: str, store_code: str, *, by: Any) -> int:
    """Put a group away for good. How many events that were."""
    with transaction.atomic():
        count = _of_group(reason, kind, store_code).delete()[0]
        trail.record("events.discard", "batch", by=by, details={"count": count, "reason": reason})
    return int(count)


def _of_group(reason: str, kind: str, store_code: str) -> Any:
    return Event.objects.filter(state=EventState.QUARANTINED, reason=reason, kind=kind, store_code=store_code)


def _cleaned(cur: Any, rows: Iterable[Event], known: frozenset[str]) -> Iterable[Clean]:
    """As they came; one whose data do not fit the kind stays where it is."""
    listed = list(rows)
    now_is = stitching.living(cur, {row.customer_id for row in listed if row.customer_id})
    for place, row in enumerate(listed):
        try:
            data = kinds.cleaned(row.kind, row.data)
        except msgspec.ValidationError:
            continue
        clean = Clean(
            place, row.external_id, row.kind, row.occurred_at, row.channel, visitor=row.visitor, data=data,
            customer_id=now_is.get(row.customer_id or 0, row.customer_id), print=bytes(row.fingerprint),
        )  # fmt: skip
        clean.store = row.store.code if row.store else row.store_code
        clean.reason = "" if row.kind in known else "unknown_kind"
        yield clean
