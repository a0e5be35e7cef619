"""The arithmetic of one receipt, in whole numbers (docs/algorithms/accrual.md).

A cent earns `percent / rate` points, `rate` being ten-thousandths of the currency for a point. What a receipt earns is
a list of *rows*: the programme's rate on the goods that no base rule is about, each base rule, each multiplier (what it
adds to that), each bonus. A row is rounded by itself, so that the rows that are shown add up. Caps cut rows; what is
left is parted among a row's lines by the largest remainder, so that a return knows what its goods had earned.

No clock, no database, no numpy. `columns.py` does the same for many receipts; a test holds the two together.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from loyalty.accrual.conditions import Condition, in_hours, is_below
from loyalty.accrual.rules import Caps, Rule
from loyalty.accrual.rulesets import RuleSet
from loyalty.models import Rounding, RuleKind

DISCOUNTED = 3  # why a line earns nothing; 1 and 2 are `RuleSet.excludes`
PROGRAMME = 0  # the number of the row of the programme's own rate


class Goods(NamedTuple):
    """What rules see of a product. `path` is of its category; brand 0: none."""

    path: str = ""
    brand: int = 0
    sku: str = ""


class Line(NamedTuple):
    number: int
    cents: int
    discount: int
    goods: Goods


class Receipt(NamedTuple):
    """What rules see of a receipt. `minute` is of the store's clock; `birthday_days` as in `conditions`."""

    on: date
    minute: int
    store: int
    region: int
    channel: int
    tier: str
    is_first: bool
    birthday_days: int | None
    lines: Sequence[Line]


class Used(NamedTuple):
    """What counted against the caps before, by the code of the rule ("" is all): points of the day and of the month."""

    day: dict[str, int]
    month: dict[str, int]


class Row(NamedTuple):
    """`rule` is a version's number, PROGRAMME the base rate. `points` are after caps, `before` without them."""

    rule: int
    cents: int
    points: int
    before: int


class Earned(NamedTuple):
    """`lines`: (number, points, growth points) of those that earned. `excluded`: (why, cents)."""

    points: int
    growth: int
    rows: list[Row]
    lines: list[tuple[int, int, int]]
    excluded: list[tuple[int, int]]


class _Part(NamedTuple):
    """A row before its caps: what it weighs on each line."""

    rule: Rule | None
    cents: int
    weights: list[int]
    points: int


def earn(rules: RuleSet, receipt: Receipt, used: Used) -> Earned:
    """What a receipt earns by these rules, given what was earned on its day and in its month before."""
    cents, excluded = _eligible(rules, receipt.lines)
    fits = {rule: found for rule in rules.rules if (found := _fitting(rule, receipt, cents))}
    base, percents = _bases(rules, cents, fits)
    parts = [*base, *_multipliers(rules, cents, percents, fits), *_bonuses(cents, fits)]
    points = within_limits([(part.rule, part.points) for part in parts], rules.caps, used)
    rows = [
        Row(part.rule.id if part.rule else PROGRAMME, part.cents, granted, part.points)
        for part, granted in zip(parts, points, strict=True)
    ]
    growth = sum(points[: len(base)])
    return Earned(sum(points), growth, rows, _lines(receipt.lines, parts, points, len(base)), excluded)


