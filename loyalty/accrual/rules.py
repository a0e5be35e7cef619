"""A version of a rule, and its limits, as the arithmetic takes them."""

from dataclasses import dataclass

from loyalty.accrual.conditions import Condition


@dataclass(frozen=True)
class Caps:
    """The most points of a receipt, a day and a month; None: no limit."""

    receipt: int | None = None
    day: int | None = None
    month: int | None = None

    @property
    def look_back(self) -> bool:
        """Whether it matters what was earned before."""
        return self.day is not None or self.month is not None


@dataclass(frozen=True, eq=False)
class Rule:
    """A version of a rule that is about receipts. Each is itself and no other."""

    id: int
    code: str
    kind: str
    percent: int
    points: int
    condition: Condition
    is_exclusive: bool
    caps: Caps
