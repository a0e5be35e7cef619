"""The revenue tree: sales = guests' + members', members' = customers × visits each × items a visit × price an item.

The change against the other period is taken apart into what each factor contributes (`analytics.lmdi`); the
contributions sum to the change, to the cent. Of guests only sums by day are kept: receipts × lines a receipt × price
a line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Sum

from analytics.lmdi import contributions
from analytics.periods import Period
from analytics.questions import Question
from analytics.reading import (
    EXAMPLE,
    IN_BOTH,
    IS_BEFORE,
    IS_NOW,
    LINE_CENTS,
    LINES,
    LOOKED_AT,
    OF_GOODS,
    RECEIPT_CENTS,
    row,
)
from crm.lib.statements import Statement
from customers.models import GuestDay

# Of each customer: visits and cents of both periods.
_EACH_RECEIPTS = f"""
    SELECT p.customer_id,
           count(*) FILTER (WHERE {IS_NOW}) AS visits, sum({RECEIPT_CENTS}) FILTER (WHERE {IS_NOW}) AS cents,
           count(*) FILTER (WHERE {IS_BEFORE}) AS visits_before,
           sum({RECEIPT_CENTS}) FILTER (WHERE {IS_BEFORE}) AS cents_before
    FROM customers_purchase p WHERE {IN_BOTH} GROUP BY p.customer_id
"""  # noqa: S608  the parts are constants
# What is weighed is one item a line, whatever it weighs. No till sends a unit, so a product is weighed when any of the
# lines looked at has a broken quantity: all its lines count alike, also those that happen to weigh 2.000 kg.
_UNITS = "(l.quantity - l.returned_quantity)::int"
_BROKEN = "l.quantity <> 1 AND l.quantity %% 1 <> 0 OR l.returned_quantity %% 1 <> 0"
_EACH_ITEMS = f"""
    SELECT p.customer_id, l.product_id, bool_or({_BROKEN}) AS is_weighed,
           count(*) FILTER (WHERE {IS_NOW}) AS lines, sum({_UNITS}) FILTER (WHERE {IS_NOW}) AS units,
           count(*) FILTER (WHERE {IS_BEFORE}) AS lines_before, sum({_UNITS}) FILTER (WHERE {IS_BEFORE}) AS units_before
    FROM {LINES} WHERE {IN_BOTH} AND {OF_GOODS} GROUP BY p.customer_id, l.product_id
"""  # noqa: S608  the parts are constants
_OF_PRODUCTS = f"""
    SELECT bool_or(is_weighed) AS is_weighed, sum(lines) AS lines, sum(units) AS units,
           sum(lines_before) AS lines_before, sum(units_before) AS units_before
    FROM ({_EACH_ITEMS}) AS bought GROUP BY product_id
"""  # noqa: S608  the parts are constants
# All of it for some goods: a visit is then a receipt that has some of them.
_EACH_GOODS = f"""
    SELECT customer_id, count(*) FILTER (WHERE is_now) AS visits, sum(cents) FILTER (WHERE is_now) AS cents,
           count(*) FILTER (WHERE is_before) AS visits_before, sum(cents) FILTER (WHERE is_before) AS cents_before
    FROM (
        SELECT p.customer_id, p.id, {IS_NOW} AS is_now, {IS_BEFORE} AS is_before, sum({LINE_CENTS}) AS cents
        FROM {LINES} WHERE {IN_BOTH} AND {OF_GOODS} GROUP BY p.customer_id, p.id, p.business_date
    ) AS visits GROUP BY customer_id
"""  # noqa: S608  the parts are constants
_SUMS = """count(*) FILTER (WHERE visits > 0), sum(visits), sum(cents),
       count(*) FILTER (WHERE visits_before > 0), sum(visits_before), sum(cents_before)"""
_RECEIPTS = f"SELECT {_SUMS} FROM ({_EACH_RECEIPTS}) AS people"  # noqa: S608  the parts are constants
_GOODS = f"SELECT {_SUMS} FROM ({_EACH_GOODS}) AS people"  # noqa: S608  the parts are constants
_ITEMS = f"""
    SELECT sum(CASE WHEN is_weighed THEN lines ELSE units END),
           sum(CASE WHEN is_weighed THEN lines_before ELSE units_before END)
    FROM ({_OF_PRODUCTS}) AS products
