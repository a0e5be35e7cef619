"""How much of what is outstanding will never be spent, learnt from the ledger itself.

Kaplan and Meier's estimate ("Nonparametric estimation from incomplete observations", Journal of the American
Statistical Association 53, 1958, 457-481) in its grouped form, the actuary's life table (Cutler and Ederer, "Maximum
utilization of the life table method in analyzing survival", Journal of Chronic Diseases 8, 1958, 699-712), with
points in place of patients: they are "born" in the month in which they were earned and "die" when they are spent;
points that expired, were taken back or have not lived on yet are censored. Of the points that were there when month d
of their life began (less half of those censored in it) the share that was spent in it is h(d); a point that is d
months old is unspent at its end in month e with the chance (1 - h(d)) … (1 - h(e)). Only months that are over count.

It does not go beyond what was seen: a month of life counts when at least LEAST_LOTS lots of LEAST_COHORTS months have
been through it. What ends later, never, or with its member's activity has no estimate, and is said to have none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from loyalty.liability.figures import FLOW_OF, Row, month_of
from loyalty.models.liability import BY_ACTIVITY, NEVER

LEAST_LOTS = 200
LEAST_COHORTS = 2
LEAST_SPENT = 100  # times that somebody spent
LEAST_MONTHS = 3


@dataclass(frozen=True)
class Age:
    """A month of life: points that entered it, less half of those censored in it, and what of them was spent."""

    month: int
    at_risk: Decimal
    spent: int
    unspent: Decimal  # share of all points that is unspent at its end

    @property
    def share(self) -> Decimal:
        return self.spent / self.at_risk


@dataclass(frozen=True)
class Estimate:
    """`points` of `known` will not be spent; `unknown` are those of which nothing can be said. `why` there is none."""

    ages: list[Age]
    points: int = 0
    known: int = 0
    unknown: int = 0
    why: str = ""

    @property
    def share(self) -> Decimal | None:
        return Decimal(self.points) / self.known if self.known else None


class _Cohort:
    """The points that were earned in a month: what happened to them, by month of life."""

    def __init__(self) -> None:
        self.came: dict[int, int] = {}
        self.spent: dict[int, int] = {}
        self.left: dict[int, int] = {}
        self.lots = 0

    def add(self, row: Row) -> None:
        age = max(0, row.month - row.earned)
        name = FLOW_OF.get(row.kind)
        if name == "redeemed":
            self.spent[age] = self.spent.get(age, 0) - row.points
        elif row.points > 0:
            self.came[age] = self.came.get(age, 0) + row.points
            self.lots += row.lots if name == "issued" else 0
        else:
            self.left[age] = self.left.get(age, 0) - row.points

    def there(self, age: int) -> int:
        """What was there when this month of life began; of the first, what came in it."""
        if age == 0:
            return self.came.get(0, 0)
        before = range(age)
        return sum(self.came.get(a, 0) - self.spent.get(a, 0) - self.left.get(a, 0) for a in before)


def estimate(rows: Iterable[Row], on: date) -> Estimate:
    """From the rows of `figures.Figures` of a day."""
    rows = [row for row in rows if row.points]
    ages = curve(rows, on)
    standing: dict[tuple[int, int], int] = {}
    for row in rows:
        key = (row.earned, row.ends)
        standing[key] = standing.get(key, 0) + row.points
    outstanding = sum(standing.values())
    if why := _refusal(rows, ages):
        return Estimate(ages, unknown=outstanding, why=why)
    never, known = Decimal(0), 0
    for (earned, ends), points in standing.items():
        chance = unspent_to_the_end(ages, earned, ends, on)
        if chance is not None:
            never += points * chance
            known += points
    return Estimate(ages, round(never), known, outstanding - known)


def curve(rows: Iterable[Row], on: date) -> list[Age]:
    """The months of life of which enough was seen, without a gap."""
    cohorts: dict[int, _Cohort] = {}
    for row in rows:
        cohorts.setdefault(row.earned, _Cohort()).add(row)
    over = month_of(on + timedelta(days=1)) - 1  # the last month that is over
    ages: list[Age] = []
    unspent = Decimal(1)
    while True:
        age = len(ages)
        seen = [one for earned, one in cohorts.items() if earned + age <= over and one.there(age) > 0]
        each = (Decimal(one.there(age)) - Decimal(one.left.get(age, 0)) / 2 for one in seen)
        at_risk = sum(each, Decimal(0))
        if len(seen) < LEAST_COHORTS or sum(one.lots for one in seen) < LEAST_LOTS or at_risk <= 0:
            return ages
        spent = max(0, sum(one.spent.get(age, 0) for one in seen))
        unspent *= 1 - min(Decimal(1), spent / at_risk)
        ages.append(Age(age, at_risk, min(spent, int(at_risk)), unspent))


def unspent_to_the_end(ages: list[Age], earned: int, ends: int, on: date) -> Decimal | None:
    """The chance that a point of this age is unspent when it ends. None: it is not known."""
    if ends in {NEVER, BY_ACTIVITY}:
        return None
    age, last, now = month_of(on) - earned, ends - earned, month_of(on)
    if ends < now:
        return Decimal(1)  # it has ended, and no run has come by yet
    if age < 0 or last >= len(ages):
        return None
    chance: Decimal = (1 - ages[age].share) ** _left_of_month(on)
    for one in ages[age + 1 : last + 1]:
        chance *= 1 - one.share
    return chance


def _left_of_month(on: date) -> Decimal:
    following = (on.replace(day=1) + timedelta(days=32)).replace(day=1)
    return Decimal((following - on).days - 1) / (following - on.replace(day=1)).days


def _refusal(rows: Iterable[Row], ages: list[Age]) -> str:
    times = sum(row.lots for row in rows if FLOW_OF.get(row.kind) == "redeemed")
    if times < LEAST_SPENT:
        return "spent"
    return "months" if len(ages) < LEAST_MONTHS else ""
