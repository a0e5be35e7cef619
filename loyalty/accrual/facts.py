"""What rules ask that others know: a slot for tiers.

facts.use_tiers(tiers_of)   from `AppConfig.ready()`: tiers_of([(customer id, date), …]) gives the code of the tier
                            that each had on that date, "" where none
"""

from collections.abc import Callable, Sequence
from datetime import date

Asked = Sequence[tuple[int, date]]
_tiers: list[Callable[[Asked], list[str]]] = []


def use_tiers(tiers_of: Callable[[Asked], list[str]]) -> None:
    _tiers[:] = [tiers_of]


def tiers_of(asked: Asked) -> list[str]:
    return _tiers[0](asked) if _tiers else [""] * len(asked)