"""  # noqa: S608  the parts are constants
# Who bought in the period.
BUYERS = f"""
SELECT p.customer_id FROM customers_purchase p WHERE {IS_NOW} AND {LOOKED_AT} GROUP BY p.customer_id
"""  # noqa: S608  the parts are constants
BUYERS_OF_GOODS = f"""
SELECT p.customer_id FROM {LINES} WHERE {IS_NOW} AND {LOOKED_AT} AND {OF_GOODS} GROUP BY p.customer_id
"""  # noqa: S608  the parts are constants
# What each machine does of its own customers when the database is spread; what comes out is summed over them.
STATEMENTS = [
    Statement("revenue.receipts", _EACH_RECEIPTS, EXAMPLE),
    Statement("revenue.items", _EACH_ITEMS, EXAMPLE),
    Statement("revenue.goods", _EACH_GOODS, EXAMPLE),
    Statement("revenue.buyers", BUYERS, EXAMPLE),
    Statement("revenue.buyers_of_goods", BUYERS_OF_GOODS, EXAMPLE),
]


@dataclass(frozen=True)
class Sums:
    """What a period comes to. `levels`: each is a number of the next per one of the former; the last are cents."""

    levels: tuple[int, ...]

    @property
    def cents(self) -> int:
        return self.levels[-1]

    def factors(self) -> list[Fraction]:
        """Their product is `cents`. What would be divided by nothing is nothing."""
        before = (1, *self.levels[:-1])
        return [Fraction(n, d) if d else Fraction(0) for n, d in zip(self.levels, before, strict=True)]


@dataclass(frozen=True)
class Node:
    """A box of the tree. `value` and `before` are counts, means or money, as `unit` says.

    `contribution`: the part of the change of all sales, in money.
    """

    key: str
    unit: str
    value: Decimal
    before: Decimal
    contribution: Decimal
    children: tuple["Node", ...] = ()

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def change(self) -> Decimal | None:
        """Relative; None: there was nothing before."""
        return (self.value - self.before) / self.before if self.before else None


MEMBERS = ("customers", "visits", "items", "price")
GUESTS = ("receipts", "lines", "line_price")


def tree(question: Question) -> Node:
    """The sales of the question's period against those of the other."""
    now, before = _of_members(question)
    members = _branch("members", MEMBERS, now, before)
    if not question.has_guests:
        return members
    guest_now, guest_before = _of_guests(question, question.period), _of_guests(question, question.before)
    if not guest_now.cents and not guest_before.cents:
        return members
    guests = _branch("guests", GUESTS, guest_now, guest_before)
    total = (members.value + guests.value, members.before + guests.before)
    return Node("sales", "money", *total, total[0] - total[1], (members, guests))


def _branch(key: str, names: tuple[str, ...], now: Sums, before: Sums) -> Node:
    parts = contributions(before.factors(), now.factors(), now.cents - before.cents)
    units = ["count", *["mean"] * (len(names) - 2), "price"]
    columns = zip(names, units, now.factors(), before.factors(), parts, strict=True)
    children = tuple(_factor(*column) for column in columns)
    value, past = _money(now.cents), _money(before.cents)
    return Node(key, "money", value, past, value - past, children)


def _factor(name: str, unit: str, now: Fraction, before: Fraction, cents: int) -> Node:
    scale = 100 if unit == "price" else 1
    return Node(name, unit, _decimal(now / scale), _decimal(before / scale), _money(cents))


def _of_members(question: Question) -> tuple[Sums, Sums]:
    values = question.values()
    people, visits, cents, *past = row(_GOODS if question.goods else _RECEIPTS, values)
    items, items_before = row(_ITEMS, values)
    return Sums((people, visits, items, cents)), Sums((past[0], past[1], items_before, past[2]))


def _of_guests(question: Question, period: Period) -> Sums:
    days = GuestDay.objects.visible_to(question.viewer)
    days = days.filter(business_date__range=(period.since, period.until))
    if question.channel:
        days = days.filter(channel=question.channel)
    found = days.aggregate(
        receipts=Sum("receipts"), lines=Sum("lines"), amount=Sum("amount"), returned=Sum("returned")
    )
    sold = (found["amount"] or Decimal(0)) - (found["returned"] or Decimal(0))
    return Sums((found["receipts"] or 0, found["lines"] or 0, int(sold * 100)))


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
