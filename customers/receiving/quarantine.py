"""Events that need a look: they are kept with a reason, listed, and can be replayed or dismissed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.scope import Viewer
from customers.models import Arrival, ArrivalKind, ArrivalState, Dismissal
from customers.receiving import followers, guests, returns, single
from customers.receiving.database import in_transaction
from customers.receiving.payloads import receipt_of, return_of


class NothingToReplay(Refusal):
    code = "nothing_to_replay"
    status = 409


class NothingToDismiss(Refusal):
    code = "nothing_to_dismiss"
    status = 409


class NothingToReopen(Refusal):
    code = "nothing_to_reopen"
    status = 409


SET_ASIDE = (ArrivalState.QUARANTINED, ArrivalState.WAITING)


def listed(viewer: Viewer, *, dismissed: bool = False) -> QuerySet[Arrival]:
    """Events set aside and returns that wait for their receipt, newest first, with `source` and `store`.

    Those that somebody dismissed are left out, or (`dismissed=True`) are all there is.
    """
    waiting = Arrival.objects.filter(state__in=SET_ASIDE).visible_to(viewer)
    is_dismissed = Exists(
        Dismissal.objects.filter(
            arrival_id=OuterRef("pk"), state=OuterRef("state"), reason=OuterRef("reason"), reopened_at=None
        )
    )
    shown = waiting.filter(is_dismissed if dismissed else ~is_dismissed)
    return shown.select_related("source", "store").order_by("-id")


def dismissals(arrivals: Iterable[Arrival]) -> dict[int, Dismissal]:
    """Who dismissed these, when and why, by the event's number."""
    ids = [arrival.pk for arrival in arrivals]
    rows = Dismissal.objects.filter(arrival_id__in=ids, reopened_at=None).select_related("dismissed_by")
    return {row.arrival_id: row for row in rows}


def dismiss(arrival: Arrival, *, why: str, by: Staff, at: datetime) -> Dismissal:
    """Put an event away: it leaves the list of what needs a look, and nothing else changes.

    Raises NothingToDismiss for one that is not set aside, or that was dismissed already.
    """
    with transaction.atomic():
        arrival = Arrival.objects.select_for_update().get(pk=arrival.pk)
        before = Dismissal.objects.filter(arrival_id=arrival.pk, reopened_at=None)
        is_same = before.filter(state=arrival.state, reason=arrival.reason).exists()
        if arrival.state not in SET_ASIDE or is_same:
            raise NothingToDismiss(_("This event does not wait for a look."))
        before.update(reopened_at=at, reopened_by=by)  # it was about another reason
        made = Dismissal.objects.create(
            arrival_id=arrival.pk,
            state=arrival.state,
            reason=arrival.reason,
            why=why,
            dismissed_by=by,
            dismissed_at=at,
        )
        trail.record("arrival.dismiss", arrival, by=by, store_id=arrival.store_id)
    return made


def reopen(arrival: Arrival, *, by: Staff, at: datetime) -> None:
    """Take a dismissal back. Raises NothingToReopen."""
    with transaction.atomic():
        held = Dismissal.objects.filter(arrival_id=arrival.pk, reopened_at=None)
        if not held.update(reopened_at=at, reopened_by=by):
            raise NothingToReopen(_("This event was not dismissed."))
        trail.record("arrival.reopen", arrival, by=by, store_id=arrival.store_id)


def replay(arrival: Arrival, *, by: Any) -> ArrivalState:
    """Try a kept event again; its state afterwards. Raises what receiving raises, and then changes nothing."""
    if arrival.raw is None or arrival.state not in SET_ASIDE:
        raise NothingToReplay(_("This event is not set aside."))
    with transaction.atomic():
        _again(arrival, by)
        trail.record("arrival.replay", arrival, by=by, store_id=arrival.store_id)
    arrival.refresh_from_db()
    return ArrivalState(arrival.state)


def _again(arrival: Arrival, by: Any) -> None:
    import orjson

    raw = orjson.dumps(arrival.raw)
    if arrival.kind == ArrivalKind.RECEIPT:
        single.receive_receipt(receipt_of(raw), by=by)
    elif arrival.reason == "unknown_store":
        single.receive_return(return_of(raw), by=by)
    else:
        key = (arrival.of_source_id or 0, arrival.of_external_id or "")
        in_transaction(lambda cur: _settle_again(cur, key, by))


def _settle_again(cur: Any, key: returns.Key, by: Any) -> None:
    returns.lock(cur, [key])
    settled = returns.settle(cur, [key])
    guests.add(cur, settled.guests)
    followers.now(cur, settled.changed, by)
