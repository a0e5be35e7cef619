"""Synthetic data: exact numbers, the same for the same seed, known truth, and an untouched schema."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, Sum

from crm.demo.synthetic import process
from crm.demo.synthetic.generate import TABLES, Wanted, add_days, generate
from crm.demo.synthetic.members import area_codes, phones
from crm.demo.synthetic.rebuild import definitions, without_indexes
from crm.demo.synthetic.tables import split
from customers import names
from customers.models import Arrival, Customer, Identity, Line, NameKey, Purchase, StaleState

UNTIL = date(2026, 11, 22)
WANTED = Wanted(customers=400, receipts=5_000, seed=7, lines=2.5, days=365, stores=6, until=UNTIL)


def silent(stage: str, done: int) -> None:
    pass


@pytest.fixture
def truth(db: None, tmp_path: Path) -> dict[str, Any]:
    return generate(WANTED, tmp_path, silent)


def test_the_numbers_are_exact_and_agree(truth: dict[str, Any]) -> None:
    assert Customer.objects.count() == 400
    assert Purchase.objects.count() == Arrival.objects.count() == 5_000
    totals = Purchase.objects.aggregate(
        Sum("amount"), Sum("discount"), Max("business_date"), Min("business_date")
    )
    of_lines = Line.objects.aggregate(Sum("amount"), Sum("discount"))
    assert of_lines["amount__sum"] == totals["amount__sum"]
    assert of_lines["discount__sum"] == totals["discount__sum"]
    assert totals["business_date__max"] <= UNTIL
    assert totals["business_date__min"] > date(2025, 11, 22)
    assert set(StaleState.objects.values_list("customer_id", flat=True)) == set(
        Purchase.objects.values_list("customer_id", flat=True)
    )
    apart = Purchase.objects.annotate(sum=Sum("lines__amount")).exclude(sum=F("amount"))
    assert not apart.exists()


def test_receipts_lie_in_the_order_of_time(truth: dict[str, Any]) -> None:
    times = list(Purchase.objects.order_by("pk").values_list("occurred_at", flat=True))
    assert times == sorted(times)
    assert Arrival.objects.filter(customer_id=F("customer_id"), purchase_id__isnull=False).count() == 5_000


def test_everybody_can_be_found(truth: dict[str, Any]) -> None:
    kinds = dict(Identity.objects.values_list("kind").annotate(Count("pk")))
    assert kinds == {"member": 400, "phone": 400, "email": 240}
    assert NameKey.objects.values("customer").distinct().count() == 400
    assert Customer.objects.exclude(name__regex=r"^[ -~]+$").exists()  # Chinese names among them


def test_search_keys_are_those_that_the_search_makes(truth: dict[str, Any]) -> None:
    keys = set(NameKey.objects.values_list("customer", "key", "home_store_id"))
    names.index()
    assert set(NameKey.objects.values_list("customer", "key", "home_store_id")) == keys


def test_the_schema_is_as_it_was(db: None, tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        before = definitions(cursor, TABLES)
        generate(WANTED, tmp_path, silent)
        assert definitions(cursor, TABLES) == before
    assert len(before) > 20


def test_a_failed_load_leaves_keys_and_indexes(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        before = definitions(cursor, TABLES)
        with pytest.raises(ZeroDivisionError), transaction.atomic(), without_indexes(cursor, TABLES):
            raise ZeroDivisionError
        assert definitions(cursor, TABLES) == before


def test_the_same_seed_makes_the_same_receipts(db: None, tmp_path: Path) -> None:
    def receipts() -> list[tuple[Any, ...]]:
        first = Customer.objects.latest("pk").pk - 400
        rows = Purchase.objects.order_by("-pk")[:5_000].values_list("customer_id", "occurred_at", "amount")
        return [(customer - first, *rest) for customer, *rest in rows]

    generate(WANTED, tmp_path, silent)
    once = receipts()
    generate(WANTED, tmp_path, silent)  # beside the first: the tables are not empty any more
    assert Customer.objects.count() == 800
    assert receipts() == once


def test_the_truth_stands_beside(truth: dict[str, Any], tmp_path: Path) -> None:
    assert json.loads((tmp_path / "synthetic-7.json").read_text()) == truth
    assert truth["parameters"]["r"] == 1.1
    people = np.load(tmp_path / "synthetic-7.npz")
    assert len(people["rate"]) == 400
    assert 0 < people["is_alive"].mean() < 1


def test_further_days_come_from_those_who_are_alive(truth: dict[str, Any], tmp_path: Path) -> None:
    StaleState.objects.all().delete()
    last = Purchase.objects.aggregate(Max("business_date"))["business_date__max"]
    more = Wanted(customers=0, receipts=120, seed=7, stores=6, until=UNTIL)
    assert (add_days(more, tmp_path, days=2) - last).days == 2
    new = Purchase.objects.filter(business_date__gt=last)
    assert new.count() == 120
    assert Purchase.objects.count() == 5_120
    people = np.load(tmp_path / "synthetic-7.npz")
    buyers = set(new.values_list("customer_id", flat=True))
    assert all(people["is_alive"][buyer - truth["first_customer"]] for buyer in buyers)
    assert set(StaleState.objects.values_list("customer_id", flat=True)) == buyers


def test_more_people_than_receipts(db: None, tmp_path: Path) -> None:
    generate(Wanted(customers=50, receipts=20, seed=3, days=30, stores=2, until=UNTIL), tmp_path, silent)
    assert (Customer.objects.count(), Purchase.objects.count()) == (50, 20)


def test_the_process_has_the_moments_it_promises() -> None:
    alpha = process.solve_alpha(process.Truth(), customers=50_000, receipts=500_000, days=730, seed=1)
    truth = process.Truth(alpha=alpha)
    plan = process.Plan(50_000, 50_000, 730, 10, 5, truth, block=50_000)
    block = process.draw(plan, 0)
    assert len(block.events) == pytest.approx(500_000, rel=0.03)
    assert block.rate.mean() == pytest.approx(truth.r / alpha, rel=0.03)
    assert block.leave.mean() == pytest.approx(truth.a / (truth.a + truth.b), rel=0.03)
    # E[spend] = p v / (q - 1)
    assert block.spend.mean() / 100 == pytest.approx(6.25 * 15.44 / 2.74, rel=0.05)
    # given λ and p, the repeats before T: (1 - e^(-λTp)) / p
    repeats = np.bincount(block.events["customer"], minlength=50_000) - 1
    observed = 730 - block.first_day
    promised = -np.expm1(-block.rate * observed * block.leave) / block.leave
    assert repeats.mean() == pytest.approx(promised.mean(), rel=0.01)
    rare, often = block.rate < np.median(block.rate), block.rate >= np.median(block.rate)
    for group in (rare, often):
        assert repeats[group].mean() == pytest.approx(promised[group].mean(), rel=0.02)


def test_parts_sum_to_the_whole() -> None:
    rng = np.random.default_rng(1)
    totals = rng.integers(0, 10_000, 500)
    of = np.repeat(np.arange(500), rng.integers(1, 9, 500))
    parts = split(totals, of, rng.standard_exponential(len(of)))
    assert parts.min() >= 0
    assert (np.bincount(of, parts) == totals).all()


def test_a_million_phones_are_a_million() -> None:
    ids = np.arange(1, 1_000_001)
    assert len(np.unique(phones(ids))) == 1_000_000
    assert len(area_codes()) > 300


@pytest.mark.django_db
def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(CommandError, match="At least one customer"):
        call_command("create_synthetic", customers=0, receipts=5)
    with pytest.raises(CommandError, match="Seed 99 has made nothing here yet"):
        call_command("create_synthetic", receipts=5, seed=99, days_after=1)
    assert not Customer.objects.exists()


@pytest.mark.django_db
def test_amounts_are_money(tmp_path: Path) -> None:
    generate(WANTED, tmp_path, silent)
    amount = Purchase.objects.earliest("pk").amount
    assert amount == amount.quantize(Decimal("0.01")) > 0
