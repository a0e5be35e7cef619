"""The import files of the demo chain: everything is in them, once, in the public format."""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from crm.demo import files, journey
from crm.demo.places import Place

WEEKS = 464  # to Sunday, 22 November 2026


@pytest.fixture(scope="module")
def members(lines: journey.Lines, stores: dict[int, Place], data: Path) -> list[files.Member]:
    return files.invent_members(lines, stores, data, weeks=WEEKS)


@pytest.fixture(scope="module")
def small(lines: journey.Lines, stores: dict[int, Place]) -> journey.Lines:
    return lines.of_households(files.few(lines, stores, households=60))


def test_a_receipt_as_a_till_would_send_it(
    small: journey.Lines, stores: dict[int, Place], tmp_path: Path
) -> None:
    files.write_receipts(tmp_path / "r.parquet", small, stores, weeks=WEEKS)
    rows = pq.ParquetFile(tmp_path / "r.parquet").read().to_pylist()
    assert len(rows) == len(small) == 33_064
    assert len({row["external_id"] for row in rows}) == len(small.starts)
    assert sum(row["amount"] for row in rows) == Decimal(int(small.cents.sum())) / 100
    at = [datetime.fromisoformat(row["occurred_at"]) for row in rows]
    assert at[0].utcoffset() is not None
    # the wall clock is the data's own, on the same weekday 464 weeks later
    own = small.local.astype("datetime64[s]").tolist()
    assert all(
        there.replace(tzinfo=None) - here == 464 * (files.WEEK.item())
        for here, there in zip(own, at, strict=True)
    )
    assert max(at).date() <= date(2026, 11, 22)
    for row in rows:
        assert row["quantity"] > 0 and row["amount"] >= 0 and row["discount"] >= 0


def test_payments_sum_to_the_receipt(small: journey.Lines, stores: dict[int, Place], tmp_path: Path) -> None:
    files.write_receipts(tmp_path / "r.parquet", small, stores, weeks=WEEKS)
    rows = pq.ParquetFile(tmp_path / "r.parquet").read(["external_id", "amount", "payments"]).to_pylist()
    totals: Counter[str] = Counter()
    for row in rows:
        totals[row["external_id"]] += row["amount"]
    payments = {row["external_id"]: row["payments"] for row in rows}
    paid = {receipt: text for receipt, text in payments.items() if text}
    assert 0 < len(paid) < len(payments)
    for receipt, text in paid.items():
        assert text.startswith("coupon:")
        assert sum(Decimal(part.partition(":")[2]) for part in text.split(";")) == totals[receipt]


def test_everybody_is_in_the_customers_file(members: list[files.Member], tmp_path: Path) -> None:
    files.write_customers(tmp_path / "c.parquet", members)
    rows = pq.ParquetFile(tmp_path / "c.parquet").read().to_pylist()
    assert len(rows) == len({row["number"] for row in rows}) == 2_469
    assert sum(row["age_band"] != "" for row in rows) == 801
    assert Counter(row["home_store"] for row in rows)["HARB"] == 61
    assert all(row["enrolled_at"] >= "2015" for row in rows)
    assert {row["consent_email_marketing"] for row in rows if not row["email"]} == {""}
    agreed = Counter(row["consent_sms_marketing"] for row in rows)
    assert 0.37 < agreed["yes"] / 2_469 < 0.45 and 0.18 < agreed["no"] / 2_469 < 0.26
    assert 20 < sum(row["consent_profiling"] == "no" for row in rows) < 80


def test_a_part_has_the_same_people_as_the_whole(
    members: list[files.Member], small: journey.Lines, lines: journey.Lines
) -> None:
    assert [member.person.household for member in members] == np.unique(lines.household).tolist()
    assert len(np.unique(small.household)) == 60
    homes = Counter(m.home.code for m in members if m.person.household in set(small.household.tolist()))
    assert homes["HARB"] >= 20 and homes["UPTN"] >= 20
