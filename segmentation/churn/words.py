"""Reasons in words, with their direction: what the customer is like, and how many points that adds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from segmentation.churn.catalogue import REASONS

UNKNOWN, LESS, MORE = 0, 1, 2  # the side of what is usual, in `ChurnScore.sides`
BITS = 2  # of a reason


@dataclass(frozen=True)
class ReasonTold:
    """A reason in words, and how many points it adds: 0.12 is 12 points."""

    words: Any
    points: float


def in_words(codes: Sequence[str], points: Sequence[float], sides: int | None) -> list[ReasonTold]:
    """A customer's reasons, the largest first; what moves nobody is left out. `codes`: as their model keeps them."""
    told = [
        (code, each, ((sides or 0) >> (BITS * place)) & (LESS | MORE))
        for place, (code, each) in enumerate(zip(codes, points, strict=True))
        if code in REASONS and each
    ]
    return [ReasonTold(said(code, each, side), each) for code, each, side in sorted(told, key=_size)]


def _size(one: tuple[str, float, int]) -> float:
    return -abs(one[1])


def said(code: str, points: float, side: int) -> Any:
    reason = REASONS[code]
    if side != UNKNOWN:
        return reason.more if side == MORE else reason.less
    if reason.raises is None:
        return reason.name
    return reason.more if (points > 0) == reason.raises else reason.less
