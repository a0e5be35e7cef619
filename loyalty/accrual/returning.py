"""Goods that came back take their points along: what is left is a function of what is kept of each line.

So the order of returns does not matter, and any number of partial returns takes exactly as many points as one return of
all of it. A return that is withdrawn gives its points back, as a lot of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crm.lib import prepared
from loyalty import ledger
from loyalty.accrual.arithmetic import rounded
from loyalty.ledger import Cause, NewLot
from loyalty.models import Kind

Amounts = Mapping[int, tuple[int, int]]  # by line: cents, and of those brought back


def left(lines: Iterable[Sequence[int]], amounts: Amounts, way: str) -> tuple[int, int]:
    """Points and growth points that are still earned. `lines` as `Accrual.lines`."""
    points = growth = 0
    for number, mine, grown in lines:
        cents, back = amounts[number]
        points += rounded(mine * (cents - back), cents, way)
        growth += rounded(grown * (cents - back), cents, way)
    return points, growth


def moment(customer_id: int, purchase_id: int) -> datetime | None:
    """When the last goods of a purchase came back, as far as is known. Points that are given back, because a return
    was withdrawn, are so no earlier than they were taken."""
    found = prepared.row(_MOMENT, {"customer": customer_id, "purchase": purchase_id})
    return found[0] if found else None


def correct(customer_id: int, cause: Cause, again: NewLot, *, unit: int, was: int, now: int) -> None:
    """Bring what a purchase earned from `was` to `now` points. `again`: how points that come back are issued."""
    if now > was:
        ledger.earn(customer_id, [again], cause, unit=unit)
        return
    issued = prepared.rows(_ISSUED, [customer_id, cause.purchase_id, unit, int(Kind.EARN)])
    for place, (movement_id, keep) in enumerate(_keeps(issued, was - now, now)):
        mine = replace(cause, source=f"{cause.source}.{place}") if place else cause
        ledger.claw_back(customer_id, movement_id, mine, keep=keep, unit=unit)


def _keeps(issued: list[tuple[int, int]], wanted: int, now: int) -> Iterable[tuple[int, int]]:
    """What each earning may keep. Only where a return was withdrawn are there several: then the last gives first."""
    if len(issued) == 1:
        return [(issued[0][0], now)]
    keeps = []
    for movement_id, there in issued:
        part = min(wanted, there)
        wanted -= part
        if part:
            keeps.append((movement_id, there - part))
    return keeps


_MOMENT = """
SELECT greatest((
    SELECT max(r.occurred_at) FROM customers_return r
    WHERE r.customer_id = %(customer)s AND r.purchase_id = %(purchase)s
), (
    SELECT max(m.occurred_at) FROM loyalty_movement m
    WHERE m.customer_id = %(customer)s AND m.purchase_id = %(purchase)s AND m.kind = 8
))
"""
# What each earning of a purchase has left, the last one first. (Of claw-backs the contra leg is what was taken.)
_ISSUED = """
SELECT m.id, (-m.contra - coalesce((
    SELECT sum(c.contra) FROM loyalty_movement c
    WHERE c.customer_id = m.customer_id AND c.of_id = m.id AND c.kind = 8
), 0))::bigint
FROM loyalty_movement m
WHERE m.customer_id = %s AND m.purchase_id = %s AND m.unit = %s AND m.kind = %s
ORDER BY m.id DESC
"""
