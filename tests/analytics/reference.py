"""The analyses in plain Python over a list of lines: slow, short, and written without a look at the statements."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from analytics.periods import Period


@dataclass(frozen=True)
class Sold:
    """A line as it was sold, and what came back of it."""

    customer: int
    receipt: int
    on: date
    store: str
    channel: int
    sku: str
    category: str
    brand: str
    quantity: Decimal
    cents: int
    quantity_back: Decimal = Decimal(0)
    cents_back: int = 0

    @property
    def kept(self) -> int:
        return self.cents - self.cents_back

    @property
    def is_broken(self) -> bool:
        return self.quantity % 1 != 0 or self.quantity_back % 1 != 0


def counting(lines: Iterable[Sold]) -> list[Sold]:
    """Lines of which something is left, on receipts of which something is left."""
    lines = list(lines)
    paid, back = defaultdict(int), defaultdict(int)
    for line in lines:
        paid[line.receipt] += line.cents
        back[line.receipt] += line.cents_back
    return [
        line
        for line in lines
        if (back[line.receipt] == 0 or back[line.receipt] < paid[line.receipt])
        and line.quantity_back < line.quantity
    ]


def within(lines: Iterable[Sold], period: Period) -> list[Sold]:
    return [line for line in lines if period.since <= line.on <= period.until]


def levels(lines: list[Sold], weighed: set[str]) -> tuple[int, int, int, int]:
    """Customers, visits, items, cents. Every line of a product that is weighed is one item."""
    people, visits = {line.customer for line in lines}, {line.receipt for line in lines}
    items = (1 if line.sku in weighed else int(line.quantity - line.quantity_back) for line in lines)
    return len(people), len(visits), sum(items), sum(line.kept for line in lines)


def gains(
    lines: list[Sold], now: Period, before: Period, part_of: Callable[[Sold], str | None], target: str
) -> tuple[dict[str, tuple[int, int]], dict[tuple[str, int], Fraction]]:
    """Reason to customers and cents; (part, side) to cents, exactly."""
    reasons: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    switches: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for customer in sorted({line.customer for line in lines}):
        own = [line for line in lines if line.customer == customer]
        present, past = within(own, now), within(own, before)
        t_now, t_past = ([line for line in some if part_of(line) == target] for some in (present, past))
        if not t_now and not t_past:
            continue
        change = sum(line.kept for line in t_now) - sum(line.kept for line in t_past)
        moves = _moves(present, past, part_of, target)
        beside = sum(moves.values())
        switched = 0
        if present and past and change * beside < 0:
            switched = min(abs(change), abs(beside)) * (1 if change > 0 else -1)
        opposite = {part: -move for part, move in moves.items() if move * change < 0}
        for part, amount in opposite.items() if switched else ():
            side = 1 if switched > 0 else -1
            switches[part, side] += abs(switched) * Fraction(amount, sum(opposite.values())) * side * side
        reason = _reason(bool(t_now), bool(t_past), bool(present), bool(past), change)
        _add(reasons, reason, change - switched)
        if switched:
            _add(reasons, "gained" if switched > 0 else "lost", switched)
    return {name: (n, cents) for name, (n, cents) in reasons.items()}, switches


def _add(reasons: dict[str, list[int]], name: str, cents: int) -> None:
    reasons[name][0] += 1
    reasons[name][1] += cents


def _moves(
    present: list[Sold], past: list[Sold], part_of: Callable[[Sold], str | None], target: str
) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for sign, some in ((1, present), (-1, past)):
        for line in some:
            part = part_of(line)
            if part is not None and part != target:
                found[part] += sign * line.kept
    return found


def _reason(t_now: bool, t_past: bool, present: bool, past: bool, change: int) -> str:
    if t_now and not past:
        return "new_chain"
    if t_past and not present:
        return "left_chain"
    if not t_past:
        return "new_goods"
    if not t_now:
        return "left_goods"
    if change > 0:
        return "more"
    return "less" if change < 0 else "same"


def months(lines: list[Sold], quiet: int) -> dict[tuple[int, str], tuple[int, int]]:
    """(months since the year 0, kind) to customers and cents; "lapsed" stands in the month that was missed."""
    found: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    spent: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        spent[line.customer][line.on.year * 12 + line.on.month - 1] += line.kept
    for of in spent.values():
        known = sorted(of)
        for i, month in enumerate(known):
            gap = month - known[i - 1] if i else None
            kind = (
                "new"
                if gap is None
                else "retained"
                if gap == 1
                else "returning"
                if gap <= quiet
                else "reactivated"
            )
            for name, place in ((kind, month), ("lapsed", month + 1)):
                if name != "lapsed" or month + 1 not in of:
                    found[place, name][0] += 1
                    found[place, name][1] += of[month]
    return {key: (n, cents) for key, (n, cents) in found.items()}


def combinations(lines: list[Sold], sets: list[Callable[[Sold], bool]]) -> dict[int, tuple[int, int, int]]:
    """Mask to customers, what they spent on everything, and in the sets."""
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for customer in {line.customer for line in lines}:
        own = [line for line in lines if line.customer == customer]
        mask = sum(1 << i for i, inside in enumerate(sets) if any(inside(line) for line in own))
        found[mask][0] += 1
        found[mask][1] += sum(line.kept for line in own)
        found[mask][2] += sum(line.kept for line in own if any(inside(line) for inside in sets))
    return {mask: (n, whole, spent) for mask, (n, whole, spent) in found.items()}
