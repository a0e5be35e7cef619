"""Events that need a look: they are kept with a reason, listed, and can be replayed."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.org.scope import Viewer
from customers.models import Arrival, ArrivalKind, ArrivalState
from customers.receiving import guests, returns, single
from customers.receiving.database import in_transaction
from customers.receiving.payloads import receipt_of, return_of


class NothingToReplay(Refusal):
    code = "nothing_to_replay"
    status = 409


def listed(viewer: Viewer) -> QuerySet[Arrival]:
    """Events set aside and returns that wait for their receipt, newest first; load with `source`."""
    waiting = Arrival.objects.filter(state__in=[ArrivalState.QUARANTINED, ArrivalState.WAITING])
    return waiting.visible_to(viewer).select_related("source", "store").order_by("-id")


def replay(arrival: Arrival, *, by: Any) -> ArrivalState:
    """Try a kept event again; its state afterwards. Raises what receiving raises, and then changes nothing."""
    if arrival.raw is None or arrival.state not in (ArrivalState.QUARANTINED, ArrivalState.WAITING):
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
        in_transaction(lambda cur: _settle_again(cur, key))


def _settle_again(cur: Any, key: returns.Key) -> None:
    returns.lock(cur, [key])
    guests.add(cur, returns.settle(cur, [key]))
