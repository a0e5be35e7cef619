"""What members have as of a day: equal to the ledger, and the figures of a day that is over stay."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client

from crm.org.models import Staff, Store
from customers import merging
from customers.models import Customer
from loyalty import ledger
from loyalty.ledger import Cause, NewLot, proof
from loyalty.liability import breakage, days, figures
from loyalty.liability.figures import Row
from loyalty.models import Balance, Kind, LedgerDay, Movement, Unit
from tests import cast
from tests.loyalty import books
from tests.loyalty import rules as earning

pytestmark = pytest.mark.django_db
SignIn = Callable[[Staff], Client]


def learnt(at: datetime) -> None:
    """As if the ledger had learnt at this moment everything that it holds."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = 'replica'")
        cursor.execute("UPDATE loyalty_movement SET recorded_at = %s", [at])
        cursor.execute("SET LOCAL session_replication_role = 'origin'; SET CONSTRAINTS ALL DEFERRED")


def of_ledger(unit: Unit) -> dict[str, int]:
    names = ("available", "pending", "held", "debt")
    sums = Balance.objects.filter(unit=unit).aggregate(**{name: Sum(name) for name in names})
    return {name: value or 0 for name, value in sums.items()}


def is_the_ledger(viewer: Any, unit: Unit) -> None:
    """All sums of the page are those of the ledger, which proves itself."""
    assert [fault for proved in proof.prove() for fault in proved.faults] == []
    found = figures.of(viewer, unit, figures.today())
    total, flows = found.total, found.total.flows
    assert {name: getattr(total, name) for name in of_ledger(unit)} == of_ledger(unit)
    left = flows["issued"] + flows["adjusted"] - flows["reversed"] - flows["redeemed"] - flows["expired"]
    assert left == total.net == -Movement.objects.filter(unit=unit).aggregate(n=Sum("contra"))["n"]
    assert sum(found.ahead.values()) == total.outstanding
    for part in (found.months, found.stores):
        assert sum(sums.net for sums in part.values()) == total.net
    spent = Movement.objects.filter(unit=unit, kind__in=figures.FLOWS["redeemed"]).aggregate(n=Sum("contra"))[
        "n"
    ]
    assert sum(sums.spent_here for sums in found.stores.values()) == (spent or 0) == flows["redeemed"]


@pytest.mark.parametrize("is_read", [False, True])
def test_sums_are_those_of_the_ledger(
    irina: Customer, yusuf: Customer, noon: datetime, ana: Staff, is_read: bool
) -> None:
    books.written(irina, yusuf, noon)
    if is_read:
        days.bring_forward()
        assert (days.bring_forward(), LedgerDay.objects.exists()) == (0, True)
    is_the_ledger(ana, Unit.POINTS)
    is_the_ledger(ana, Unit.STORED)


def test_the_figures_of_a_day_that_is_over_stay(harbour: Store, ana: Staff, noon: datetime) -> None:
    """Whatever comes later: late receipts, returns, spending, a merge that is undone after points were mixed."""
    irina = cast.customer("Irina", of=harbour, phone="+8613800138001")
    yusuf = cast.customer("Yusuf", of=harbour, phone="+8613800138002")
    first = ledger.earn(
        irina.pk, [NewLot(50, noon + timedelta(days=300))], Cause("receipt:1", noon, "till:1")
    )
    ledger.earn(yusuf.pk, [NewLot(40)], Cause("receipt:2", noon, "till:1"))
    learnt(noon)
    day = noon.date()
    before = figures.of(ana, Unit.POINTS, day)
    assert (before.total.outstanding, before.ahead) == (90, {2027 * 12: 50, 0: 40})
    days.bring_forward()
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    ledger.redeem(irina.pk, 70, Cause("till:1", noon, "till:1"))  # of both
    ledger.earn(irina.pk, [NewLot(30)], Cause("receipt:3", noon - timedelta(days=40), "till:1"))  # late
    days.bring_forward()
    is_the_ledger(ana, Unit.POINTS)
    merging.unmerge(done, by=ana, at=noon)
    is_the_ledger(ana, Unit.POINTS)
    ledger.claw_back(irina.pk, first.movement_id, Cause("return:1", noon, "till:1"))
    is_the_ledger(ana, Unit.POINTS)
    days.bring_forward()
    is_the_ledger(ana, Unit.POINTS)
    after = figures.of(ana, Unit.POINTS, day)
    assert (after.total, after.months, after.ahead, after.stores) == (
        before.total, before.months, before.ahead, before.stores,
    )  # fmt: skip


def test_whoever_is_still_writing_is_waited_for() -> None:
    """A row that is committed later must not be of a time that was read already."""
    with connection.cursor() as cursor, psycopg.connect(**_other()) as other:
        began = other.execute("SELECT now()").fetchone()
        cursor.execute(days.HORIZON)
        assert began is not None
        assert cursor.fetchone()[0] < began[0]


def _other() -> dict[str, Any]:
    given = connection.get_connection_params()
    return {name: given[name] for name in ("dbname", "host", "port", "user", "password") if given.get(name)}


