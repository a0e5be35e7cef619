"""What a basket earns: the arithmetic of receipts (`accrual`) for a receipt that is not there yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loyalty import endings
from loyalty.accrual import arithmetic, facts, reading, rulesets, words
from loyalty.accrual.arithmetic import Earned, Goods, Line, Receipt, Used
from loyalty.accrual.conditions import days_from_birthday
from loyalty.accrual.rulesets import RuleSet
from loyalty.accrual.words import Told
from loyalty.evaluation.asking import Asked, AskedLine
from loyalty.evaluation.person import Person
from loyalty.goods import Known
from loyalty.tiers import default_tier


@dataclass(frozen=True)
class Earning:
    """`lines`: points by number of the line. `if_member`: what a stranger would earn who joined."""

    points: int = 0
    growth: int = 0
    lines: dict[int, int] = field(default_factory=dict)
    told: Sequence[Told] = ()
    available_at: datetime | None = None
    if_member: int = 0


def of(asked: Asked, who: Person, known: dict[str, Known], *, paid: Sequence[int], currency: str) -> Earning:
    """`paid`: what each line costs in the end."""
    book = rulesets.book()
    rules = book.on(asked.on) if book.begins_on else None
    if rules is None:
        return Earning()
    receipt = _receipt(asked, who, rules, _lines(asked, known, paid))
    if who.customer_id is None:
        return Earning(if_member=arithmetic.earn(rules, receipt, Used({}, {})).points)
    used = reading.used_before(who.customer_id, asked.on, asked.at, rules, book)
    earned = arithmetic.earn(rules, receipt, used)
    names = words.names(earned.rows, book.versions)
    told = words.told(earned.rows, earned.excluded, rules.programme, names, currency)
    return _earning(asked, rules, earned, told)


def _earning(asked: Asked, rules: RuleSet, earned: Earned, told: Sequence[Told]) -> Earning:
    vests = endings.vests_at(rules.programme.pending_days, asked.on, asked.store.zone)
    lines = {number: points for number, points, _growth in earned.lines}
    return Earning(earned.points, earned.growth, lines, told, vests if earned.points else None)


def _lines(asked: Asked, known: dict[str, Known], paid: Sequence[int]) -> list[Line]:
    """In the order of their numbers, as those of a receipt are read."""
    found = [
        Line(line.number, cents, _off(line, cents), _goods(line.sku, known))
        for line, cents in zip(asked.lines, paid, strict=True)
    ]
    return sorted(found, key=lambda line: line.number)


def _off(line: AskedLine, paid: int) -> int:
    """What the receipt will say was taken off."""
    return line.discount + line.cents - paid or int(line.is_discounted)


def _goods(sku: str, known: dict[str, Known]) -> Goods:
    one = known.get(sku)
    return Goods(one.path, one.brand_id or 0, sku) if one else Goods(sku=sku)


def _receipt(asked: Asked, who: Person, rules: RuleSet, lines: Sequence[Line]) -> Receipt:
    local = asked.at.astimezone(asked.store.zone)
    return Receipt(
        on=asked.on, minute=local.hour * 60 + local.minute, store=asked.store.pk, region=asked.store.region_id or 0,
        channel=asked.channel, tier=_tier(asked, who) if rules.asks_tiers else "", is_first=who.is_first,
        birthday_days=days_from_birthday(who.birthday, asked.on), lines=lines,
    )  # fmt: skip


def _tier(asked: Asked, who: Person) -> str:
    """The tier that the day began with."""
    if who.customer_id is None:
        return default_tier(asked.on)
    return facts.tiers_of([(who.customer_id, asked.on)])[0]
