"""Three runs of expiry at once, clocks ten minutes apart, on the days when the clocks change: a point ends once."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Sum

from crm.org.models import Store
from customers.models import Customer
from loyalty import endings, ledger
from loyalty.ledger import Cause, NewLot, runs
from loyalty.models import Balance, Ending, Kind, Movement
from tests import cast
from tests.customers.test_merge_races import in_threads

EARNED = datetime(2026, 1, 5, 17, tzinfo=UTC)
SKEW = timedelta(minutes=10)
NEW_YORK = ZoneInfo("America/New_York")
HAVANA = ZoneInfo("America/Havana")  # the clocks jump over midnight itself, and come back through it
CASES = {
    "spring": (NEW_YORK, date(2026, 3, 8), datetime(2026, 3, 9, 4, tzinfo=UTC)),
    "spring, the day that begins it": (NEW_YORK, date(2026, 3, 7), datetime(2026, 3, 8, 5, tzinfo=UTC)),
    "autumn": (NEW_YORK, date(2026, 11, 1), datetime(2026, 11, 2, 5, tzinfo=UTC)),
    "autumn, the day that begins it": (NEW_YORK, date(2026, 10, 31), datetime(2026, 11, 1, 4, tzinfo=UTC)),
    "a midnight that is skipped": (HAVANA, date(2026, 3, 7), datetime(2026, 3, 8, 5, tzinfo=UTC)),
    "a midnight that comes twice": (HAVANA, date(2026, 10, 31), datetime(2026, 11, 1, 4, tzinfo=UTC)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_last_day_is_whole(case: str) -> None:
    """Points of a last day live to the first moment of the next, however many hours it has."""
    zone, last, end = CASES[case]
    assert endings.day_ends(last, zone) == end
    assert end.astimezone(zone).date() == last + timedelta(days=1)
    assert (end - timedelta(microseconds=1)).astimezone(zone).date() == last


@pytest.mark.parametrize("case", ["spring", "autumn"])
def test_each_point_ends_once(transactional_db: None, harbour: Store, case: str) -> None:
    zone, last, end = CASES[case]
    months = last.month - 1
    assert endings.expires_at(Ending.MONTHS, months, date(2026, 1, last.day), zone) == end
    people = [cast.customer(f"P{n}", of=harbour) for n in range(12)]
    for n, who in enumerate(people):
        lots = [NewLot(10 + n, end), NewLot(5, end + 2 * SKEW), NewLot(7)]
        ledger.earn(who.pk, lots, Cause(f"receipt:{n}", EARNED, "till:1"))
    ledger.hold(people[0].pk, 4, Cause("web:1", EARNED, "till:1"))  # what is held ends when it comes back

    found: list[runs.Done] = []
    early, right, late = end - SKEW, end, end + SKEW
    in_threads(*(lambda at=at: found.extend(runs.expire_due(at=at)) for at in (early, right, late)))

    whole = sum(10 + n for n in range(12)) - 4
    assert _ended() == whole
    assert sum(done.points for done in found) == whole
    assert Movement.objects.filter(kind=Kind.EXPIRE).count() == len(people)
    assert [list(runs.expire_due(at=at)) for at in (early, right, late)] == [[], [], []]
    for n, who in enumerate(people):
        balance = Balance.objects.get(customer=who)
        assert (balance.available, balance.held) == (12, 4 if n == 0 else 0)


def test_a_till_that_uses_an_account_meets_the_runs(transactional_db: None, harbour: Store) -> None:
    """Spending at the very moment: what was spent did not end, what ended was not spent."""
    _zone, _last, end = CASES["autumn"]
    people = [cast.customer(f"P{n}", of=harbour) for n in range(6)]
    for n, who in enumerate(people):
        ledger.earn(who.pk, [NewLot(10, end), NewLot(3)], Cause(f"receipt:{n}", EARNED, "till:1"))

    def till(at: datetime) -> None:
        for n, who in enumerate(people):
            with suppress(ledger.InsufficientPoints):
                ledger.redeem(who.pk, 8, Cause(f"till:{n}", at, "till:1"))

    def run() -> None:
        list(runs.expire_due(at=end))

    in_threads(lambda: till(end - timedelta(seconds=1)), run, run)
    for who in people:
        assert _outcome(who) in {(8, 2), (0, 10)}
        assert Balance.objects.get(customer=who).available == 3


def _outcome(who: Customer) -> tuple[int, int]:
    def moved(kind: Kind) -> int:
        return -(Movement.objects.filter(customer=who, kind=kind).aggregate(n=Sum("available"))["n"] or 0)

    return moved(Kind.REDEEM), moved(Kind.EXPIRE)


def _ended() -> int:
    return Movement.objects.filter(kind=Kind.EXPIRE).aggregate(n=Sum("contra"))["n"]
