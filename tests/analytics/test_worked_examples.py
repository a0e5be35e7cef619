"""Small chains of sales whose analysis can be done in the head."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from analytics import gains, revenue
from analytics.goods import ELSEWHERE, Goods
from analytics.periods import Period
from analytics.questions import Question
from crm.org.models import Staff, Store
from crm.org.permissions import Role
from customers import nights
from customers.models import Brand, Category, Customer
from tests import cast
from tests.analytics.conftest import UNTIL
from tests.analytics.reference import Sold
from tests.analytics.test_against_reference import a_category

pytestmark = pytest.mark.django_db


def test_a_worked_example_of_switching(year: list[Sold]) -> None:
    """Irina spends 10 more on green tea, 6 less on black, and 4 more on rice, which is no neighbour of green tea."""
    irina, milo, mill = _inland()
    cast.purchase(irina, at=mill, on="2026-01-20", lines=[("G1", "1", "5.00"), ("B1", "1", "8.00")])
    cast.purchase(
        irina,
        at=mill,
        on="2026-03-01",
        lines=[("G1", "3", "15.00"), ("B1", "1", "2.00"), ("R1", "1", "4.00")],
    )
    night = nights.published()
    assert night is not None
    now, before = Period(date(2026, 2, 20), UNTIL), Period(date(2026, 1, 10), date(2026, 1, 30))
    found = gains.gains(Question(milo, now, before, night, goods=a_category("food/tea/green")))
    assert told(found) == [("gained", 1, Decimal("6.00")), ("more", 1, Decimal("4.00"))]
    assert [(s.name, s.amount) for s in found.switches] == [("Black", Decimal("6.00"))]
    found = gains.gains(Question(milo, now, before, night, goods=a_category("food/tea/black")))
    assert told(found) == [("less", 1, Decimal("0.00")), ("lost", 1, Decimal("-6.00"))]
    found = gains.gains(Question(milo, now, before, night, goods=a_category("food/rice")))
    assert told(found) == [("new_goods", 1, Decimal("4.00"))]  # tea as a whole rose, too
    empty = Period(date(2026, 2, 1), date(2026, 2, 10))
    found = gains.gains(Question(milo, now, empty, night, goods=a_category("food/tea/green")))
    assert told(found) == [("new_chain", 1, Decimal("15.00"))]


def test_goods_without_a_category_are_those_of_their_brand_alone(year: list[Sold]) -> None:
    """Irina buys Hill without a category for 30 and Hill rice for 5; of the goods without a brand she buys less."""
    irina, milo, mill = _inland()
    cast.purchase(irina, at=mill, on="2026-01-20", lines=[("X1", "1", "50.00")])
    cast.purchase(irina, at=mill, on="2026-03-01", lines=[("H1", "1", "30.00"), ("R1", "1", "5.00")])
    now, before = Period(date(2026, 2, 20), UNTIL), Period(date(2026, 1, 10), date(2026, 1, 30))
    night = nights.published()
    assert night is not None
    hill = Question(milo, now, before, night, goods=Goods(brand=Brand.objects.get(name="Hill")))
    found = gains.gains(hill)
    assert (found.value, told(found), found.switches) == (
        Decimal("35.00"), [("new_goods", 1, Decimal("35.00"))], [],
    )  # fmt: skip
    assert revenue.tree(hill).value == Decimal("35.00")
    assert gains.overview(Question(milo, now, before, night)) == [
        (ELSEWHERE, "", Decimal("30.00"), Decimal("50.00")),
        (Category.objects.get(path="food").pk, "Food", Decimal("5.00"), Decimal(0)),
    ]


def test_a_product_is_weighed_or_not_whatever_one_line_weighs(year: list[Sold]) -> None:
    """Soap is sold by the piece; rice is weighed, and once it weighed two kilos to the gram."""
    irina, milo, mill = _inland()
    cast.purchase(irina, at=mill, on="2026-03-01", lines=[("R1", "2", "8.00"), ("S1", "3", "6.00")])
    cast.purchase(irina, at=mill, on="2026-03-02", lines=[("R1", "1.995", "7.98")])
    night = nights.published()
    assert night is not None

    def items(**more: Any) -> tuple[Decimal, Decimal]:
        one, other = (Period(day, day) for day in (date(2026, 3, 1), date(2026, 3, 2)))
        question = Question(milo, one, other, night, **more)
        found = {node.key: node for node in revenue.tree(question).walk()}
        return found["items"].value, found["items"].before

    assert items() == (4, 1)  # three pieces of soap and a line of rice; a line of rice
    assert items(goods=a_category("food/rice")) == (1, 1)
    assert items(goods=a_category("home/soap")) == (3, 0)


def _inland() -> tuple[Customer, Staff, Store]:
    """Irina, Milo who manages the store where she buys, and that store: nobody else's sales are in it."""
    mill = cast.store("MILL", "Mill", of=cast.region("inland"))
    return cast.customer("Irina", of=mill), cast.staff("Milo", Role.STORE_MANAGER, stores=[mill]), mill


def told(found: gains.Gains) -> list[tuple[str, int, Decimal]]:
    return [(one.key, one.customers, one.amount) for one in found.reasons if one.customers]
