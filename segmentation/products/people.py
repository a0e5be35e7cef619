"""Whom suggestions may be made to: living customers who did not object, with their store and birthday."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from crm.lib.copy import INT4, INT8, read_packed
from crm.lib.statements import Statement
from customers import consents
from customers.histories import Part

UNKNOWN = 2_147_483_647  # a birthday, as a day: nobody is old enough by it
_PEOPLE = f"""
SELECT c.id, coalesce(c.home_store_id, 0)::int, coalesce(c.birthday - DATE '1970-01-01', {UNKNOWN})
FROM customers_customer c
WHERE c.id >= %(low)s AND c.id < %(high)s AND c.merged_into_id IS NULL AND c.erased_at IS NULL
    AND NOT {consents.refusal(None, "profiling")}
"""  # noqa: S608  our own names and numbers
STATEMENTS = [Statement("products.people", _PEOPLE, {"low": 1, "high": 250_001})]


@dataclass(frozen=True)
class People:
    customer: Any  # rising
    store: Any  # the home store, 0: none
    born: Any  # day, UNKNOWN: not known


def people(cursor: Any, low: int, high: int) -> People:
    found = read_packed(
        cursor, _PEOPLE, {"id": INT8, "store": INT4, "born": INT4}, {"low": low, "high": high}
    )
    order = np.argsort(found["id"])
    return People(
        found["id"][order], found["store"][order].astype(np.int64), found["born"][order].astype(np.int64)
    )


def among(everybody: People, part: Part) -> tuple[Any, People]:
    """Which customers of a part these are (all of them or not), and they in the part's order."""
    if not len(everybody.customer):  # nobody of this range may be told anything
        zero = np.zeros(len(part), dtype=np.int64)
        return zero.astype(bool), People(zero, zero, zero)
    place = np.minimum(np.searchsorted(everybody.customer, part.customer), len(everybody.customer) - 1)
    known = everybody.customer[place] == part.customer
    columns = (np.where(known, getattr(everybody, name)[place], 0) for name in ("customer", "store", "born"))
    return known, People(*columns)


def stores(part: Part, home: Any) -> Any:
    """The home store; without one, the store of the last receipt."""
    last = part.receipt_store[part.first[1:] - 1].astype(np.int64)
    return np.where(home > 0, home, last)
