"""Tells a story to the real programme and ledger: a sentence of its table is a thing that is done.

A story is a page that an accountant reads: settings in sentences, then a table of days with what the member has after
each. The numbers of the tables were worked out by hand; none was taken from the program.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Sum

from crm.org.models import Store
from customers import merging
from customers.models import Customer, Line, Merge, Purchase
from loyalty import accrual, ledger
from loyalty.families import joining, returning, spending
from loyalty.ledger import Cause, NewLot, runs
from loyalty.models import Balance, Ending, JoinedBy, Unit
from tests import cast
from tests.loyalty import rules

NOON = time(12)
BY = "till:1"
BEGIN = date(2023, 1, 1)


@dataclass(frozen=True)
class Row:
    """A line of a story's table."""

    day: date
    what: str
    has: tuple[int, int, int, int]  # usable, on the way, set aside, owed

    def __str__(self) -> str:
        return f"{self.day}: {self.what}"


@dataclass(frozen=True)
class Story:
    settings: list[str]
    rows: list[Row]


def read(path: Path) -> Story:
    text = path.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text if line.startswith("|")]
    rows = [
        Row(date.fromisoformat(day), what, (int(usable), int(pending), int(held), int(owed)))
        for day, what, usable, pending, held, owed, *_why in cells[2:]
    ]
    return Story([line[2:].rstrip(".") for line in text if line.startswith("- ")], rows)


@dataclass
class Teller:
    """`by_the_clock`: the hourly runs come by before each row; else everything happens when the account is used."""

    member: Customer
    store: Store
    by_the_clock: bool
    at: datetime = field(init=False)
    receipts: dict[str, Purchase] = field(default_factory=dict)
    movements: dict[str, int] = field(default_factory=dict)
    programme: dict[str, Any] = field(default_factory=dict)
    count: int = 0

    def begin(self, settings: list[str]) -> None:
        for sentence in settings:
            _do(SETTINGS, self, sentence)
        rules.programme(valid_from=BEGIN, **self.programme)

    def tell(self, row: Row) -> None:
        self.at = datetime.combine(row.day, NOON, tzinfo=self.store.zone).astimezone(UTC)
        self.count += 1
        if self.by_the_clock:
            for _done in (*runs.vest_due(at=self.at), *runs.expire_due(at=self.at)):
                pass
        what, refused = row.what.removesuffix(": refused"), row.what.endswith(": refused")
        try:
            with transaction.atomic():
                _do(STEPS, self, what)
        except (ledger.InsufficientPoints, ledger.NothingToContinue):
            assert refused, f"{row} was refused"
        else:
            assert not refused, f"{row} was not refused"

    def has(self) -> tuple[int, int, int, int]:
        found = Balance.objects.filter(customer=self.member, unit=Unit.POINTS).first()
        return (found.available, found.pending, found.held, found.debt) if found else (0, 0, 0, 0)

    def why(self, name: str = "") -> Cause:
        return Cause(f"story:{name or self.count}", self.at, BY)

    # What happens

    def buys(self, amounts: str, name: str, on: str = "", *, who: Customer | None = None) -> None:
        lines = [(f"SKU{n}", "1", amount) for n, amount in enumerate(amounts.split(" and "), start=1)]
        day = on or self.at.astimezone(self.store.zone).date().isoformat()
        bought = cast.purchase(who or self.member, at=self.store, on=day, lines=lines, external_id=name)
        self.receipts[name] = bought
        self._earn(bought)

    def brings_back(self, amount: str, line: str | None, name: str) -> None:
        bought = Purchase.objects.get(pk=self.receipts[name].pk)  # it may have gone to another card
        lines = Line.objects.filter(purchase=bought.pk)
        one = lines.get(number=int(line or 1))
        one_back = one.returned_amount + Decimal(amount)
        lines.filter(number=one.number).update(returned_quantity=Decimal("0.001"), returned_amount=one_back)
        back = lines.aggregate(n=Sum("returned_amount"))["n"]
        Purchase.objects.filter(pk=bought.pk).update(returned=back)
        self._earn(bought)

    def spends(self, points: str, name: str) -> None:
        self.movements[name] = ledger.redeem(self.member.pk, int(points), self.why(name)).movement_id

    def gets_back(self, points: str, name: str) -> None:
        ledger.reverse(self.member.pk, self.movements[name], self.why(), points=int(points))

    def sets_aside(self, points: str, name: str) -> None:
        self.movements[name] = ledger.hold(self.member.pk, int(points), self.why(name)).movement_id

    def pays(self, points: str, name: str) -> None:
        held = self.movements[name]
        self.movements[name + " paid"] = ledger.capture(
            self.member.pk, held, self.why(), points=int(points)
        ).movement_id

    def frees(self, name: str) -> None:
        ledger.release(self.member.pk, self.movements[name], self.why())

    def is_given(self, points: str, until: str | None = None) -> None:
        ends = None
        if until:
            ends = datetime.combine(date.fromisoformat(until), time.min, tzinfo=self.store.zone)
        ledger.earn(self.member.pk, [NewLot(int(points), ends)], self.why())

    def is_corrected(self, points: str) -> None:
        ledger.adjust(self.member.pk, -int(points), self.why())

    def is_forgiven(self, points: str) -> None:
        ledger.forgive(self.member.pk, int(points), self.why())

    def waits(self) -> None:
        ledger.refresh(self.member.pk, at=self.at, by=BY)

    def other_buys(self, amounts: str, name: str) -> None:
        other = Customer.objects.filter(name="Nora Bell").first() or cast.customer("Nora Bell", of=self.store)
        self.buys(amounts, name, who=other)

    def joins(self) -> None:
        other = Customer.objects.get(name="Nora Bell")
        merging.merge(self.member, other, by=BY, at=self.at)

    def parts(self) -> None:
        merging.unmerge(Merge.objects.get(survivor_id=self.member.pk), by=BY, at=self.at)

    # Families

    def is_family(self) -> None:
        joining.join(self._nora(), self.member.pk, way=JoinedBy.COUNTER, by=BY, at=self.at)

    def leaves(self) -> None:
        joining.leave(self.member.pk, by=BY, at=self.at)

    def family_spends(self, nora: str | None, points: str, name: str) -> None:
        who = self._nora() if nora else self.member.pk
        self.movements[name] = spending.redeem(who, int(points), self.why(name)).redemption_id

    def family_gets_back(self, points: str, name: str) -> None:
        returning.give_back(self.member.pk, self.movements[name], self.why(), points=int(points))

    def nora_has(self, points: str) -> None:
        assert Balance.objects.get(customer=self._nora(), unit=Unit.POINTS).available == int(points)

    def _nora(self) -> int:
        return Customer.objects.get(name="Nora Bell").pk

    def _earn(self, bought: Purchase) -> None:
        accrual.earn_for([(bought.customer_id, bought.pk)], at=self.at)

    # What holds

    def set(self, name: str, value: Any) -> None:
        self.programme[name] = value

    def multiplies(self, begin: str, percent: str) -> None:
        self.count += 1
        rules.rule(
            "all", kind="multiplier", percent=int(percent), version=self.count,
            valid_from=date.fromisoformat(begin),
        )  # fmt: skip


