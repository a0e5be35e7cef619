"""A slot: apps above say what would go with a basket, as hints to whoever serves the customer."""

from collections.abc import Callable, Collection, Sequence

from loyalty.evaluation.telling import Hint

Way = Callable[[int, Collection[int]], Sequence[Hint]]
_ways: list[Way] = []


def offer(way: Way) -> None:
    """`way(customer_id, product_ids)` gives hints that name a SKU; called from `AppConfig.ready()`."""
    if way not in _ways:
        _ways.append(way)


def hints(customer_id: int | None, products: Collection[int]) -> list[Hint]:
    """Nothing for a stranger."""
    return [hint for way in _ways for hint in way(customer_id, products)] if customer_id else []
