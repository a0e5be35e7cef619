"""Keyset pages: nothing twice, nothing left out, and bent tokens begin again."""

from datetime import date

import pytest
from django.test import RequestFactory

from crm.org.models import Store
from crm.ui.pages import page_of
from customers.models import Customer, PurchaseState
from tests import cast

DAYS = [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 2), None, None, date(2026, 2, 1)]


@pytest.fixture
def people(harbour: Store) -> list[Customer]:
    made = [cast.customer(f"P{n}", of=harbour) for n in range(len(DAYS))]
    PurchaseState.objects.bulk_create(
        PurchaseState(customer=one, last_on=day) for one, day in zip(made, DAYS, strict=True)
    )
    return made


def walk(order: str, size: int) -> list[str]:
    rows, seen, token = Customer.objects.select_related("purchase_state"), [], ""
    while True:
        page = page_of(rows, RequestFactory().get("/", {"after": token}), order, size=size)
        seen += [row.name for row in page.rows]
        if page.next is None:
            return seen
        token = page.next


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_every_row_once_with_ties_and_blanks(people: list[Customer], size: int) -> None:
    assert walk("-purchase_state__last_on", size) == ["P3", "P2", "P1", "P0", "P6", "P5", "P4"]
    assert walk("purchase_state__last_on", size) == ["P6", "P0", "P1", "P2", "P3", "P4", "P5"]
    assert walk("-pk", size) == [f"P{n}" for n in reversed(range(7))]
    assert walk("name", size) == [f"P{n}" for n in range(7)]


@pytest.mark.parametrize("token", ["x", "bm9uc2Vuc2U", "W10", "WyJkIiwieCIsMV0", "é"])
def test_a_bent_token_begins_again(people: list[Customer], token: str) -> None:
    page = page_of(Customer.objects.all(), RequestFactory().get("/", {"after": token}), "-pk", size=3)
    assert page.is_first
    assert len(page.rows) == 3
