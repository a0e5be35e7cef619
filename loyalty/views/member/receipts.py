"""The arithmetic of the receipts on a page, read together: two statements for all of them."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from loyalty.accrual import reasons, words
from loyalty.accrual.words import Told
from loyalty.history import Move
from loyalty.models import Accrual, Kind


class Counted(NamedTuple):
    """How a receipt came to its points. `taken`: what goods that were brought back took again."""

    on: date
    told: list[Told]
    taken: int


def arithmetic(customer_id: int, moves: Iterable[Move]) -> dict[int, Counted]:
    """By the number of the movement with which a receipt earned."""
    earned = {one.purchase_id: one.id for one in moves if one.kind == Kind.EARN and one.purchase_id}
    if not earned:
        return {}
    kept = Accrual.objects.filter(customer=customer_id, purchase__in=earned).select_related("programme")
    found = [(one, reasons.rows(one.reasons)) for one in kept]
    named = words.names(row for _one, rows in found for row in rows)
    currency = words.currency()
    return {
        earned[one.purchase_id]: Counted(
            one.business_date,
            words.told(rows, reasons.excluded(one.reasons), one.programme, named, currency),
            one.points - one.kept,
        )
        for one, rows in found
    }
