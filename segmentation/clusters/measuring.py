"""Traits of the customers of a part of all histories, as columns.

Measured are those who bought in the window, have a persona of the night, and do not object to a profile. Everything is
of the window but `tenure`; times of day, price level and loyalty to brands are those of the persona.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db import connection

from crm.lib.copy import INT2, INT8, read_packed
from crm.lib.spells import day_number
from crm.lib.statements import Statement
from customers import consents
from customers.histories import RANGE, Histories, Part
from customers.models import Channel
from segmentation.clusters import kinds

_PEOPLE = f"""
SELECT p.customer_id, (p.daypart_shares[1] + p.daypart_shares[2])::int2,
       (p.daypart_shares[5] + p.daypart_shares[6])::int2, coalesce(p.price_place, -1)::int2,
       coalesce(p.brand_loyalty, -1)::int2
FROM customers_persona p JOIN customers_customer c ON c.id = p.customer_id
WHERE p.ended_night IS NULL AND p.customer_id >= %(low)s AND p.customer_id < %(high)s
    AND c.merged_into_id IS NULL AND c.erased_at IS NULL AND NOT {consents.refusal(None, "profiling")}
"""  # noqa: S608  our own names and numbers
_PEOPLE_TYPES = {"customer": INT8, "morning": INT2, "evening": INT2, "price": INT2, "brand": INT2}
STATEMENTS = [Statement("clusters.people", _PEOPLE, {"low": 1, "high": 25_001})]
CATEGORIES = 12  # the largest ones, whose shares are traits


@dataclass(frozen=True)
class Measured:
    """A row a customer: `traits[i, j]` is the trait `codes[j]` (NaN: not known); `cents` and `visits` of the window."""

    customer: Any  # int64[n], rising
    traits: Any  # float32[n, t]
    cents: Any  # int64[n]
    visits: Any  # int64[n]

    def __len__(self) -> int:
        return len(self.customer)

    def columns(self) -> dict[str, Any]:
        return {"customer": self.customer, "traits": self.traits, "cents": self.cents, "visits": self.visits}


class Measuring:
    """Measures part after part. `shelf`: by product its category at the second step of the tree (0: none)."""

    def __init__(self, histories: Histories, on: date, window_days: int, shelf: Any) -> None:
        self.histories, self.on, self.window_days, self.shelf = histories, day_number(on), window_days, shelf

    def codes(self, categories: Sequence[int]) -> list[str]:
        return [*kinds.BY_CODE, *(f"{kinds.CATEGORY}{pk}" for pk in categories)]

    def largest(self) -> list[int]:
        """The categories that most is spent on in the window, the largest first."""
        sums = np.zeros(int(self.shelf.max(initial=0)) + 1, dtype=np.int64)
        for part in self.histories.parts():
            inside = _inside(part, self.on, self.window_days)[part.line_receipt]
            shelf = self.shelf[part.line_product[inside]]
            sums += np.bincount(shelf, weights=part.line_cents[inside], minlength=len(sums)).astype(np.int64)
        order = np.argsort(-sums[1:], kind="stable")[:CATEGORIES] + 1
        return [int(pk) for pk in order if sums[pk] > 0]

    def measure(self, number: int, categories: Sequence[int]) -> Measured:
        part = self.histories.part(number)
        people = _people(number)
        inside = _inside(part, self.on, self.window_days)
        visits = np.bincount(part.owner[inside], minlength=len(part))
        known = np.isin(part.customer, people["customer"], assume_unique=True) & (visits > 0)
        place = np.searchsorted(people["customer"], part.customer[known])
        facts = _habits(part, inside, visits, self.on) | _goods(part, inside, self.shelf, categories)
        facts = {code: values[known] for code, values in facts.items()}
        facts |= {name: _unknown(people[source][place], unit) for name, source, unit in _OF_PERSONA}
        cents = np.bincount(part.owner[inside], weights=part.receipt_cents[inside], minlength=len(part))
        traits = np.column_stack([facts[code] for code in self.codes(categories)]).astype(np.float32)
        return Measured(part.customer[known], traits, cents[known].astype(np.int64), visits[known])


_OF_PERSONA = (
    ("morning_share", "morning", 1000), ("evening_share", "evening", 1000), ("price_place", "price", 1),
    ("brand_loyalty", "brand", 1000),
)  # fmt: skip


def _people(number: int) -> dict[str, Any]:
    params = {"low": number * RANGE, "high": (number + 1) * RANGE}
    with connection.cursor() as cursor:
        found = read_packed(cursor, _PEOPLE, _PEOPLE_TYPES, params)
    order = np.argsort(found["customer"])
    return {name: values[order] for name, values in found.items()}


def _unknown(values: Any, unit: int) -> Any:
    return np.where(values < 0, np.nan, values / unit)


def _inside(part: Part, on: int, window_days: int) -> Any:
    return part.receipt_day > on - window_days


def _habits(part: Part, inside: Any, visits: Any, on: int) -> dict[str, Any]:
    """When, how often, how much, where."""
    n, owner = len(part), part.owner[inside]
    day, cents, discount = (
        column[inside] for column in (part.receipt_day, part.receipt_cents, part.receipt_discount)
    )
    last = part.receipt_day[part.first[1:] - 1] if n else np.zeros(0)
    spent, off = (np.bincount(owner, weights=values, minlength=n) for values in (cents, discount))
    lines = np.bincount(owner, weights=np.diff(part.line_first)[inside], minlength=n)
    weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    online = part.receipt_channel[inside] == Channel.ONLINE
    return {
        "recency": on - last, "tenure": on - part.receipt_day[part.first[:-1]], "frequency": visits, "spend": spent,
        "basket_amount": _ratio(spent, visits), "basket_lines": _ratio(lines, visits),
        "discount_share": _ratio(off, spent + off),
        "online_share": _ratio(np.bincount(owner, weights=online, minlength=n), visits),
        "weekend_share": _ratio(np.bincount(owner, weights=weekend, minlength=n), visits),
        "elsewhere_share": 1 - _ratio(_most(n, owner, part.receipt_store[inside]), visits, 1),
    }  # fmt: skip


def _goods(part: Part, inside: Any, shelf: Any, categories: Sequence[int]) -> dict[str, Any]:
    """Of how many categories they bought, and the shares of some."""
    n, taken = len(part), inside[part.line_receipt]
    owner = part.owner[part.line_receipt[taken]]
    category, cents = shelf[part.line_product[taken]], part.line_cents[taken]
    width = int(shelf.max(initial=0)) + 1
    pairs, place = np.unique(owner * width + category, return_inverse=True)
    sums = np.bincount(place, weights=cents, minlength=len(pairs))
    spent = np.bincount(pairs // width, weights=sums, minlength=n)
    found = {"variety": np.bincount((pairs // width)[pairs % width > 0], minlength=n)}
    for pk in categories:
        of_it = pairs % width == pk
        share = np.zeros(n)
        share[pairs[of_it] // width] = sums[of_it]
        found[f"{kinds.CATEGORY}{pk}"] = _ratio(share, spent)
    return found


def _most(n: int, owner: Any, store: Any) -> Any:
    """The visits to the store that each visits most."""
    width = int(store.max(initial=0)) + 1
    pairs, counts = np.unique(owner * width + store, return_counts=True)
    most = np.zeros(n, dtype=np.int64)
    np.maximum.at(most, pairs // width, counts)
    return most


def _ratio(above: Any, below: Any, otherwise: float = 0) -> Any:
    return np.where(below > 0, above / np.maximum(below, 1), otherwise)
