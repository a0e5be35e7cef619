"""One receipt or one return, as a till posts it: few statements, no numpy.

The common receipt (new, its references known) takes three: one finds the customer, one reads the rest it refers to, one
writes all its rows. (Identifiers and events are placed by keys of their own, so no statement asks for both.) What the
last one finds taken goes through the same questions again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from crm.org.models import public_id
from customers.models import ArrivalKind, ArrivalState
from customers.receiving import events, followers, guests, people, references, returns
from customers.receiving.database import Again, in_transaction
from customers.receiving.events import Receipt
from customers.receiving.followers import Changed
from customers.receiving.payloads import ReceiptIn, ReturnIn
from customers.receiving.references import StoreRef
from customers.receiving.refusals import InvalidEvent, ReceiptConflict, ReturnConflict


@dataclass(frozen=True)
class ReceiptOutcome:
    """What became of a receipt. `is_new` is false when it was known already, with the same content.

    `told`: what followed from it elsewhere, by name (see `followers`); the same for the same receipt.
    """

    is_new: bool
    purchase_id: int
    customer_id: int | None  # None: a guest
    store_id: int
    business_date: date
    cents: int
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def public_id(self) -> str:
        return public_id("rcp").encode(self.purchase_id)

    @property
    def customer_public_id(self) -> str | None:
        return None if self.customer_id is None else public_id("cus").encode(self.customer_id)


@dataclass(frozen=True)
class ReturnOutcome:
    """What became of a return: APPLIED, WAITING for its receipt, or QUARANTINED with a reason. All are kept."""

    is_new: bool
    return_id: int
    state: ArrivalState
    reason: str
    customer_id: int | None
    cents: int

    @property
    def public_id(self) -> str:
        return public_id("ret").encode(self.return_id)

    @property
    def customer_public_id(self) -> str | None:
        return None if self.customer_id is None else public_id("cus").encode(self.customer_id)


def receive_receipt(payload: ReceiptIn, *, by: Any) -> ReceiptOutcome:
    """Apply one receipt. The same again changes nothing and gives the same outcome with `is_new=False`.

    Raises InvalidEvent (422, with pointers; TooManySources is one), ReceiptConflict (409).
    """
    receipt = events.receipt(payload)
    fingerprint = receipt.fingerprint()
    raw = msgspec.json.encode(payload).decode()
    return in_transaction(lambda cur: _apply(cur, receipt, fingerprint, raw, by))


def receive_return(payload: ReturnIn, *, by: Any) -> ReturnOutcome:
    """Take one return into the inbox and settle its receipt, if that is known. Raises InvalidEvent, ReturnConflict."""
    event = events.goods_return(payload)
    return in_transaction(lambda cur: _take_return(cur, event, by))


@dataclass(frozen=True)
class _Known:
    """What a receipt refers to, and what is known under its key."""

    source_id: int
    store: StoreRef
    customer_id: int | None
    products: list[int]
    arrival: tuple[int, bytes, int, int | None, int] | None  # id, fingerprint, state, customer, purchase


def _apply(cur: Any, receipt: Receipt, fingerprint: bytes, raw: str, by: Any) -> ReceiptOutcome:
    known = _look_up(cur, receipt, by)
    business_date = receipt.occurred_at.astimezone(known.store.zone).date()
    if known.arrival and known.arrival[2] == ArrivalState.APPLIED:
        if known.arrival[1] != fingerprint:
            raise ReceiptConflict(receipt.source, receipt.external_id)
        _id, _fingerprint, _state, customer_id, purchase_id = known.arrival
        told = _follow(cur, customer_id, purchase_id, by)
        return ReceiptOutcome(
            False, purchase_id, customer_id, known.store.id, business_date, receipt.cents, told
        )
    customer_id = known.customer_id
    if receipt.person and customer_id is None:
        customer_id = people.resolve(cur, [receipt.person], source=receipt.source)[receipt.person]
    key = (known.source_id, receipt.external_id)
    content = {
        "source": known.source_id, "external_id": receipt.external_id, "fingerprint": fingerprint,
        "customer": customer_id, "store": known.store.id, "raw": raw, "at": receipt.occurred_at, "on": business_date,
        "channel": receipt.channel, "cents": receipt.cents, "discount": receipt.discount, "staff": receipt.staff,
        "numbers": [line.number for line in receipt.lines], "products": known.products,
        "milli": [line.milli for line in receipt.lines], "line_cents": [line.cents for line in receipt.lines],
        "line_discounts": [line.discount for line in receipt.lines],
        "methods": [method for method, _cents in receipt.payments],
        "paid": [cents for _method, cents in receipt.payments],
        "arrival": known.arrival[0] if known.arrival else None,
        "purchase": _number(cur) if known.arrival else None,
    }  # fmt: skip
    taking = _TAKE_OVER if known.arrival else _TAKE
    cur.execute(taking + (_WRITE_GUEST if customer_id is None else _WRITE), content)
    written = cur.fetchone()
    if written is None:
        raise Again
    totals = returns.settle(cur, [key]).guests if known.arrival else {}
    if customer_id is None:
        guests.merge(totals, {(known.store.id, business_date, receipt.channel): _guest_totals(receipt)})
    if totals:
        guests.add(cur, totals)
    told = _follow(cur, customer_id, written[0], by)
    return ReceiptOutcome(True, written[0], customer_id, known.store.id, business_date, receipt.cents, told)


def _follow(cur: Any, customer_id: int | None, purchase_id: int, by: Any) -> dict[str, Any]:
    return followers.now(cur, [Changed(customer_id, purchase_id)], by) if customer_id else {}


def _number(cur: Any) -> int:
    """A number for a purchase whose row in the inbox is there already (an UPDATE may not call what counts up)."""
    cur.execute("SELECT nextval('customers_purchase_id_seq')")
    return int(cur.fetchone()[0])


def _guest_totals(receipt: Receipt) -> guests.GuestTotals:
    return guests.GuestTotals(1, len(receipt.lines), receipt.cents, receipt.discount)


def _look_up(cur: Any, receipt: Receipt, by: Any) -> _Known:
    customer_id = people.customer_of(cur, receipt.person) if receipt.person else None
    skus = [line.sku for line in receipt.lines]
    cur.execute(_LOOK_UP, [skus, receipt.external_id, receipt.source, receipt.store], prepare=True)
    source_id, store_id, zone, products, *arrival = cur.fetchone()
    store = check_store(receipt.store, store_id, zone, by)
    if source_id is None:
        source_id = references.sources(cur, [receipt.source], by=by)[receipt.source]
    if None in products:
        ids = references.products(cur, skus)
        products = [ids[sku] for sku in skus]
    found = None if arrival[0] is None else (arrival[0], bytes(arrival[1]), *arrival[2:])
    return _Known(source_id, store, customer_id, products, found)


def check_store(code: str, store_id: int | None, zone: str | None, by: Any) -> StoreRef:
    """The store, if it is the chain's and the sender may write for it."""
    if store_id is None or zone is None:
        raise InvalidEvent.at("/store", _("“%(code)s” is no store of this chain.") % {"code": code})
    scope = getattr(by, "scope", None)
    if callable(scope) and store_id not in scope():
        raise InvalidEvent.at(
            "/store", _("This sender may not write for the store “%(code)s”.") % {"code": code}
        )
    return StoreRef(store_id, references.ZoneInfo(zone))


