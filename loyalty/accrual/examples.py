"""A receipt made up to show what a rule does: bought when, where and by whom the rule asks for."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple, Protocol, TypeVar

from loyalty.accrual.arithmetic import Earned, Goods, Line, Receipt, Used, earn
from loyalty.accrual.conditions import Condition, read
from loyalty.accrual.rules import Rule
from loyalty.accrual.rulesets import KINDS, made
from loyalty.accrual.words import Named, names_of_tiers
from loyalty.models import EarningRule, Programme

T = TypeVar("T")
DRAFT = -1  # the number of a rule that has none yet
NOON = 12 * 60


class Rules(Protocol):
    """Which rules hold on a day: the book, or a draft."""

    def versions_on(self, day: date, /) -> list[EarningRule]: ...

    def of_tiers(self, day: date, /) -> list[Rule]: ...


class Example(NamedTuple):
    """The receipt, what it earns with the rule, and what without."""

    receipt: Receipt
    earned: Earned
    without: Earned
    rules: dict[int, Named]


def example(
    rule: EarningRule, programme: Programme, book: Rules, *, cents: int, store: tuple[int, int], today: date
) -> Example:
    """Of an amount, on the next day that the rule is about. `store`: a store and its region, where it names none."""
    asked = read(rule.condition)
    on = _day(asked, max(rule.valid_from, programme.valid_from, today))
    others = [one for one in book.versions_on(on) if one.code != rule.code and one.kind in KINDS]
    drawn = EarningRule(**{**rule.settings(), "code": rule.code})
    drawn.pk = DRAFT
    receipt = _receipt(asked, on, cents, store)
    with_it = [*others, drawn] if rule.kind in KINDS else others
    none = Used({}, {})
    return Example(
        receipt, earn(made(programme, with_it, book.of_tiers(on)), receipt, none),
        earn(made(programme, others, book.of_tiers(on)), receipt, none),
        {one.pk: Named(one.name, one.kind, one.percent or 0) for one in with_it} | names_of_tiers(book.of_tiers(on)),
    )  # fmt: skip


def _day(asked: Condition, begins: date) -> date:
    """The first day from `begins` on that the rule is about; where its days are over, one of these."""
    first = begins
    if asked.dates:
        first = asked.dates[0] if begins > asked.dates[1] else max(begins, asked.dates[0])
    week = (first + timedelta(days=n) for n in range(7))
    return next((day for day in week if not asked.weekdays or day.weekday() in asked.weekdays), first)


def _receipt(asked: Condition, on: date, cents: int, store: tuple[int, int]) -> Receipt:
    goods = Goods(_first(asked.categories, ""), _first(asked.brands, 0), _first(asked.products, ""))
    return Receipt(
        on=on, minute=asked.hours[0] % 24 * 60 if asked.hours else NOON, store=_first(asked.stores, store[0]),
        region=_first(asked.regions, store[1]), channel=_first(asked.channels, 1), tier=_first(asked.tiers, ""),
        is_first=asked.is_first, birthday_days=None if asked.birthday_days is None else 0,
        lines=[Line(1, cents, 0, goods)],
    )  # fmt: skip


def _first(values: Sequence[T], otherwise: T) -> T:
    return values[0] if values else otherwise
