"""Spending with a family of eight against spending alone, and what a family costs who needs no others.

Of a family of eight each has ten points left; 60 are spent by one, so six people are drawn from in one transaction.
Beside it: the same six redemptions one by one, each in a transaction of its own.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from benchmarks.figure import Figure, ratio_at_least
from benchmarks.lab import Lab, timed
from customers.models import Customer
from loyalty import ledger
from loyalty.families import joining, spending
from loyalty.families.refusals import MOST
from loyalty.ledger import Cause, NewLot
from loyalty.models import JoinedBy

TITLE = "families"
START = datetime(2026, 1, 5, 4, tzinfo=UTC)
DRAWN, EACH = 6, 10


def run(lab: Lab) -> Iterable[Figure]:
    times = lab.scaled(400)
    name = lab.database("families")
    together, alone, enough = (_people(times) for _group in range(3))
    for people in together:
        _join(people)
    for people in enough:
        _join(people)
    with timed() as pooled:
        for n, people in enumerate(together):
            spending.redeem(people[0], DRAWN * EACH, Cause(f"pooled:{n}", START, "till:1"))
    with timed() as one_by_one:
        for n, people in enumerate(alone):
            for who in people[:DRAWN]:
                ledger.redeem(who, EACH, Cause(f"alone:{n}", START, "till:1"))
    with timed() as own:
        for n, people in enumerate(enough):
            spending.redeem(people[0], EACH, Cause(f"own:{n}", START, "till:1"))
    beside = f"the same {DRAWN} people one by one"
    yield Figure(
        f"redemptions of {DRAWN} of a family", times / pooled.seconds, "/s", beside, times / one_by_one.seconds,
        ratio_at_least(0.5),
    )  # fmt: skip
    yield Figure(
        "own points, in a family", times / own.seconds, "/s", "a redemption alone",
        times * DRAWN / one_by_one.seconds, ratio_at_least(0.15),
    )  # fmt: skip
    lab.forget(name)


def _people(families: int) -> list[list[int]]:
    made = Customer.objects.bulk_create(
        [Customer(name=f"C{n}") for n in range(families * MOST)], batch_size=1000
    )
    for one in made:
        ledger.earn(
            one.pk, [NewLot(EACH, START + timedelta(days=90))], Cause(f"receipt:{one.pk}", START, "till:1")
        )
    return [[one.pk for one in made[at : at + MOST]] for at in range(0, len(made), MOST)]


def _join(people: list[int]) -> None:
    first, *others = people
    for who in others:
        joining.join(who, first, way=JoinedBy.COUNTER, by="system:bench", at=START)