def rounded(above: int, below: int, way: str) -> int:
    """A quotient, not below zero, as a whole number."""
    if way == Rounding.DOWN:
        return above // below
    return -(-above // below) if way == Rounding.UP else (2 * above + below) // (2 * below)


def parted(points: int, weights: Sequence[int]) -> list[int]:
    """Points in parts as their weights, by the largest remainder; of equal ones the first. The parts sum exactly."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [points * weight // whole for weight in weights]
    left = points - sum(parts)
    if left:
        order = sorted(range(len(weights)), key=lambda i: (-(points * weights[i] % whole), i))
        for i in order[:left]:
            parts[i] += 1
    return parts


def _eligible(rules: RuleSet, lines: Sequence[Line]) -> tuple[list[int], list[tuple[int, int]]]:
    """Cents of each line that earn, and what was left out by reason."""
    cents: list[int] = []
    left_out: dict[int, int] = {}
    for line in lines:
        why = rules.excludes(line.goods.path, line.goods.sku)
        if not why and line.discount and rules.programme.excludes_discounted:
            why = DISCOUNTED
        cents.append(0 if why else line.cents)
        if why:
            left_out[why] = left_out.get(why, 0) + line.cents
    return cents, sorted(left_out.items())


def _fitting(rule: Rule, receipt: Receipt, cents: list[int]) -> list[int]:
    """The places of the lines that a rule is about; none when it is not about this receipt."""
    asked = rule.condition
    if not is_about(asked, receipt):
        return []
    found = [place for place, earns in enumerate(cents) if earns]
    if asked.categories or asked.brands or asked.products:
        found = [place for place in found if is_goods(asked, receipt.lines[place].goods)]
    return found if sum(cents[i] for i in found) >= asked.minimum_cents else []


def is_about(asked: Condition, receipt: Receipt) -> bool:
    """Whether a receipt, apart from its goods, is what a condition asks for."""
    near = receipt.birthday_days
    return (
        (not asked.stores or receipt.store in asked.stores)
        and (not asked.regions or receipt.region in asked.regions)
        and (not asked.channels or receipt.channel in asked.channels)
        and (not asked.tiers or receipt.tier in asked.tiers)
        and (not asked.weekdays or receipt.on.weekday() in asked.weekdays)
        and (asked.hours is None or in_hours(asked.hours, receipt.minute))
        and (asked.dates is None or asked.dates[0] <= receipt.on <= asked.dates[1])
        and (asked.birthday_days is None or (near is not None and near <= asked.birthday_days))
        and (not asked.is_first or receipt.is_first)
    )


def is_goods(asked: Condition, goods: Goods) -> bool:
    return (
        (not asked.categories or is_below(goods.path, asked.categories))
        and (not asked.brands or goods.brand in asked.brands)
        and (not asked.products or goods.sku in asked.products)
    )


def _bases(rules: RuleSet, cents: list[int], fits: dict[Rule, list[int]]) -> tuple[list[_Part], list[int]]:
    """The rows of the base rate, and the percent of it that each line earns: of several base rules the best one."""
    chosen: list[Rule | None] = _best(len(cents), fits, lambda rule: rule.kind == RuleKind.BASE)
    percents = [100 if rule is None else rule.percent for rule in chosen]
    parts = []
    for rule in (None, *(rule for rule in rules.rules if rule.kind == RuleKind.BASE)):
        weights = [c * p if rule is mine else 0 for c, p, mine in zip(cents, percents, chosen, strict=True)]
        of_rule = sum(c for c, mine in zip(cents, chosen, strict=True) if rule is mine)
        if of_rule:
            points = rounded(sum(weights), rules.rate, rules.programme.rounding)
            parts.append(_Part(rule, of_rule, weights, points))
    return parts, percents


def _multipliers(
    rules: RuleSet, cents: list[int], percents: list[int], fits: dict[Rule, list[int]]
) -> Iterable[_Part]:
    """What each multiplier adds. Of the exclusive ones, on each line the best."""
    chosen = _best(len(cents), fits, lambda rule: rule.kind == RuleKind.MULTIPLIER and rule.is_exclusive)
    for rule, places in fits.items():
        if rule.kind != RuleKind.MULTIPLIER:
            continue
        weights = [0] * len(cents)
        for i in places:
            if not rule.is_exclusive or chosen[i] is rule:
                weights[i] = cents[i] * percents[i]
        of_rule = sum(c for c, weight in zip(cents, weights, strict=True) if weight)
        if of_rule:
            above = sum(weights) * (rule.percent - 100)
            yield _Part(rule, of_rule, weights, rounded(above, 100 * rules.rate, rules.programme.rounding))


def _bonuses(cents: list[int], fits: dict[Rule, list[int]]) -> Iterable[_Part]:
    for rule, places in fits.items():
        if rule.kind == RuleKind.BONUS:
            chosen = set(places)
            weights = [c if i in chosen else 0 for i, c in enumerate(cents)]
            yield _Part(rule, sum(weights), weights, rule.points)


def _best(lines: int, fits: dict[Rule, list[int]], competes) -> list[Rule | None]:  # type: ignore[no-untyped-def]
    """For each line the rule with the highest percent, the first of equal ones."""
    best: list[Rule | None] = [None] * lines
    for rule, places in fits.items():
        if competes(rule):
            for i in places:
                now = best[i]
                if now is None or rule.percent > now.percent:
                    best[i] = rule
    return best


def within_limits(rows: Sequence[tuple[Rule | None, int]], caps: Caps, used: Used) -> list[int]:
    """The points of the rows of a receipt, cut to what their rules' limits leave, then the programme's (`caps`)."""
    points = [_capped(mine, rule.caps, rule.code, used) if rule else mine for rule, mine in rows]
    return _within(points, _capped(sum(points), caps, "", used))


def _capped(points: int, caps: Caps, code: str, used: Used) -> int:
    left = [caps.receipt]
    left.append(None if caps.day is None else caps.day - used.day.get(code, 0))
    left.append(None if caps.month is None else caps.month - used.month.get(code, 0))
    return max(0, min([points, *(limit for limit in left if limit is not None)]))


def _within(points: list[int], limit: int) -> list[int]:
    """Rows one after the other, until the limit is reached."""
    kept = []
    for one in points:
        kept.append(min(one, limit))
        limit -= kept[-1]
    return kept


def _lines(
    lines: Sequence[Line], parts: list[_Part], points: list[int], of_base: int
) -> list[tuple[int, int, int]]:
    all_of, growth_of = [0] * len(lines), [0] * len(lines)
    for place, (part, granted) in enumerate(zip(parts, points, strict=True)):
        for i, share in enumerate(parted(granted, part.weights)):
            all_of[i] += share
            growth_of[i] += share if place < of_base else 0
    found = zip(lines, all_of, growth_of, strict=True)
    return [(line.number, mine, growth) for line, mine, growth in found if mine]
