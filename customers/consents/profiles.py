"""The next night looks again at whom a word about their profile concerns (docs/algorithms/persona.md)."""

from collections.abc import Iterable
from typing import Any

from customers.models import Purpose

# "Do not contact" overrides a yes, and its end brings the yes back.
CONCERNING = frozenset({Purpose.PROFILING, Purpose.CONTACT})


def look_again(cur: Any, customer_ids: Iterable[int]) -> None:
    """Queue these customers' personas, in the transaction of the word."""
    if ids := sorted(set(customer_ids)):
        cur.execute("INSERT INTO customers_personadue (customer_id) SELECT unnest(%s::bigint[])", [ids])
