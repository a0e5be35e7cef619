"""Taking an order: receipt and returns through the door of all receipts, or aside with the reason."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from customers.events import marking
from customers.events.payloads import VISITOR
from customers.models import Connector, KeptOrder
from customers.orders import mapping
from customers.orders.mapping import Draft
from customers.receiving import events, payloads, receive_receipt, receive_return
from customers.receiving.database import in_transaction

APPLIED, DUPLICATE, IGNORED, SET_ASIDE = "applied", "duplicate", "ignored", "set_aside"
_PRIVATE = ("client_details", "browser_ip", "note", "customer_note")  # beside everything called an address


class ConnectorOff(Refusal):
    code = "connector_off"
    status = 409


class NotTested(Refusal):
    code = "connector_not_tested"
    status = 409


class NotAnOrder(Refusal):
    code = "not_an_order"


@dataclass
class Outcome:
    """`ignored`: the order is no sale yet. `reason` and `detail` of what was set aside."""

    state: str
    reason: str = ""
    detail: str = ""
    receipt: str | None = None
    returns: list[str] = field(default_factory=list)


def receive(connector: Connector, body: bytes, *, by: Any) -> Outcome:
    """Take one order as the shop wrote it. Raises ConnectorOff, NotAnOrder; all else is kept and told."""
    if not connector.is_on:
        raise ConnectorOff(_("This connector is switched off."))
    try:
        order = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        order = None
    if not isinstance(order, dict):
        raise NotAnOrder(_("This is no JSON object."))
    return _take(connector, order, by)


def _take(connector: Connector, order: dict[str, Any], by: Any) -> Outcome:
    try:
        with transaction.atomic():
            return _apply(connector, read(connector, order), by)
    except Refusal as refusal:
        return _keep(connector, order, refusal)


def read(connector: Connector, order: Any) -> Draft:
    """What an order says by the connector's mapping. Raises InvalidMapping, Unmapped."""
    how = mapping.parsed(connector.mapping)
    return mapping.read(order, how, source=connector.source_code, store=connector.store.code)


def _apply(connector: Connector, draft: Draft, by: Any) -> Outcome:
    if draft.receipt is None:
        return Outcome(IGNORED)
    done = receive_receipt(payloads.receipt_of(msgspec.json.encode(draft.receipt)), by=by)
    backs = [receive_return(payloads.return_of(msgspec.json.encode(one)), by=by) for one in draft.returns]
    if draft.visitor and VISITOR.fullmatch(draft.visitor) and done.customer_id:
        at = datetime.fromisoformat(draft.receipt["occurred_at"])
        mark = (at, done.customer_id)
        in_transaction(lambda cur: marking.identify(cur, draft.visitor, [mark]))
    KeptOrder.objects.filter(connector=connector, external_id=draft.external_id).delete()
    is_new = done.is_new or any(back.is_new for back in backs)
    return Outcome(
        APPLIED if is_new else DUPLICATE, receipt=done.public_id, returns=[back.public_id for back in backs]
    )


def _keep(connector: Connector, order: dict[str, Any], refusal: Refusal) -> Outcome:
    """Set the order aside; the same order again replaces it."""
    fault = refusal.faults[0] if refusal.faults else None
    detail = f"{fault.pointer}: {fault.detail}" if fault else str(refusal)
    raw = without_addresses(order)
    try:
        number = read(connector, order).external_id
    except Refusal:
        number = str(order.get("id") or blake2b(msgspec.json.encode(raw), digest_size=12).hexdigest())[:120]
    KeptOrder.objects.update_or_create(
        connector=connector,
        external_id=number,
        defaults={"reason": refusal.code, "detail": detail[:300], "raw": raw},
    )
    return Outcome(SET_ASIDE, refusal.code, detail)


def without_addresses(part: Any) -> Any:
    """An order without what no mapping needs: addresses, notes, where the browser was."""
    if isinstance(part, dict):
        return {
            key: without_addresses(value)
            for key, value in part.items()
            if not str(key).endswith("address") and key not in _PRIVATE
        }
    return [without_addresses(one) for one in part] if isinstance(part, list) else part


def replay(kept: KeptOrder, *, by: Any) -> Outcome:
    """Try a kept order again with the mapping as it is now."""
    with transaction.atomic():
        outcome = _take(kept.connector, dict(kept.raw), by)
        if outcome.state != SET_ASIDE:
            KeptOrder.objects.filter(pk=kept.pk).delete()
        trail.record("order.replay", "batch", by=by, details={"state": outcome.state})
    return outcome


def discard(kept: KeptOrder, *, by: Any) -> None:
    """Put a kept order away for good."""
    with transaction.atomic():
        kept.delete()
        trail.record("order.discard", "batch", by=by)


def note_test(connector: Connector, *, at: datetime) -> None:
    """A sample order was read with the mapping as it stands."""
    Connector.objects.filter(pk=connector.pk, mapping=connector.mapping).update(tested_at=at)


def switch(connector: Connector, *, on: bool, by: Any) -> None:
    """Switch on or off. Raises NotTested."""
    with transaction.atomic():
        held = Connector.objects.select_for_update().get(pk=connector.pk)
        if on and held.tested_at is None:
            raise NotTested(_("Try the mapping with a sample order first."))
        held.is_on = on
        held.save(update_fields=["is_on"])
        trail.record("connector.switch", held, by=by, details={"on": on})


def check(draft: Draft) -> None:
    """Whether receiving would take what the order says. Raises what it would raise; nothing is written."""
    if draft.receipt is None:
        raise mapping.Unmapped("state", _("This order is no sale by the mapping: take one that is."))
    events.receipt(payloads.receipt_of(msgspec.json.encode(draft.receipt)))
    for one in draft.returns:
        events.goods_return(payloads.return_of(msgspec.json.encode(one)))
