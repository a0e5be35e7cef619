"""What rules ask that others know: a slot for tiers.

facts.use_tiers(tiers_of)   from `AppConfig.ready()`: tiers_of([(customer id, date), …]) gives the code of the tier
                            that each had on that date, "" where none
"""

from collections.abc import Callable, Sequence
from datetime import date

Asked = Sequence[tuple[int, date]]
Choices = list[tuple[str, str]]
_tiers: list[Callable[[Asked], list[str]]] = []
_choices: list[Callable[[], Choices]] = []


def use_tiers(tiers_of: Callable[[Asked], list[str]], choices: Callable[[], Choices] = list) -> None:
    _tiers[:], _choices[:] = [tiers_of], [choices]


def tiers_of(asked: Asked) -> list[str]:
    return _tiers[0](asked) if _tiers else [""] * len(asked)


def tier_choices() -> Choices:
    return _choices[0]() if _choices else []
