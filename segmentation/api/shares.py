"""Numbers as they go out: no more digits than mean something."""

from typing import Any

SHARE = 6  # places of a part of 1: one of a million
SCORE = 2


def rounded(value: Any, places: int = SHARE) -> Any:
    """Whole numbers and what is not known stay as they are."""
    return round(value, places) if isinstance(value, float) else value
