"""Comings and goings by month: who is new, who came again, who is back, and who stayed away.

Of a month in which a customer bought: *new*: never before; *retained*: in the month before, too; *returning*: not in
the month before, but at most `quiet` months ago; *reactivated*: longer ago. *Lapsed* in a month: bought in the month
before and not in it; the money is what they spent in that month before. So the customers of a month are new + retained
+ returning + reactivated, and those of the month before are retained + lapsed.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from analytics.questions import Question
from analytics.reading import EXAMPLE, LINE_CENTS, LINES, LOOKED_AT, OF_GOODS, RECEIPT_CENTS, rows
from crm.lib.statements import Statement

NEW, RETAINED, RETURNING, REACTIVATED, LAPSED = "new", "retained", "returning", "reactivated", "lapsed"
CAME = (NEW, RETAINED, RETURNING, REACTIVATED)
QUIET = 3

_MONTH = "(extract(year FROM p.business_date) * 12 + extract(month FROM p.business_date))::int - 1"
_SPENT = f"""
    SELECT p.customer_id, {_MONTH} AS month, sum({RECEIPT_CENTS}) AS cents
    FROM customers_purchase p WHERE p.business_date <= %(until)s::date AND {LOOKED_AT} GROUP BY p.customer_id, 2
"""  # noqa: S608  the parts are constants
_SPENT_ON_GOODS = f"""
    SELECT p.customer_id, {_MONTH} AS month, sum({LINE_CENTS}) AS cents
    FROM {LINES} WHERE p.business_date <= %(until)s::date AND {LOOKED_AT} AND {OF_GOODS} GROUP BY p.customer_id, 2
"""  # noqa: S608  the parts are constants


def _judged(spent: str) -> str:
    return f"""
    SELECT customer_id, month, cents, next,
           CASE WHEN before IS NULL THEN 'new' WHEN month - before = 1 THEN 'retained'
                WHEN month - before <= %(quiet)s THEN 'returning' ELSE 'reactivated' END AS kind
    FROM (SELECT customer_id, month, cents,
                 lag(month) OVER (PARTITION BY customer_id ORDER BY month) AS before,
                 lead(month) OVER (PARTITION BY customer_id ORDER BY month) AS next
          FROM ({spent}) AS spent) AS beside
    """  # noqa: S608  the parts are constants


def _months(spent: str) -> str:
    """By month and kind: how many and how much; and of these how many did not come in the month after."""
    return f"""
SELECT month, kind, count(*), sum(cents), count(*) FILTER (WHERE next IS DISTINCT FROM month + 1),
       coalesce(sum(cents) FILTER (WHERE next IS DISTINCT FROM month + 1), 0)
FROM ({_judged(spent)}) AS judged WHERE month BETWEEN %(first)s AND %(last)s GROUP BY month, kind
"""  # noqa: S608  the parts are constants


def _people(spent: str) -> str:
    return f"""
SELECT customer_id FROM ({_judged(spent)}) AS judged
WHERE month = %(month)s AND (%(kind)s::text IS NULL OR kind = %(kind)s::text)
    AND (NOT %(lapsed)s OR next IS DISTINCT FROM month + 1)
"""  # noqa: S608  the parts are constants


_ALL, _GOODS = _months(_SPENT), _months(_SPENT_ON_GOODS)
PEOPLE, PEOPLE_OF_GOODS = _people(_SPENT), _people(_SPENT_ON_GOODS)
_EXAMPLE = EXAMPLE | {
    "quiet": 3,
    "first": 24300,
    "last": 24314,
    "month": 24310,
    "kind": "new",
    "lapsed": True,
}
# What each machine does of its own customers when the database is spread; what comes out is summed over them.
STATEMENTS = [
    Statement("comings.all", _judged(_SPENT), _EXAMPLE),
    Statement("comings.goods", _judged(_SPENT_ON_GOODS), _EXAMPLE),
    Statement("comings.people", PEOPLE, _EXAMPLE),
    Statement("comings.people_of_goods", PEOPLE_OF_GOODS, _EXAMPLE),
]


@dataclass(frozen=True)
class Month:
    """`came` has a count and an amount for each of `CAME`; `lapsed` is of those of the month before.

    `is_over`: all days of the month are.
    """

    began_on: date
    came: dict[str, tuple[int, Decimal]]
    lapsed: tuple[int, Decimal]
    is_over: bool

    @property
    def customers(self) -> int:
        return sum(n for n, _amount in self.came.values())

    @property
    def revenue(self) -> Decimal:
        return sum((amount for _n, amount in self.came.values()), Decimal(0))


def months(question: Question, count: int, quiet: int = QUIET) -> list[Month]:
    """The last `count` months up to the question's last day, the earliest first."""
    until = question.period.until
    last = _number(until)
    values = question.values() | {"quiet": quiet, "first": last - count, "last": last}
    found = {
        (month, kind): numbers for month, kind, *numbers in rows(_GOODS if question.goods else _ALL, values)
    }
    is_over = _began(last + 1).toordinal() - until.toordinal() == 1
    return [_month(found, number, number < last or is_over) for number in range(last - count + 1, last + 1)]


def first_day(until: date, count: int) -> date:
    """That of the first of `count` months up to a day."""
    return _began(_number(until) - count + 1)


def people(question: Question, began_on: date, kind: str, quiet: int = QUIET) -> tuple[str, dict[str, Any]]:
    """Statement and parameters of those behind a number; a kind that is not known: all of the month."""
    is_lapsed = kind == LAPSED
    month = _number(began_on) - is_lapsed
    values = {"quiet": quiet, "month": month, "kind": kind if kind in CAME else None, "lapsed": is_lapsed}
    return PEOPLE_OF_GOODS if question.goods else PEOPLE, question.values() | values


def _month(found: dict[tuple[int, str], list[Any]], number: int, is_over: bool) -> Month:
    nothing = [0, 0, 0, 0]
    came = {kind: found.get((number, kind), nothing) for kind in CAME}
    gone = [found.get((number - 1, kind), nothing) for kind in CAME]
    return Month(
        _began(number),
        {kind: (row[0], _money(row[1])) for kind, row in came.items()},
        (sum(row[2] for row in gone), _money(sum(row[3] for row in gone))),
        is_over,
    )


def _number(day: date) -> int:
    """Months since the year 0, as `_MONTH` counts them."""
    return day.year * 12 + day.month - 1


def _began(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _money(cents: Any) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)
