"""The arithmetic of `arithmetic.py` for many receipts at once, in columns of whole numbers: no Python object a line.

Receipts come in the order in which they are earned: by business date, time, number. Amounts so large that 64 bits might
not hold a product of theirs are refused (`fits_columns`): their customers are worked out one receipt at a time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loyalty.accrual.arithmetic import DISCOUNTED, PROGRAMME, Goods, is_goods
from loyalty.accrual.conditions import Condition, in_hours
from loyalty.accrual.limits import Limits, Used
from loyalty.accrual.rules import Rule
from loyalty.accrual.rulesets import RuleSet
from loyalty.models import Rounding, RuleKind

ROOM = 2.0**61
NO_BIRTHDAY = 9999


@dataclass
class Receipts:
    """Equally long columns. `day` counts from 1970-01-01, `month` from year 0; `tier` is a place in `tiers`.

    `occurred` is when it was bought, `back` when the last goods of one that came back whole did so (else
    `limits.NEVER`), in microseconds since 1970. Lines stand in the order of their receipts; `starts` has one entry more
    than there are receipts. `goods` is a place in `products`.
    """

    customer: Any
    day: Any
    month: Any
    weekday: Any
    minute: Any
    store: Any
    region: Any
    channel: Any
    tier: Any
    is_first: Any
    birthday_days: Any
    occurred: Any
    back: Any
    starts: Any
    cents: Any
    discount: Any
    goods: Any
    products: Sequence[Goods]
    tiers: Sequence[str]

    def __len__(self) -> int:
        return len(self.customer)

    def sums(self, values: Any) -> Any:
        """Of values by line, the sum of each receipt."""
        running = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
        return running[self.starts[1:]] - running[self.starts[:-1]]

    def by_line(self, values: Any) -> Any:
        """Of values by receipt, one for each line."""
        return np.repeat(values, np.diff(self.starts))

    def of_goods(self, says: Callable[[Goods], Any]) -> Any:
        """What is said of each product, for each line."""
        return np.array([says(one) for one in self.products])[self.goods]


@dataclass
class Row:
    """A row of all receipts: `cents` 0 where it is not on the receipt."""

    rule: int
    cents: Any
    points: Any
    before: Any


@dataclass
class Earned:
    """By receipt: `points`, `growth`, the rows. By line: `line_points`, `line_growth`, and `why` it earns nothing."""

    points: Any
    growth: Any
    rows: list[Row]
    line_points: Any
    line_growth: Any
    why: Any


def fits_columns(rules: RuleSet, receipts: Receipts) -> Any:
    """For each receipt whether all products of its amounts are sure to fit."""
    base = max([100, *(rule.percent for rule in rules.rules if rule.kind == RuleKind.BASE)])
    factor = max([100, *(rule.percent for rule in rules.rules if rule.kind == RuleKind.MULTIPLIER)])
    bonus = max([1, *(rule.points for rule in rules.rules)])
    cents = receipts.sums(receipts.cents).astype(float)
    above = cents * base * max(100, factor) + 200.0 * rules.rate
    points = above / rules.rate + bonus
    return (above * 2 < ROOM) & (points * (cents + 1) * base < ROOM)


def earn(rules: RuleSet, receipts: Receipts, used: Used) -> Earned:
    """What receipts earn by one rule set. `used` grows along."""
    return _Earning(rules, receipts, used).earn()


class _Earning:
    def __init__(self, rules: RuleSet, receipts: Receipts, used: Used) -> None:
        self.rules, self.receipts, self.used = rules, receipts, used

    def earn(self) -> Earned:
        receipts = self.receipts
        why = self._why()
        self.cents = np.where(why > 0, 0, receipts.cents)
        self.fits = {rule: self._fitting(rule) for rule in self.rules.rules}
        base = self._bases()
        parts = [*base, *self._multipliers(), *self._bonuses()]
        points = Limits(self.rules, receipts, self.used).of([(rule, before) for rule, _w, before in parts])
        growth = np.sum(points[: len(base)], axis=0)
        rows = [
            Row(rule.id if rule else PROGRAMME, self._cents_of(rule, weights), mine, before)
            for (rule, weights, before), mine in zip(parts, points, strict=True)
        ]
        shares = [
            self._parted(mine, weights) for (_rule, weights, _b), mine in zip(parts, points, strict=True)
        ]
        return Earned(
            np.sum(points, axis=0),
            growth,
            rows,
            np.sum(shares, axis=0),
            np.sum(shares[: len(base)], axis=0),
            why,
        )

    def _cents_of(self, rule: Rule | None, weights: Any) -> Any:
        """Of the lines that a row is about. What a base rule is about may weigh nothing."""
        has = weights > 0
        if rule is None or rule.kind == RuleKind.BASE:
            has = self.chosen_base == (-1 if rule is None else self.rules.rules.index(rule))
        return self.receipts.sums(np.where(has, self.cents, 0))

    def _why(self) -> Any:
        why = self.receipts.of_goods(lambda one: self.rules.excludes(one.path, one.sku)).astype(np.int64)
        if self.rules.programme.excludes_discounted:
            why[(why == 0) & (self.receipts.discount > 0)] = DISCOUNTED
        return why

    def _fitting(self, rule: Rule) -> Any:
        """The lines that a rule is about."""
        receipts, asked = self.receipts, rule.condition
        found = receipts.by_line(self._about(asked)) & (self.cents > 0)
        if asked.chooses_goods:
            found &= receipts.of_goods(lambda one: is_goods(asked, one))
        if asked.minimum_cents:
            enough = receipts.sums(np.where(found, self.cents, 0)) >= asked.minimum_cents
            found &= receipts.by_line(enough)
        return found

    def _about(self, asked: Condition) -> Any:
        """The receipts that a condition asks for, apart from their goods."""
        receipts = self.receipts
        found = np.ones(len(receipts), dtype=bool)
        pairs = (
            (asked.stores, receipts.store), (asked.regions, receipts.region), (asked.channels, receipts.channel),
            (asked.weekdays, receipts.weekday),
        )  # fmt: skip
        for wanted, values in pairs:
            if wanted:
                found &= np.isin(values, wanted)
        if asked.tiers:
            found &= np.array([tier in asked.tiers for tier in receipts.tiers])[receipts.tier]
        if asked.hours is not None:
            by_minute = np.array([in_hours(asked.hours, minute) for minute in range(1440)])
            found &= by_minute[receipts.minute]
        if asked.dates is not None:
            first, last = (np.datetime64(day).astype(np.int64) for day in asked.dates)
            found &= (receipts.day >= first) & (receipts.day <= last)
        if asked.birthday_days is not None:
            found &= receipts.birthday_days <= asked.birthday_days
        return found & receipts.is_first if asked.is_first else found

    def _best(self, kind: str, *, exclusive: bool) -> Any:
        """For each line the place of the rule with the highest percent, the first of equal ones; -1: none."""
        chosen = np.full(len(self.cents), -1)
        best = np.full(len(self.cents), -1)
        for place, rule in enumerate(self.rules.rules):
            if rule.kind == kind and (rule.is_exclusive or not exclusive):
                better = self.fits[rule] & (rule.percent > best)
                chosen[better], best[better] = place, rule.percent
        return chosen

    def _bases(self) -> list[tuple[Rule | None, Any, Any]]:
        self.chosen_base = chosen = self._best(RuleKind.BASE, exclusive=False)
        percents = np.array([*(rule.percent for rule in self.rules.rules), 100])[chosen]  # -1 is the last
        self.weights = self.cents * percents
        rules = [rule for rule in self.rules.rules if rule.kind == RuleKind.BASE]
        parts = []
        for place, rule in ((-1, None), *((self.rules.rules.index(rule), rule) for rule in rules)):
            weights = np.where(chosen == place, self.weights, 0)
            parts.append((rule, weights, self._rounded(self.receipts.sums(weights), self.rules.rate)))
        return parts

    def _multipliers(self) -> Iterable[tuple[Rule, Any, Any]]:
        chosen = self._best(RuleKind.MULTIPLIER, exclusive=True)
        for place, rule in enumerate(self.rules.rules):
            if rule.kind == RuleKind.MULTIPLIER:
                has = self.fits[rule] & (chosen == place) if rule.is_exclusive else self.fits[rule]
                weights = np.where(has, self.weights, 0)
                above = self.receipts.sums(weights) * (rule.percent - 100)
                yield rule, weights, self._rounded(above, 100 * self.rules.rate)

    def _bonuses(self) -> Iterable[tuple[Rule, Any, Any]]:
        for rule in self.rules.rules:
            if rule.kind == RuleKind.BONUS:
                weights = np.where(self.fits[rule], self.cents, 0)
                yield rule, weights, np.where(self.receipts.sums(weights) > 0, rule.points, 0)

    def _rounded(self, above: Any, below: int) -> Any:
        way = self.rules.programme.rounding
        if way == Rounding.DOWN:
            return above // below
        return -(-above // below) if way == Rounding.UP else (2 * above + below) // (2 * below)

    def _parted(self, points: Any, weights: Any) -> Any:
        """See `arithmetic.parted`."""
        receipts = self.receipts
        whole = receipts.sums(weights)
        product = receipts.by_line(points) * weights
        parts, rest = np.divmod(product, np.maximum(1, receipts.by_line(whole)))
        left = np.where(whole > 0, points - receipts.sums(parts), 0)
        at = np.flatnonzero((receipts.by_line(left) > 0) & (rest > 0))
        if len(at):
            receipt = receipts.by_line(np.arange(len(receipts)))[at]
            order = np.lexsort((at, -rest[at], receipt))
            mine = receipt[order]
            begins = np.searchsorted(mine, mine)
            parts[at[order[np.arange(len(mine)) - begins < left[mine]]]] += 1
        return parts
