"""A receipt that came without its customer: its points are worked out by the rules of its day, and given once.

The goods are not known, so rules about goods say nothing, and neither do exclusions. When the receipt itself comes
later for some customer, it earns as any other, and what was given by hand is taken back in the same transaction.

Where the receipt is here as a guest's, its day and what is kept of it are what counts; and when all of it comes back,
so do the points.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm.lib import prepared
from crm.lib.refusals import Fault
from crm.org.models import Chain, Store
from crm.ui import words
from customers.models import Channel, Customer
from customers.receiving.followers import Changed, Follower, register, register_guests
from loyalty.adjustments import asking, guestslips
from loyalty.adjustments.deciding import superseded
from loyalty.adjustments.refusals import InvalidAdjustment
from loyalty.coupons.rules import cents
from loyalty.evaluation import Asked, AskedLine, earning, person
from loyalty.evaluation.earning import Earning
from loyalty.models import Adjustment

OLDEST = 366  # days


def earned(customer_id: int, amount: Decimal, on: date, store: Store) -> Earning:
    """What a receipt of this amount and day would have earned, at noon in the store."""
    at = datetime.combine(on, time(12), store.zone)
    line = AskedLine(1, "", 1000, cents(amount))
    asked = Asked(store, Channel.STORE, at, (line,), customer_id=customer_id)
    who = person.of(asked, set())
    return earning.of(asked, who, {}, paid=[line.cents], currency=Chain.current().currency)


def ask(
    customer: Customer,
    amount: Decimal,
    *,
    on: date,
    number: str,
    store: Store,
    source: str,
    by: Any,
    at: datetime,
) -> tuple[Adjustment, Earning]:
    """Give the points of a missed receipt, or have them wait for approval. Raises what `asking.ask` does."""
    today = at.astimezone(store.zone).date()
    if not 0 <= (today - on).days <= OLDEST:
        fault = _("A day of the last twelve months.")
        raise InvalidAdjustment(_("This cannot be booked so."), faults=(Fault("on", fault),))
    if faults := _unlike(guestslips.find(store, number), amount, on):
        raise InvalidAdjustment(_("This cannot be booked so."), faults=tuple(faults))
    found = earned(customer.pk, amount, on, store)
    if not found.points:
        raise InvalidAdjustment(
            _("This cannot be booked so."),
            faults=(Fault("amount", _("By the rules of that day this earns nothing.")),),
        )
    made = asking.ask(
        customer,
        found.points,
        reason="missed_receipt",
        by=by,
        at=at,
        source=source,
        receipt_number=number,
        store=store,
    )
    return made, found


def _unlike(slip: guestslips.Slip | None, amount: Decimal, on: date) -> list[Fault]:
    """What the receipt itself says otherwise."""
    if slip is None:
        return []
    if not slip.left:
        return [Fault("number", _("All of this receipt was brought back before."))]
    found = []
    if slip.left != cents(amount):
        money = words.money(Decimal(slip.left) / 100, Chain.current().currency)
        found.append(Fault("amount", _("Of this receipt %(money)s is kept.") % {"money": money}))
    if slip.on != on:
        found.append(Fault("on", _("This receipt is of %(day)s.") % {"day": words.day(slip.on)}))
    return found


def fill() -> None:
    register(Follower("missed receipts", now=came, later=noted))
    register_guests("missed receipts", gone)


def gone(cur: Any, keys: Sequence[tuple[int, str]]) -> None:
    """Receipts of guests of which all came back: so does what was given for them."""
    for adjustment_id in _of_keys(guestslips.keys(cur, keys)):
        superseded(adjustment_id, by="system:receipts", reason=_("All of the receipt came back."))


def _of_keys(keys: Sequence[str]) -> list[int]:
    return [one for (one,) in prepared.rows(_GIVEN_MANY, [list(keys)])]


def came(_cur: Any, changed: Sequence[Changed], _by: Any) -> dict[str, Any]:
    """Receipts that came after their points had been given by hand: these are taken back."""
    for adjustment_id in _given(changed):
        superseded(adjustment_id, by="system:receipts", reason=_("The receipt itself has come."))
    return {}


def _given(changed: Sequence[Changed]) -> list[int]:
    """What was given for these receipts. One that comes alone is asked for by value: one partition answers."""
    if len(changed) == 1:
        found = prepared.row(_KEY, [changed[0].customer_id, changed[0].purchase_id])
        return [one for (one,) in prepared.rows(_GIVEN, [found[0]])] if found else []
    ids = [[one.customer_id for one in changed], [one.purchase_id for one in changed]]
    return _of_keys([key for (key,) in prepared.rows(_KEYS, ids)])


def noted(cur: Any, changed: Sequence[Changed]) -> None:
    came(cur, changed, None)


_KEYS = """
SELECT p.store_id || ':' || upper(btrim(p.external_id)) FROM customers_purchase p
WHERE p.customer_id = ANY(%s::bigint[]) AND p.id = ANY(%s::bigint[])
"""
_KEY = """
SELECT store_id || ':' || upper(btrim(external_id)) FROM customers_purchase WHERE customer_id = %s AND id = %s
"""
_GIVEN = "SELECT adjustment_id FROM loyalty_missedreceipt WHERE key = %s"
_GIVEN_MANY = "SELECT adjustment_id FROM loyalty_missedreceipt WHERE key = ANY(%s) ORDER BY adjustment_id"
