"""Saying that a visitor is a customer, from a moment on."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from customers.events import inbox, stitching

SAYS_NOTHING_NEW = timedelta(minutes=30)  # pages repeat their token; one mark in half an hour is enough


def identify(cur: Any, visitor: str, marks: Iterable[tuple[datetime, int]]) -> bool:
    """Note marks (moment, customer) of one visitor and bring their events to whom they belong. Whether one was new.

    In the present transaction, whose gate is entered.
    """
    wanted = sorted(marks)
    if not wanted:
        return False
    stitching.lock(cur, {visitor: (wanted[0][0], wanted[-1][0])})
    known = stitching.marks_of(cur, [visitor]).get(visitor, [])
    now_is = stitching.present(cur, {customer_id for _at, customer_id in wanted})
    new = []
    for at, customer_id in wanted:
        who = now_is.get(customer_id)
        if who and not _is_known(known, at, who):
            new.append((visitor, at, customer_id))
            known = sorted([*known, stitching.Mark(at, who)])
    if stitching.add_marks(cur, new):
        inbox.restitch(cur, {visitor: known})
    return bool(new)


def _is_known(marks: list[stitching.Mark], at: datetime, customer_id: int) -> bool:
    """Whether a mark close by says the same, and none between says otherwise."""
    same = [mark.at for mark in marks if mark.customer_id == customer_id]
    others = [mark.at for mark in marks if mark.customer_id != customer_id]
    return any(
        abs(at - said) <= SAYS_NOTHING_NEW
        and not any(min(at, said) <= other <= max(at, said) for other in others)
        for said in same
    )
