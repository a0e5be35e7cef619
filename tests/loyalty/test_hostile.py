"""The database refuses each statement of somebody who has the application's role and means harm."""

from datetime import datetime

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import DatabaseError

from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty.models import (
    Accrual,
    Action,
    ActionTold,
    Balance,
    BirthdayGift,
    Coupon,
    CouponCode,
    CouponTerms,
    CouponUse,
    EarningRule,
    Hold,
    Lot,
    Movement,
    Programme,
    Tier,
    Trace,
)  # fmt: skip
from tests.loyalty import books
from tests.loyalty.hostile import FULL, STATEMENTS, move, traced

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(irina: Customer, yusuf: Customer, harbour: Store, max_: Staff, noon: datetime) -> dict[str, int]:
    books.written(irina, yusuf, noon)
    books.around(irina, harbour, noon, max_)
    BirthdayGift.objects.create(
        customer=irina, year=2026, tier="gold", points=9, given_on=noon.date(), given_at=noon
    )
    ActionTold.objects.create(
        customer=irina, action=Action.REVIEW, source="shop:1", told_at=noon, earned=[["review", 20]]
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("SET LOCAL regulars.may_empty = 'off'")
        cursor.execute(f"SET LOCAL ROLE {settings.DATABASE_APP_ROLE}")
    return {"who": irina.pk, "other": yusuf.pk}


MODELS = (
    Movement, Lot, Trace, Balance, Accrual, Programme, EarningRule, CouponTerms, Coupon, CouponUse, CouponCode, Tier,
    Hold, BirthdayGift, ActionTold,
)  # fmt: skip


def rows() -> list[list[tuple]]:
    return [sorted(model.objects.values_list(), key=str) for model in MODELS]


def test_each_statement_has_something_to_change(people: dict[str, int]) -> None:
    assert all(map(len, rows()))


def test_there_are_enough() -> None:
    assert len(STATEMENTS) >= 30


def tried(people: dict[str, int]) -> tuple[list[str], dict[str, str]]:
    """Which statements were accepted, and why the others were not."""
    accepted, reasons = [], {}
    for name, statement in STATEMENTS.items():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, people)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                accepted.append(name)
                transaction.set_rollback(True)  # each meets what was there at first
        except DatabaseError as error:
            reasons[name] = getattr(error.__cause__, "sqlstate", "")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return accepted, reasons


def test_all_are_refused_and_change_nothing(people: dict[str, int]) -> None:
    before = rows()
    accepted, reasons = tried(people)
    assert accepted == []
    # Broken integrity, or no right to it; never that the statement itself makes no sense.
    assert {name: why for name, why in reasons.items() if why[:2] != "23" and why != "42501"} == {}
    assert rows() == before


def test_rights_that_somebody_gives_do_not_open_the_counters(people: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "GRANT UPDATE, DELETE ON loyalty_balance, loyalty_lot, loyalty_movement, loyalty_trace, loyalty_tierchange"
            f" TO {settings.DATABASE_APP_ROLE}"
        )
        cursor.execute(f"SET LOCAL ROLE {settings.DATABASE_APP_ROLE}")
    assert tried(people)[0] == []


def test_tables_of_ones_own_do_not_lead_the_ledger_away(people: dict[str, int]) -> None:
    accounts = Balance.objects.filter(customer=people["who"], unit=1).values_list("available", flat=True)
    lots = Lot.objects.filter(customer=people["who"], unit=1)
    before, kept = accounts.get(), sum(lots.values_list("available", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE loyalty_balance (LIKE loyalty_balance INCLUDING ALL);"
            " CREATE TEMP TABLE loyalty_lot (LIKE loyalty_lot INCLUDING ALL);"
            + traced(
                move(kind=3, available=-5, contra=5),
                FULL.replace("loyalty_lot", "public.loyalty_lot"),
                available=-5,
            ),
            people,
        )
        cursor.execute("DROP TABLE pg_temp.loyalty_balance, pg_temp.loyalty_lot")
    assert accounts.get() == before - 5
    assert sum(lots.values_list("available", flat=True)) == kept - 5