Sentences = list[tuple[str, Callable[..., None]]]
SETTINGS: Sentences = [
    (r"A point for each (\S+) spent", lambda t, money: t.set("money_per_point", Decimal(money))),
    (r"Parts of a point are rounded (down|up)", lambda t, way: t.set("rounding", way)),
    (r"Half a point is rounded up", lambda t: t.set("rounding", "half_up")),
    (r"Goods may be brought back for (\d+) days", lambda t, days: t.set("pending_days", int(days))),
    (r"Points can be used at once", lambda t: t.set("pending_days", 0)),
    (r"Points never end", lambda t: t.set("ending", Ending.NEVER)),
    (r"Points end with the next year", lambda t: t.programme.update(ending=Ending.YEAR_END, ending_count=1)),
    (
        r"Points end (\d+) months after they were earned",
        lambda t, n: t.programme.update(ending=Ending.MONTHS, ending_count=int(n)),
    ),
    (
        r"Points end (\d+) months after the last purchase",
        lambda t, n: t.programme.update(ending=Ending.ACTIVITY, ending_count=int(n)),
    ),
    (r"At most (\d+) points a (receipt|day|month)", lambda t, most, of: t.set(f"cap_{of}", int(most))),
    (r"From (\S+) everything earns (\d+) per cent", Teller.multiplies),
]
STEPS: Sentences = [
    (r"is a family with Nora", Teller.is_family),
    (r"leaves the family", Teller.leaves),
    (r"(Nora )?spends (\d+) with the family \((\w+)\)", Teller.family_spends),
    (r"gets back (\d+) of (\w+) with the family", Teller.family_gets_back),
    (r"Nora has (\d+)", Teller.nora_has),
    (r"buys for ([\d. and]+) \((\w+)\)", Teller.buys),
    (r"the receipt of (?P<on>\S+) for (?P<amounts>[\d.]+) comes late \((?P<name>\w+)\)", Teller.buys),
    (r"brings back (\S+)(?: of line (\d))? of (\w+)", Teller.brings_back),
    (r"spends (\d+) \((\w+)\)", Teller.spends),
    (r"gets back (\d+) of ([\w ]+)", Teller.gets_back),
    (r"sets aside (\d+) \((\w+)\)", Teller.sets_aside),
    (r"pays (\d+) of (\w+)", Teller.pays),
    (r"frees the rest of (\w+)", Teller.frees),
    (r"is given (\d+)(?: until (\S+))?", Teller.is_given),
    (r"is corrected by (\d+)", Teller.is_corrected),
    (r"is forgiven (\d+)", Teller.is_forgiven),
    (r"waits", Teller.waits),
    (r"Nora buys for (\S+) \((\w+)\)", Teller.other_buys),
    (r"Nora's card is joined", Teller.joins),
    (r"the cards are parted", Teller.parts),
]


def _do(sentences: Sentences, teller: Teller, said: str) -> None:
    for pattern, act in sentences:
        if found := re.fullmatch(pattern, said):
            named = found.groupdict()
            act(teller, **named) if named else act(teller, *found.groups())
            return
    raise AssertionError(f"nobody understands {said!r}")
