"""What docs/demo-data.md claims of the data set is so."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import pytest

from crm.demo import journey
from crm.demo.journey import Lines


def test_every_line_is_there(lines: Lines) -> None:
    assert len(lines) == 1_469_307
    assert len(lines.starts) == len(np.unique(lines.basket)) == 155_848
    assert len(np.unique(lines.household)) == 2_469
    assert len(np.unique(lines.store)) == 457
    assert len(np.unique(lines.product)) == 68_509
    assert lines.cents.sum() == 4_596_039_58
    assert lines.discount_cents.sum() == 791_650_64 + 4_542_65
    assert lines.coupon_cents.sum() == 26_359_90


def test_each_basket_has_one_household_store_and_time(lines: Lines) -> None:
    same = lines.number > 1
    for column in (lines.basket, lines.household, lines.store, lines.local):
        assert (column[1:] == column[:-1])[same[1:]].all()
    assert lines.number.max() == 161


def test_quantities_are_positive_and_zeros_are_counted(lines: Lines) -> None:
    assert lines.milli.min() > 0
    assert lines.zero_quantities == 8_869
    assert lines.cents.min() == lines.discount_cents.min() == 0


def test_fuel_is_sold_by_the_gallon(data: Path, lines: Lines) -> None:
    fuel = np.isin(lines.product, journey.fuel_products(data))
    dearest = lines.cents[fuel] * 10 / np.where(lines.milli[fuel] % 1000, lines.milli[fuel], np.inf)
    assert 1.5 < np.median(dearest[dearest > 0]) < 3.5  # dollars a gallon
    assert lines.milli[~fuel].max() == 144_000


def test_the_clock_of_the_stores_is_new_york(data: Path, lines: Lines) -> None:
    table = pq.ParquetFile(data / "transactions.parquet").read(["week", "transaction_timestamp"])
    local = journey.to_local(
        table["transaction_timestamp"].to_numpy().astype("datetime64[s]"), journey.DATA_ZONE
    )
    monday = np.datetime64("2016-12-26")
    week = (local.astype("datetime64[D]") - monday).astype(int) // 7 + 1
    assert (week == table["week"].to_numpy()).all()
    days = set(np.unique(lines.local.astype("datetime64[D]")).tolist())
    year = {date(2017, 1, 1) + timedelta(days=n) for n in range(365)}
    assert year - days == {date(2017, 12, 25)}
    assert lines.last_day == date(2017, 12, 31)


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2026, 11, 23), date(2026, 11, 22)),  # a Monday: yesterday is a Sunday like the data's last day
        (date(2026, 11, 24), date(2026, 11, 22)),
        (date(2026, 11, 29), date(2026, 11, 22)),  # a Sunday: today itself is not over
        (date(2026, 11, 30), date(2026, 11, 29)),
    ],
)
def test_the_year_moves_by_whole_weeks_and_ends_before_today(today: date, last: date) -> None:
    end = date(2017, 12, 31)
    moved = end + timedelta(weeks=journey.weeks_to_shift(end, today))
    assert moved == last
    assert moved.weekday() == end.weekday()


def test_wall_clock_there_and_back() -> None:
    zone = ZoneInfo("America/New_York")
    utc = np.array(["2017-01-01T11:53:26", "2017-07-01T04:00:00"], dtype="datetime64[s]")
    local = journey.to_local(utc, zone)
    assert (
        local.tolist() == np.array(["2017-01-01T06:53:26", "2017-07-01T00:00:00"], "datetime64[s]").tolist()
    )
    assert (journey.to_utc(local, zone) == utc).all()


def test_an_hour_that_summer_time_skips_counts_as_before_it() -> None:
    skipped = np.array(["2026-03-08T02:30:00"], dtype="datetime64[s]")
    assert journey.to_utc(skipped, ZoneInfo("America/New_York"))[0] == np.datetime64("2026-03-08T07:30:00")


def test_decimals_are_exact() -> None:
    cents = np.array([0, 1, -5, 4_596_039_58, 10**13])
    assert [str(d) for d in journey.decimals(cents, 2, 16).to_pylist()] == [
        "0.00", "0.01", "-0.05", "4596039.58", "100000000000.00",
    ]  # fmt: skip


def test_demographics_of_801_households(data: Path) -> None:
    known = journey.read_demographics(data)
    assert len(known) == 801
    assert known[1]["age"] == "65+"
    assert known[1]["income"] == "35-49K"
