"""The retail analyses over the demo chain, each beside a bare GROUP BY of the rows that it must read."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.management import call_command
from django.db import connection

from analytics import cohorts, comings, crossshop, gains, revenue
from analytics.crossshop import Set
from analytics.goods import Goods
from analytics.periods import Against, compared, period_of
from analytics.questions import Question
from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab, best_of, timed
from crm.org.scope import CHAIN, Scope
from customers import nights
from customers.models import Brand, Category

TITLE = "analyses of the demo chain, 155,848 receipts with 1.47 M lines"
LINES = """SELECT count(*) FROM (
    SELECT l.customer_id, l.product_id, sum(l.amount) FROM customers_line l
    JOIN customers_purchase p ON p.id = l.purchase_id WHERE p.business_date BETWEEN %s AND %s GROUP BY 1, 2) AS q"""
RECEIPTS = "SELECT count(*) FROM (SELECT customer_id, sum(amount) FROM customers_purchase GROUP BY 1) AS q"


class Everybody:
    """Somebody who sees the whole chain."""

    def may(self, permission: Any) -> bool:
        return True

    def scope(self) -> Scope:
        return CHAIN


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("analyses", lambda: fill(lab))
    department = Goods(category=Category.objects.get(path="grocery"))
    brand = Goods(brand=Brand.objects.get(name="Own label"))
    sets = [Set(department), Set(Goods(category=Category.objects.get(path="drug-gm"))), Set(brand)]
    for weeks in ("13w", "52w"):
        floor = bare(LINES, *_span(weeks))
        for name, page in _pages(weeks, department, brand, sets):
            yield Figure(
                f"{name}, {weeks}",
                best_of(3, page),
                "s",
                "bare GROUP BY customer, product",
                floor,
                at_most(2),
            )
    months = best_of(3, lambda: comings.months(ask("13w"), 13))
    yield Figure(
        "new and lapsed, 13 months", months, "s", "bare GROUP BY customer", bare(RECEIPTS), at_most(2)
    )
    last, *_between, first = nights.published_dates()
    yield Figure(
        "what became of groups",
        best_of(3, lambda: cohorts.of_groups(Everybody(), first, last)),
        "s",
        bar=at_most(2),
    )


def _pages(
    weeks: str, department: Goods, brand: Goods, sets: list[Set]
) -> list[tuple[str, Callable[[], Any]]]:
    return [
        ("revenue tree", lambda: revenue.tree(ask(weeks))),
        ("revenue tree of a department", lambda: revenue.tree(ask(weeks, goods=department))),
        ("gain and loss of a department", lambda: gains.gains(ask(weeks, goods=department))),
        ("gain and loss of a brand", lambda: gains.gains(ask(weeks, goods=brand))),
        ("all departments", lambda: gains.overview(ask(weeks))),
        ("cross-shop of three sets", lambda: crossshop.overlap(ask(weeks), sets)),
    ]


def fill(lab: Lab) -> None:
    call_command("load_demo", verbosity=0, **({"small": True} if lab.scale < 1 else {}))
    call_command("nightly", weeks=4)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def ask(weeks: str, **more: Any) -> Question:
    night = nights.published()
    assert night is not None
    period = period_of(weeks, night.on)
    return Question(Everybody(), period, compared(period, Against.BEFORE), night, **more)


def _span(weeks: str) -> tuple[Any, Any]:
    """From the first day compared to the last day looked at."""
    question = ask(weeks)
    return question.before.since, question.period.until


def bare(statement: str, *values: Any) -> float:
    def read() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    with timed() as clock:
        read()
    return min(clock.seconds, best_of(2, read))
