"""Histories as columns: what is in a part, against the rows themselves."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from crm.lib.columns import Columns
from crm.lib.spells import day_number
from crm.org.models import Store
from customers import histories
from customers.histories import Histories
from customers.models import Customer, Line, Product, Purchase
from tests import cast

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 10)


def test_a_part_holds_the_receipts_that_count_in_the_order_of_their_days(
    irina: Customer, harbour: Store, uptown: Store, tmp_path: Path
) -> None:
    late = cast.purchase(
        irina, at=uptown, on="2026-03-09", lines=[("TEA", "2", "8.00"), ("MILK", "1", "1.50")]
    )
    early = cast.purchase(irina, at=harbour, on="2026-01-05", lines=[("BREAD", "0.5", "2.25")])
    cast.purchase(irina, at=harbour, on="2026-03-11")  # of the future
    gone = cast.purchase(irina, at=harbour, on="2026-02-01", amount="5.00")
    Purchase.objects.filter(pk=gone.pk).update(returned=Decimal("5.00"))
    Line.objects.filter(purchase=late, number=1).update(
        returned_quantity=Decimal(1), returned_amount=Decimal("4.00")
    )
    Purchase.objects.filter(pk=late.pk).update(returned=Decimal("4.00"))
    found = Histories(ON, tmp_path)
    (part,) = [part for part in found.parts() if len(part)]
    assert part.customer.tolist() == [irina.pk]
    assert part.first.tolist() == [0, 2]
    assert part.receipt_id.tolist() == [early.pk, late.pk]
    assert part.receipt_day.tolist() == [day_number(date(2026, 1, 5)), day_number(date(2026, 3, 9))]
    assert part.receipt_store.tolist() == [harbour.pk, uptown.pk]
    assert part.receipt_cents.tolist() == [225, 550]
    assert part.line_first.tolist() == [0, 1, 3]
    products = {p.pk: p.sku for p in Product.objects.all()}
    assert [products[i] for i in part.line_product.tolist()] == ["BREAD", "TEA", "MILK"]
    assert part.line_milli.tolist() == [500, 1000, 1000]
    assert part.line_cents.tolist() == [225, 400, 150]
    assert part.line_kept_discount.tolist() == [0, 0, 0]
    assert found.ahead[0].tolist() == [irina.pk]
    assert found.ahead[1].tolist() == [day_number(date(2026, 3, 11))]
    (sold,) = [part for part in found.sold.parts() if len(part)]
    assert sold.receipt_id.tolist() == [early.pk, gone.pk, late.pk]
    assert sold.receipt_cents.tolist() == [225, 500, 950]
    assert sold.line_cents[-2:].tolist() == [800, 150]
    assert part.owner.tolist() == [0, 0]
    assert part.line_receipt.tolist() == [0, 1, 1]


def test_ranges_part_customers_and_lose_nobody(
    harbour: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_one: None
) -> None:
    monkeypatch.setattr(histories, "RANGE", 3)
    people = [cast.customer(f"Person {i}", of=harbour) for i in range(8)]
    for person in people:
        for day in range(1, 4):
            cast.purchase(person, at=harbour, on=f"2026-02-0{day}", amount=f"{person.pk}.00")
    parts = list(Histories(ON, tmp_path).parts())
    assert sum(len(part) for part in parts) == 8
    assert all(len(np.unique(part.customer // 3)) <= 1 for part in parts)
    assert [int(c) for part in parts for c in part.customer] == sorted(p.pk for p in people)
    spent = {int(c): part.receipt_cents[a:b].tolist() for part in parts
             for c, a, b in zip(part.customer, part.first, part.first[1:], strict=False)}  # fmt: skip
    assert spent == {p.pk: [p.pk * 100] * 3 for p in people}


def test_nothing_bought_is_no_error(tmp_path: Path) -> None:
    assert sum(len(part) for part in Histories(ON, tmp_path).parts()) == 0


def test_steps_of_a_night_share_one_reading(irina: Customer, harbour: Store, tmp_path: Path) -> None:
    class Run:
        on = ON
        columns = Columns(tmp_path)

    cast.purchase(irina, at=harbour, on="2026-03-01")
    first = Histories.of(Run())
    assert Histories.of(Run()) is first
    assert len(first.part(0)) or len(first) > 1
    Run.columns.close()
    assert not list(tmp_path.iterdir())