def test_the_proof_names_sums_that_are_not_the_ledgers(
    irina: Customer, yusuf: Customer, noon: datetime
) -> None:
    books.written(irina, yusuf, noon)
    days.bring_forward()
    row = LedgerDay.objects.filter(kind=Kind.EXPIRE, here__gt=0).get()
    LedgerDay.objects.filter(pk=row.pk).update(here=row.here + 1)
    faults = [fault.row for proved in proof.prove() for fault in proved.faults]
    assert faults == ["days of kind 7 in unit 1"]


def month(year: int, number: int) -> int:
    return year * 12 + number - 1


def lives(cohort: int, *, ends: int, spent: dict[int, int], over: int, lots: int = 100) -> list[Row]:
    """A thousand points of a month, and what of them was spent in which month of life."""
    rows = [Row(cohort, Kind.EARN, 1, cohort, ends, 0, 1000, 0, 0, 0, lots)]
    return rows + [
        Row(cohort + age, Kind.REDEEM, 1, cohort, ends, 0, -n, 0, 0, 0, 60)
        for age, n in spent.items() if cohort + age <= over
    ]  # fmt: skip


def test_breakage_is_what_survives_by_what_was_seen() -> None:
    """Three months of points; a tenth is spent in the first month, two ninths of the rest in the second, then half."""
    ends = month(2026, 3)
    spent = {0: 100, 1: 200, 2: 350}
    rows = [row for m in (1, 2, 3) for row in lives(month(2026, m), ends=ends, spent=spent, over=ends)]
    found = breakage.estimate(rows, date(2026, 3, 31))
    assert [(one.at_risk, one.spent, one.unspent) for one in found.ages] == [
        (3000, 300, Decimal("0.9")),
        (1800, 400, Decimal("0.7")),
    ]  # the third month was seen of one cohort only
    assert (found.why, found.points) == ("months", 0)
    rows += lives(month(2025, 12), ends=month(2026, 4), spent=spent, over=ends)
    found = breakage.estimate(rows, date(2026, 3, 31))
    assert [one.unspent for one in found.ages] == [Decimal("0.9"), Decimal("0.7"), Decimal("0.35")]
    # What ends today is as it is; of those of December, which live till April, nobody has seen the last month.
    assert (found.why, found.known, found.unknown) == ("", 350 + 700 + 900, 350)
    assert (found.points, found.share) == (1950, Decimal(1))
    half = breakage.estimate(
        [*rows, *lives(month(2026, 3), ends=month(2026, 4), spent={}, over=ends)], date(2026, 3, 31)
    )
    assert half.points == 1950 + round(1000 * (1 - half.ages[1].share))


def test_too_little_is_said_to_be_too_little() -> None:
    rows = [
        row
        for m in range(1, 7)
        for row in lives(month(2025, m), ends=month(2026, 12), spent={}, over=month(2026, 1))
    ]
    assert breakage.estimate(rows, date(2026, 1, 31)).why == "spent"
    few = [
        row
        for m in range(1, 7)
        for row in lives(month(2025, m), ends=0, spent={0: 9, 1: 9}, over=month(2026, 1), lots=9)
    ]
    found = breakage.estimate(few, date(2026, 1, 31))
    assert (found.why, found.ages, found.unknown) == ("months", [], 6 * (1000 - 18))


def test_a_manager_sees_the_part_of_their_stores(
    irina: Customer, harbour: Store, uptown: Store, marta: Staff, uma: Staff, chen: Staff, ana: Staff,
    noon: datetime, signed_in: SignIn,
) -> None:  # fmt: skip
    """Irina buys in both; what she spends at Uptown was issued by Harbour, which has it for longer."""
    earning.programme(point_worth=Decimal("0.05"))
    ledger.earn(irina.pk, [NewLot(1300)], Cause("receipt:1", noon, "till:1", harbour.pk))
    ledger.earn(irina.pk, [NewLot(700)], Cause("receipt:2", noon, "till:2", uptown.pk))
    ledger.redeem(irina.pk, 300, Cause("till:1", noon, "till:2", uptown.pk))
    seen = {who: figures.of(who, Unit.POINTS, figures.today()) for who in (marta, uma, ana)}
    assert [seen[who].total.outstanding for who in (marta, uma, ana)] == [1000, 700, 1700]
    assert [seen[who].total.spent_here for who in (marta, uma)] == [0, 300]
    assert seen[uma].money(300) == Decimal("15.00")
    page = signed_in(marta).get("/loyalty/liability/").content.decode()
    assert ("1,000" in page, "¥50" in page, "Uptown" in page, "1,700" in page) == (True, True, False, False)
    assert "1,000" in signed_in(marta).get("/loyalty/").content.decode()
    sheet = b"".join(signed_in(uma).get("/loyalty/liability/export/?format=csv")).decode()  # type: ignore[arg-type]
    assert [line.split(",")[2:5] for line in sheet.splitlines()[1:]] == [["Uptown", "2026-03", "700"]]
    assert sheet.splitlines()[1].split(",")[10] == "300"
    assert signed_in(chen).get("/loyalty/liability/").status_code == 403
    page = signed_in(ana).get("/loyalty/liability/?on=2020-01-01").content.decode()
    assert "Nothing booked" in page
