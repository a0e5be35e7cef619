"""A receipt earns by the rules of its day; goods that come back take their points along."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from crm.org.models import Store
from customers.models import Category, Customer, Line, Purchase
from loyalty import accrual
from loyalty.accrual import reasons, words
from loyalty.accrual.arithmetic import Row
from loyalty.models import (
    Accrual,
    Balance,
    Benefit,
    BenefitKind,
    Lot,
    Membership,
    Movement,
    Programme,
    Tier,
    TierScheme,
    Unit,
)  # fmt: skip
from tests import cast
from tests.loyalty import rules

pytestmark = pytest.mark.django_db
LATER = datetime(2026, 3, 12, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _whole() -> Any:
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def earn(*receipts: Purchase, at: datetime = LATER) -> list[int]:
    with transaction.atomic():
        found = accrual.earn_for([(one.customer_id, one.pk) for one in receipts], at=at)
    return [found[one.pk] for one in receipts]


def bring_back(receipt: Purchase, number: int, amount: str) -> None:
    """The row that receiving writes: the sum of all that came back of a line."""
    Line.objects.filter(customer=receipt.customer_id, purchase=receipt, number=number).update(
        returned_quantity=Decimal("0.001"), returned_amount=Decimal(amount)
    )
    back = Line.objects.filter(customer=receipt.customer_id, purchase=receipt).aggregate(
        n=Sum("returned_amount")
    )["n"]
    Purchase.objects.filter(customer=receipt.customer_id, pk=receipt.pk).update(returned=back)


def account(who: Customer, unit: int = Unit.POINTS) -> tuple[int, int, int, int]:
    found = Balance.objects.get(customer=who, unit=unit)
    return found.available, found.pending, found.held, found.debt


def test_before_there_is_a_programme_nothing_is_earned(irina: Customer, harbour: Store) -> None:
    bought = cast.purchase(irina, at=harbour, on="2026-03-10", amount="99.90")
    assert accrual.earn_for([(irina.pk, bought.pk)], at=LATER) == {}
    rules.programme(valid_from=date(2026, 3, 11))
    assert earn(bought) == [0]
    assert not Accrual.objects.exists()
    assert not Movement.objects.exists()


def test_a_point_a_unit_pending_until_the_goods_stay(irina: Customer, harbour: Store) -> None:
    rules.programme()
    bought = cast.purchase(irina, at=harbour, on="2026-03-10", amount="99.90")
    assert earn(bought) == [99]
    assert account(irina) == (0, 99, 0, 0)
    assert account(irina, Unit.GROWTH) == (0, 99, 0, 0)
    lot, growth = Lot.objects.filter(customer=irina).order_by("unit")
    assert lot.vests_at == datetime(2026, 3, 24, 16, tzinfo=UTC)  # the 25th begins in Shanghai
    assert lot.expires_at == datetime(2027, 12, 31, 16, tzinfo=UTC)
    assert growth.expires_at is None
    assert earn(bought) == [99]
    assert Movement.objects.count() == 2


def test_goods_and_times_of_a_rule(irina: Customer, harbour: Store, uptown: Store) -> None:
    tea = Category.objects.create(path="drinks/tea", name="Tea")
    cast.product("TEA", category=tea)
    cast.product("GIFT")
    rules.programme(excluded={"products": ["GIFT"]})
    rules.rule(
        "tea", kind="multiplier", percent=300, condition={"categories": ["drinks"], "stores": [harbour.pk]}
    )
    rules.rule("week", kind="multiplier", percent=150, condition={"weekdays": [1]})
    rules.rule("first", kind="bonus", points=100, condition={"is_first": True, "minimum_cents": 3000})
    lines = [("TEA", "1", "20.00"), ("SKU1", "1", "10.50"), ("GIFT", "1", "50.00")]
    bought = cast.purchase(irina, at=harbour, on="2026-03-10", lines=lines)  # a Tuesday
    # 30 for 30.50; tea twice 20 on top; half of 30.50 on top; and the first one
    assert earn(bought) == [30 + 40 + 15 + 100]
    kept = Accrual.objects.get()
    assert (kept.points, kept.growth, kept.is_first) == (185, 30, True)
    assert kept.reasons["x"] == [[2, 5000]]
    assert sum(points for _n, points, _g in kept.lines) == 185
    elsewhere = cast.purchase(irina, at=uptown, on="2026-03-11", lines=lines)
    assert earn(elsewhere) == [30]


def test_a_late_receipt_earns_by_the_version_of_its_day(irina: Customer, harbour: Store) -> None:
    rules.programme()
    rules.programme(valid_from=date(2026, 3, 5), money_per_point=Decimal("2.5"))
    rules.rule("all", kind="multiplier", percent=200)
    rules.rule("all", kind="multiplier", percent=300, version=2, valid_from=date(2026, 3, 8))
    rules.rule("all", kind="multiplier", percent=300, version=3, valid_from=date(2026, 3, 9), is_ended=True)
    days = ["2026-03-04", "2026-03-05", "2026-03-08", "2026-03-09"]
    bought = [cast.purchase(irina, at=harbour, on=day, amount="10.00") for day in reversed(days)]
    assert earn(*bought) == [4, 12, 8, 20]


def test_caps_of_rule_and_programme(irina: Customer, harbour: Store) -> None:
    rules.programme(cap_month=170)
    rules.rule("all", kind="multiplier", percent=200, cap_day=30, cap_month=50)
    days = ["2026-03-04", "2026-03-04", "2026-03-05", "2026-03-06", "2026-04-01"]
    bought = [cast.purchase(irina, at=harbour, on=day, amount="25.00") for day in days]
    # 25 each, and of the rule 25, 5, 20, 0; the fourth finds 120 of 170 used; a new month begins anew
    assert earn(*bought) == [50, 30, 45, 25, 50]
    more = cast.purchase(irina, at=harbour, on="2026-03-07", amount="25.00")
    assert earn(more) == [20]


def test_parts_that_come_back_sum_to_the_whole(irina: Customer, harbour: Store) -> None:
    rules.programme()
    rules.rule("bonus", kind="bonus", points=7)
    bought = cast.purchase(
        irina,
        at=harbour,
        on="2026-03-10",
        lines=[("A", "3", "10.00"), ("B", "1", "0.50"), ("C", "1", "2.49")],
    )
    assert earn(bought) == [19]
    bring_back(bought, 1, "3.33")
    earn(bought)
    there = Accrual.objects.get()
    assert (there.points, there.kept, there.changes) == (19, there.kept, 1)
    assert account(irina) == (0, there.kept, 0, 0)
    for number, amount in ((1, "6.66"), (3, "2.49"), (2, "0.50"), (1, "10.00")):
        bring_back(bought, number, amount)
        earn(bought)
    assert account(irina) == (0, 0, 0, 0)
    assert account(irina, Unit.GROWTH) == (0, 0, 0, 0)


def test_what_was_spent_of_goods_that_come_back_is_owed(irina: Customer, harbour: Store) -> None:
    from loyalty import ledger

    rules.programme(pending_days=0)
    bought = cast.purchase(irina, at=harbour, on="2026-03-10", amount="50.00")
    earn(bought)
    ledger.redeem(irina.pk, 40, ledger.Cause("till:1", LATER, "till:1"))
    bring_back(bought, 1, "50.00")
    earn(bought)
    assert account(irina) == (0, 0, 0, 40)
    again = cast.purchase(irina, at=harbour, on="2026-03-11", amount="45.00")
    earn(again)
    assert account(irina) == (5, 0, 0, 0)


def test_a_withdrawn_return_gives_its_points_back(irina: Customer, harbour: Store) -> None:
    rules.programme()
    bought = cast.purchase(irina, at=harbour, on="2026-03-10", amount="50.00")
    earn(bought)
    for back, left in (("30.00", 20), ("10.00", 40), ("50.00", 0), ("0.00", 50), ("5.00", 45)):
        bring_back(bought, 1, back)
        assert earn(bought) == [50]
        assert account(irina) == (0, left, 0, 0)


def test_points_that_live_as_long_as_their_member_buys(irina: Customer, harbour: Store) -> None:
    rules.programme(ending="activity", ending_count=6, pending_days=0)
    earn(cast.purchase(irina, at=harbour, on="2026-01-31", amount="50.00"))
    assert Balance.objects.get(customer=irina, unit=1).extended_to == datetime(2026, 7, 31, 16, tzinfo=UTC)
    earn(cast.purchase(irina, at=harbour, on="2026-03-10", amount="7.00"), at=LATER + timedelta(days=1))
    assert Balance.objects.get(customer=irina, unit=1).extended_to == datetime(2026, 9, 10, 16, tzinfo=UTC)
    earn(
        cast.purchase(irina, at=harbour, on="2026-10-24", amount="9.00"),
        at=datetime(2026, 10, 25, tzinfo=UTC),
    )
    assert account(irina) == (9, 0, 0, 0)


def test_a_tier_multiplies_what_its_members_earn(irina: Customer, harbour: Store) -> None:
    ladder = TierScheme.objects.create(valid_from=rules.BEGIN)
    Tier.objects.create(scheme=ladder, code="member", rank=0)
    gold = Tier.objects.create(scheme=ladder, code="gold", rank=1, names={"en": "Gold"}, threshold=100)
    Benefit.objects.create(tier=gold, kind=BenefitKind.MULTIPLIER, value="1.25")
    rules.programme()
    bought = cast.purchase(irina, at=harbour, on="2026-03-10", amount="100.00")
    assert earn(bought) == [100]
    Membership.objects.create(
        customer=irina, tier="gold", came_from="member", since=LATER, changed_at=LATER, changed_on=date(2026, 3, 10),
        reason=1, actor="system",
    )  # fmt: skip
    later = cast.purchase(irina, at=harbour, on="2026-03-11", amount="100.00")
    assert earn(later) == [125]
    rows = reasons.rows(Accrual.objects.get(purchase=later.pk).reasons)
    told = words.told(rows, [], Programme.objects.get(), words.names(rows), "CNY")
    assert [(one.sentence, one.points) for one in told] == [
        ("¥100.00, a point for each ¥1", 100), ("Gold: × 1.25 on ¥100.00", 25),
    ]  # fmt: skip


def test_the_arithmetic_in_words(irina: Customer, harbour: Store) -> None:
    rules.programme(money_per_point="0.3", excluded={"products": ["GIFT"]}, excludes_discounted=True)
    half = rules.rule("half", kind="base", percent=50, condition={"products": ["B"]}, name="Books")
    most = rules.rule("most", kind="bonus", points=100, cap_receipt=30, name="Welcome")
    rows = [Row(0, 1000, 33, 33), Row(half.pk, 200, 3, 3), Row(most.pk, 1200, 30, 100)]
    told = words.told(rows, [(2, 500), (3, 1)], Programme.objects.get(), words.names(rows), "CNY")
    assert [tuple(one) for one in told] == [
        ("¥10.00, a point for each ¥0.30", 33, ""), ("Books: ¥2.00 at 50% of the rate", 3, ""),
        ("Welcome", 30, "100 before the limit"), ("¥5.00 earn nothing: excluded products", None, ""),
        ("¥0.01 earn nothing: already discounted", None, ""),
    ]  # fmt: skip