def _take_return(cur: Any, event: events.Return, by: Any) -> ReturnOutcome:
    cur.execute("SELECT id, timezone FROM org_store WHERE code = %s", [event.store])
    store_id, zone = cur.fetchone() or (None, None)
    store = check_store(event.store, store_id, zone, by)
    source_ids = references.sources(cur, [event.source, event.of_source], by=by)
    taken = returns.Taken(event, source_ids[event.source], source_ids[event.of_source], store)
    is_known = returns.known(cur, [taken])
    if is_known and is_known[0] != event.fingerprint():
        raise ReturnConflict(event.source, event.external_id)
    if not is_known:
        returns.expect(cur, [taken.of])
        returns.take(cur, [taken])
        settled = returns.settle(cur, [taken.of])
        guests.add(cur, settled.guests)
        followers.now(cur, settled.changed, by)
    cur.execute(_RETURN_STATE, [ArrivalKind.RETURN, taken.source_id, event.external_id])
    return_id, state, reason, customer_id = cur.fetchone()
    return ReturnOutcome(not is_known, return_id, ArrivalState(state), reason, customer_id, event.cents)


# The gate is a statement before this one: a snapshot is taken before a statement waits.
_LOOK_UP = """
SELECT source.id, store.id, store.timezone,
    ARRAY(
        SELECT product.id FROM unnest(%s::text[]) WITH ORDINALITY AS wanted (sku, place)
        LEFT JOIN customers_product product ON product.sku = wanted.sku ORDER BY wanted.place
    ),
    arrival.id, arrival.fingerprint, arrival.state, arrival.customer_id, arrival.purchase_id
FROM (SELECT %s::text AS external_id, %s::text AS source, %s::text AS store) AS given
LEFT JOIN customers_source source ON source.code = given.source
LEFT JOIN org_store store ON store.code = given.store
LEFT JOIN customers_arrival arrival
    ON arrival.source_id = source.id AND arrival.external_id = given.external_id AND arrival.kind = 1
"""
_TAKE = """
WITH taken AS (
    INSERT INTO customers_arrival (
        kind, source_id, external_id, fingerprint, state, customer_id, purchase_id, store_id, raw
    ) VALUES (
        1, %(source)s, %(external_id)s, %(fingerprint)s, 1, %(customer)s::bigint,
        nextval('customers_purchase_id_seq'), %(store)s, %(raw)s::jsonb
    )
    ON CONFLICT (source_id, external_id, kind) DO NOTHING
    RETURNING purchase_id
)"""
# A return put the row there, or the receipt was set aside for a fault that is mended now.
_TAKE_OVER = """
WITH taken AS (
    UPDATE customers_arrival SET
        fingerprint = %(fingerprint)s, state = 1, reason = '', customer_id = %(customer)s::bigint,
        purchase_id = %(purchase)s, store_id = %(store)s, raw = %(raw)s::jsonb,
        recorded_at = now()
    WHERE id = %(arrival)s AND state IN (3, 4)
    RETURNING purchase_id
)"""
_WRITE_GUEST = " SELECT purchase_id FROM taken"
_WRITE = """,
bought AS (
    INSERT INTO customers_purchase (
        id, customer_id, store_id, source_id, channel, business_date, occurred_at, amount, discount, external_id,
        staff_code
    )
    SELECT purchase_id, %(customer)s, %(store)s, %(source)s, %(channel)s, %(on)s, %(at)s, %(cents)s / 100.0,
        %(discount)s / 100.0, %(external_id)s, %(staff)s
    FROM taken
), lines AS (
    INSERT INTO customers_line (customer_id, purchase_id, number, product_id, quantity, amount, discount)
    SELECT %(customer)s, purchase_id, number, product, milli / 1000.0, cents / 100.0, discount / 100.0
    FROM taken, unnest(
        %(numbers)s::smallint[], %(products)s::bigint[], %(milli)s::bigint[], %(line_cents)s::bigint[],
        %(line_discounts)s::bigint[]
    ) AS line (number, product, milli, cents, discount)
), paid AS (
    INSERT INTO customers_payment (customer_id, purchase_id, number, method, amount)
    SELECT %(customer)s, purchase_id, number, method, cents / 100.0
    FROM taken, unnest(%(methods)s::text[], %(paid)s::bigint[]) WITH ORDINALITY AS payment (method, cents, number)
), seen AS (
    UPDATE customers_customer SET first_seen_at = %(at)s, home_store_id = %(store)s,
        updated_at = CASE WHEN home_store_id = %(store)s THEN updated_at ELSE now() END
    FROM taken
    WHERE id = %(customer)s AND is_stub
      AND (first_seen_at IS NULL OR (%(at)s::timestamptz, %(store)s::bigint) < (first_seen_at, home_store_id))
    RETURNING id
), searched AS (
    UPDATE customers_namekey k SET home_store_id = %(store)s FROM seen
    WHERE k.customer_id = %(customer)s AND k.home_store_id IS DISTINCT FROM %(store)s
), stale AS (
    INSERT INTO customers_stalestate (customer_id, since) SELECT %(customer)s, %(on)s FROM taken
)
SELECT purchase_id FROM taken"""
_RETURN_STATE = """
SELECT return_id, state, reason, customer_id FROM customers_arrival
WHERE kind = %s AND source_id = %s AND external_id = %s
"""
