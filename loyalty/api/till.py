"""What tills tell, as the domain takes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm.audit import trail
from crm.lib.refusals import Fault
from crm.org.models import Store
from crm.rest.keys import Caller
from crm.rest.problems import InvalidInput
from customers import identities
from customers.api.shapes import IdentityIn
from customers.models import Channel, Customer, Identity
from loyalty import goods, sources
from loyalty.api.accounts import customer_of as visible
from loyalty.api.basketshapes import EvaluatedLineIn
from loyalty.api.couponshapes import (
    BasketLineIn,
    CheckoutQuery,
    CouponRedemptionIn,
    ReservationIn,
    RewardRedemptionIn,
)
from loyalty.baskets import Basket, BasketLine
from loyalty.ledger import Cause

Told = ReservationIn | CouponRedemptionIn | RewardRedemptionIn


def store_of(told: Told, caller: Caller) -> Store:
    """A store that the key may speak for. Raises InvalidInput."""
    return store_with(told.store, caller)


def store_if(code: str | None, caller: Caller) -> Store | None:
    """The same, where the call may leave it out."""
    return None if code is None else store_with(code, caller)


def store_with(code: str, caller: Caller) -> Store:
    found = Store.objects.visible_to(caller).filter(code=code).first()
    if found is None:
        raise InvalidInput.at("/store", "There is no store with this code, or not for this key.")
    return found


def customer_of(told: IdentityIn | None) -> int | None:
    """The member behind an exact identifier, of whichever store. Raises InvalidInput."""
    if told is None:
        return None
    values = identities.readings(told.kind, told.value)
    found = Identity.objects.filter(kind=told.kind, value__in=values).values_list("customer_id", flat=True)
    number = found.first()
    if number is None:
        raise InvalidInput.at("/customer", "Nobody has this identifier.")
    return number


def payer_of(told: IdentityIn | str, caller: Caller) -> int:
    """Who pays: by an id whom the key sees, by an identifier whoever shows it.

    Raises NotFound, Erased, InvalidInput.
    """
    if isinstance(told, str):
        return visible(told, caller)
    return customer_of(told) or 0


def owner_of(customer_id: int, store_id: int | None, caller: Caller, actor: str = "") -> int:
    """Whose it is that was booked: at the key's stores, or by itself, whoever it is. Raises NotFound, Erased."""
    if actor == trail.actor_name(caller) or (store_id is not None and store_id in caller.scope()):
        return customer_id
    return visible(Customer(pk=customer_id).public_id, caller)


def cause_of(told: Told | CheckoutQuery, at: datetime, by: Any, store: Store | None = None) -> Cause:
    return Cause(sources.checkout(told.source, told.external_id), at, by, store.pk if store else None)


def check_lines(lines: Sequence[BasketLineIn | EvaluatedLineIn]) -> None:
    """All that is wrong, each at its place. Raises InvalidInput."""
    faults, seen = [], set()
    for place, line in enumerate(lines):
        if line.line in seen:
            faults.append(Fault(f"/lines/{place}/line", "Another line has this number."))
        if not whole(line.quantity, 3):
            faults.append(Fault(f"/lines/{place}/quantity", "More than nothing."))
        seen.add(line.line)
    if faults:
        raise InvalidInput("The basket was not accepted.", faults=tuple(faults))


def basket_of(told: ReservationIn | CouponRedemptionIn, store: Store, at: datetime) -> Basket:
    check_lines(told.lines)
    known = goods.by_sku(line.product for line in told.lines)
    lines = tuple(_line(line, known.get(line.product)) for line in told.lines)
    return Basket(
        store.pk, at, lines, store.zone, Channel[told.channel.upper()], delivery=whole(told.delivery, 2)
    )


def whole(text: str, places: int) -> int:
    """ "12.5" with two places is 1250."""
    units, _dot, part = text.partition(".")
    return int(units + part.ljust(places, "0"))


def _line(told: BasketLineIn, known: goods.Known | None) -> BasketLine:
    quantity, amount = whole(told.quantity, 3), whole(told.amount, 2)
    if known is None:
        return BasketLine(None, goods.NONE, None, quantity, amount, told.is_discounted)
    return BasketLine(
        known.product_id, known.category_ids, known.brand_id, quantity, amount, told.is_discounted
    )
