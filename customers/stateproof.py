"""Proof that the purchase states, kept from night to night, are what a rebuild gives; and the spells what they say."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
from django.db import connection, transaction

from customers import states
from customers.models import StateBasis


def basis_of_states() -> states.Basis | None:
    """What the stored states rest on, or None when they were never completed."""
    stored = StateBasis.objects.filter(id=1).first()
    if stored is None or None in (stored.on, stored.window_days, stored.lost_days, stored.won_back_days):
        return None
    on: date = stored.on  # type: ignore[assignment]
    return states.Basis(on, stored.window_days or 0, stored.lost_days or 0, stored.won_back_days or 0)


def faults(basis: states.Basis) -> Iterator[tuple[int, list[tuple[int, list[str]]]]]:
    """For each slice: how many customers were compared, and (customer, names of wrong columns) of the faulty ones.

    A slice is one snapshot. Customers in the stale queue are left out: that they are behind is known to the next night.
    """
    is_outermost = not connection.in_atomic_block
    for low, high in states.slices():
        with transaction.atomic(), connection.cursor() as cursor:
            if is_outermost:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            stored = states.read(cursor, low, high)
            fresh = states.compute(cursor, basis, low, high)
            cursor.execute(
                "SELECT DISTINCT customer_id FROM customers_stalestate WHERE customer_id >= %s AND customer_id < %s",
                [low, high],
            )
            stale = {row[0] for row in cursor.fetchall()}
        found = [(i, names) for i, names in _compared(stored, fresh) if i not in stale]
        yield len(np.union1d(stored["customer_id"], fresh["customer_id"])), found


def _compared(stored: dict[str, Any], fresh: dict[str, Any]) -> Iterator[tuple[int, list[str]]]:
    gone, changed = states.difference(stored, fresh)
    for customer in gone:
        yield int(customer), ["row"]
    wrong = states.differing(stored, fresh)
    for place in np.flatnonzero(changed):
        yield int(fresh["customer_id"][place]), [name for name, mask in wrong.items() if mask[place]]
