"""Any order of earning, spending and up to twenty partial returns: the parts sum exactly to the whole."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.org.models import Store
from customers.models import Customer, Line, Purchase
from loyalty import accrual, ledger
from loyalty.accrual.returning import left
from loyalty.ledger import InsufficientPoints
from loyalty.models import Accrual, Balance, Kind, Movement
from tests import cast
from tests.loyalty import rules

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 12, 4, tzinfo=UTC)
line = st.integers(1, 4000)
step = st.tuples(st.integers(0, 3), st.integers(1, 900), st.booleans())


@given(
    st.lists(line, min_size=1, max_size=4),
    st.lists(step, max_size=20),
    st.sampled_from(["down", "half_up", "up"]),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_sum_to_the_whole(
    irina: Customer, harbour: Store, cents: list[int], steps: list[Any], way: str
) -> None:
    with transaction.atomic():
        rules.programme(pending_days=0, money_per_point="0.7", rounding=way)
        rules.rule("double", kind="multiplier", percent=150)
        rules.rule("bonus", kind="bonus", points=37)
        lines = [(f"P{n}", "1", str(Decimal(amount) / 100)) for n, amount in enumerate(cents)]
        bought = cast.purchase(irina, at=harbour, on="2026-03-10", lines=lines)
        whole = _earn(bought)
        back, spent = [0] * len(cents), 0
        for number, (place, points, is_spending) in enumerate(steps):
            if is_spending:
                spent += _spend(irina, points, number)
            else:
                back[place % len(cents)] = min(cents[place % len(cents)], back[place % len(cents)] + points)
                _bring_back(bought, back)
            _check(irina, bought, whole, spent, list(zip(cents, back, strict=True)), way)
        _bring_back(bought, cents)
        _check(irina, bought, whole, spent, list(zip(cents, cents, strict=True)), way)
        assert Accrual.objects.get().kept == 0
        transaction.set_rollback(True)


def _earn(bought: Purchase) -> int:
    return accrual.earn_for([(bought.customer_id, bought.pk)], at=NOW)[bought.pk]


def _spend(who: Customer, points: int, number: int) -> int:
    try:
        return ledger.redeem(who.pk, points, ledger.Cause(f"till:{number}", NOW, "till:1")).points
    except InsufficientPoints:
        return 0


def _bring_back(bought: Purchase, back: list[int]) -> None:
    """What receiving writes: the sums of all that came back."""
    for number, cents in enumerate(back, start=1):
        Line.objects.filter(customer=bought.customer_id, purchase=bought, number=number).update(
            returned_quantity=Decimal("0.001") if cents else 0, returned_amount=Decimal(cents) / 100
        )
    Purchase.objects.filter(pk=bought.pk).update(returned=Decimal(sum(back)) / 100)
    _earn(bought)


def _check(who: Customer, bought: Purchase, whole: int, spent: int, amounts: list[Any], way: str) -> None:
    kept = Accrual.objects.get()
    assert sum(points for _n, points, _g in kept.lines) == whole
    wanted = left(kept.lines, dict(enumerate(amounts, start=1)), way)
    taken = (
        Movement.objects.filter(customer=who, unit=1, kind=Kind.CLAWBACK).aggregate(n=Sum("contra"))["n"] or 0
    )
    has = Balance.objects.get(customer=who, unit=1)
    assert (kept.kept, kept.growth_kept) == wanted
    assert whole - taken == kept.kept
    assert has.available + has.pending + has.held - has.debt == kept.kept - spent


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 5000)), min_size=1, max_size=5),
    st.sampled_from(["down", "half_up", "up"]), st.randoms(),
)  # fmt: skip
def test_the_order_of_returns_does_not_matter(sold: list[Any], way: str, chance: Any) -> None:
    lines = [[n, points, points // 2] for n, (_cents, points) in enumerate(sold)]
    amounts = {n: (cents, chance.randrange(cents + 1)) for n, (cents, _points) in enumerate(sold)}
    points, growth = left(lines, amounts, way)
    assert 0 <= growth <= points <= sum(one[1] for one in lines)
    assert left(lines, {n: (cents, cents) for n, (cents, _b) in amounts.items()}, way) == (0, 0)
    assert left(lines, {n: (cents, 0) for n, (cents, _b) in amounts.items()}, way)[0] == sum(
        n for _x, n, _g in lines
    )
