"""Taking a batch of events: one transaction, a handful of statements, whatever the size."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from crm.audit import trail
from customers import consents
from customers.events import contradicting, kinds, payloads, rows, stitching
from customers.events.payloads import Clean, Problem
from customers.events.refusals import TooManyEvents
from customers.events.stitching import Mark
from customers.models import EventState
from customers.receiving import people, references
from customers.receiving.database import Again, in_transaction
from customers.receiving.refusals import InvalidEvent
from customers.receiving.single import check_store

MOST_EVENTS = 1_000


@dataclass
class Outcome:
    """`applied` + `duplicates` + `rejected` = events sent. What waits for its visitor to be known is applied."""

    applied: int = 0
    duplicates: int = 0
    rejected: int = 0
    errors: list[Problem] = field(default_factory=list)

    def reject(self, problem: Problem) -> None:
        self.rejected += 1
        self.errors.append(problem)


def receive(source: str, raws: Sequence[bytes | msgspec.Raw], *, by: Any) -> Outcome:
    """Take a batch. What is wrong with an event is told of that event. Raises TooManyEvents, TooManySources."""
    if len(raws) > MOST_EVENTS:
        raise TooManyEvents(_("A batch holds at most %(n)d events.") % {"n": MOST_EVENTS})
    good, bad = payloads.read(raws, kinds.known())

    def work(cur: Any) -> Outcome:
        outcome = take(cur, source, good, by=by)
        for problem in bad:
            outcome.reject(problem)
        counts = {"applied": outcome.applied, "rejected": outcome.rejected}
        trail.record("events.batch", "batch", by=by, details=counts)
        return outcome

    outcome = in_transaction(work)
    outcome.errors.sort(key=lambda problem: problem.place)
    return outcome


def take(cur: Any, source: str, events: Iterable[Clean], *, by: Any) -> Outcome:
    """Take clean events in the present transaction, whose gate is entered. Raises Again when somebody took the same."""
    outcome = Outcome()
    source_id = references.sources(cur, [source], by=by)[source]
    found = references.stores(cur, {event.store for event in events if event.store}, make_stubs=False)
    usable = [event for event in events if _is_of_a_store(event, found, by, outcome)]
    stitching.lock(cur, _sights(usable))
    new = _of_no_other(cur, _new(cur, source_id, usable, outcome), outcome)
    for event in new:
        if event.reason:
            outcome.reject(_told(event))
    outcome.applied += sum(not event.reason for event in new)
    _place(cur, source, source_id, new, {code: store.id for code, store in found.items()})
    return outcome


def _is_of_a_store(event: Clean, found: dict[str, Any], by: Any, outcome: Outcome) -> bool:
    """Whether the sender may speak for the event's store; an unknown store sets the event aside."""
    store = found.get(event.store)
    if event.store and store is None:
        event.reason = event.reason or "unknown_store"
    elif store is not None:
        try:
            check_store(event.store, store.id, store.zone.key, by)
        except InvalidEvent as refusal:
            fault = refusal.faults[0]
            outcome.reject(Problem(event.place, refusal.code, fault.pointer, fault.detail))
            return False
    return True


def _told(event: Clean) -> Problem:
    if event.reason == "unknown_store":
        detail = _("“%(code)s” is no store of this chain.") % {"code": event.store}
        return Problem(event.place, event.reason, "/store", detail)
    return Problem(
        event.place, event.reason, "/kind", _("The chain knows no such kind; the event is kept aside.")
    )


def _sights(events: Iterable[Clean]) -> dict[str, tuple[datetime, datetime]]:
    """First and last time of each visitor."""
    seen: dict[str, tuple[datetime, datetime]] = {}
    for event in events:
        if event.visitor:
            first, last = seen.get(event.visitor, (event.at, event.at))
            seen[event.visitor] = min(first, event.at), max(last, event.at)
    return seen


def _new(cur: Any, source_id: int, events: list[Clean], outcome: Outcome) -> list[Clean]:
    """Those that were not taken before. One that was set aside is taken anew, whatever it says now."""
    known = rows.known(cur, source_id, [event.id for event in events])
    prints = {row.external_id: row.print for row in known if row.state != EventState.QUARANTINED}
    new: dict[str, Clean] = {}
    for event in events:
        before = prints.get(event.id) or (event.id in new and new[event.id].print) or None
        if before is None:
            new[event.id] = event
        elif before == event.print:
            outcome.duplicates += 1
        else:
            detail = _("This event was received before with other content.")
            outcome.reject(Problem(event.place, "event_conflict", "/id", detail))
    rows.drop(
        cur, [row.id for row in known if row.state == EventState.QUARANTINED and row.external_id in new]
    )
    return list(new.values())


def _of_no_other(cur: Any, new: list[Clean], outcome: Outcome) -> list[Clean]:
    """Without the events whose facts say that their identifier belongs to somebody else by now: nobody gets those."""
    codes = contradicting.found(cur, new)
    for event in new:
        if code := codes.get(event.id):
            detail = _(
                "This identifier is known under a clearly different name or birthday. Name the member number."
            )
            outcome.reject(Problem(event.place, code, "/customer", detail))
    return [event for event in new if event.id not in codes]


def _place(cur: Any, source: str, source_id: int, new: list[Clean], store_ids: dict[str, int]) -> None:
    """Write new events, the interactions of those whose customer is known, and what their marks change."""
    if not new:
        return
    owners = people.resolve(cur, (event.person for event in new if event.person), source=source)
    told = people.told_as(cur, owners)
    for event in new:
        if event.person:
            event.customer_id, event.told = owners[event.person], told[event.person]
    marked = stitching.add_marks(
        cur,
        (
            (e.visitor, e.at, e.told or e.customer_id)
            for e in new if e.visitor and e.customer_id and not e.reason
        ),
    )  # fmt: skip
    marks = stitching.marks_of(cur, {event.visitor for event in new if event.visitor})
    for event in new:
        event.owner = event.customer_id or stitching.owner(marks.get(event.visitor, []), event.at)
    silent = consents.refused({event.owner for event in new if event.owner}, None, "profiling")
    for event in new:
        event.is_withheld = event.owner in silent and not event.reason
    if rows.add(cur, source_id, new, store_ids) != len(new):
        raise Again
    if marked:
        restitch(cur, {visitor: marks[visitor] for visitor in marked})


def restitch(cur: Any, marks: dict[str, list[Mark]]) -> Counter[str]:
    """Bring the kept events of these visitors, who are locked, to whom they belong by all marks."""
    held = stitching.unnamed_of(cur, marks)
    now_is = stitching.living(cur, {event.customer_id for event in held if event.customer_id})
    moves = []
    for event in held:
        to = stitching.owner(marks[event.visitor], event.at)
        at = now_is.get(event.customer_id or 0, event.customer_id)
        if to is not None and to != at:
            moves.append((event, to))
    silent = consents.refused({to for _event, to in moves}, None, "profiling")
    rows.move(cur, [(event, to) for event, to in moves if to not in silent], now_is)
    rows.withhold(cur, [event for event, to in moves if to in silent], now_is)
    return Counter({"moved": len(moves)})
