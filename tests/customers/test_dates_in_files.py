"""Dates of files as people write them; one that can be read two ways is never guessed."""

from datetime import date
from pathlib import Path

import pytest

from customers.imports import dates
from customers.models import Customer, CustomField
from tests.customers.test_imports import fates, rejected, run


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1980-12-31", date(1980, 12, 31)), ("1980/12/31", date(1980, 12, 31)), ("1980/4/3", date(1980, 4, 3)),
        ("1980.04.03", date(1980, 4, 3)), ("1980-12-31T00:00:00Z", date(1980, 12, 31)),
        ("1980-12-31 00:00:00", date(1980, 12, 31)), ("1980-12-31Z", date(1980, 12, 31)),
        ("19801231", date(1980, 12, 31)), ("1980年12月31日", date(1980, 12, 31)), ("1980年4月3日", date(1980, 4, 3)),
        ("31.12.1980", date(1980, 12, 31)), ("3.4.1980", date(1980, 4, 3)), ("03.04.1980", date(1980, 4, 3)),
        ("31/12/1980", date(1980, 12, 31)), ("12/31/1980", date(1980, 12, 31)), ("31-12-1980", date(1980, 12, 31)),
        ("12-31-1980", date(1980, 12, 31)), ("13/1/1980", date(1980, 1, 13)), ("1/13/1980", date(1980, 1, 13)),
        ("05/05/1980", date(1980, 5, 5)), ("5-5-1980", date(1980, 5, 5)), ("29.02.1980", date(1980, 2, 29)),
    ],
)  # fmt: skip
def test_a_date_is_read(text: str, day: date) -> None:
    assert dates.read(text) == day


@pytest.mark.parametrize(
    "text",
    ["1990-02-30", "29.02.1981", "12.31.1980", "13/13/1980", "31/02/1980", "19801331", "31.12.80", "1980-12/31",
     "31/12-1980", "0/0/1980", "0000-01-01", "1980", "1980-12-31x", "once", ""],
)  # fmt: skip
def test_no_date_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r".*") as told:
        dates.read(text)
    assert not isinstance(told.value, dates.AmbiguousDate)


@pytest.mark.parametrize("text", ["03/04/1980", "3-4-1980", "12/11/1980", "1/2/1980"])
def test_two_readings_are_none(text: str) -> None:
    with pytest.raises(dates.AmbiguousDate):
        dates.read(text)


@pytest.mark.django_db
def test_birthdays_and_own_dates_of_a_file(harbour, tmp_path: Path) -> None:
    CustomField.objects.create(code="wedding", label="Wedding", kind="date", order=1)
    path = tmp_path / "people.csv"
    lines = [
        "number,birthday,custom_wedding", "m1,31.12.1980,2001年5月4日", "m2,12/31/1980,", "m3,03/04/1980,",
        "m4,,03/04/2001", "m5,31.12.2980,", "m6,31.12.80,", "m7,,soon",
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert fates(run(path, "customers")) == (2, 0, 5)
    assert rejected() == [
        (4, "birthday_ambiguous"), (5, "custom_ambiguous"), (6, "birthday_invalid"), (7, "birthday_invalid"),
        (8, "custom_invalid"),
    ]  # fmt: skip
    assert [(str(one.birthday), one.custom) for one in Customer.objects.order_by("pk")] == [
        ("1980-12-31", {"wedding": "2001-05-04"}), ("1980-12-31", {}),
    ]  # fmt: skip
