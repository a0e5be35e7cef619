"""Columns through COPY arrive as they were sent, NULLs, negative amounts and Chinese text included."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from crm.lib import copy

pytestmark = pytest.mark.django_db

TYPES = {"id": copy.INT8, "cents": copy.MONEY, "milli": copy.MILLI, "day": copy.DATE, "at": copy.TIMESTAMPTZ}
AS_SQL = "id bigint, cents numeric, milli numeric, day date, at timestamptz, word text, small smallint"


def _table(cursor) -> None:
    cursor.execute("DROP TABLE IF EXISTS copied")
    cursor.execute(f"CREATE TEMP TABLE copied ({AS_SQL}) ON COMMIT DROP")


def test_fixed_columns_arrive_exactly() -> None:
    with connection.cursor() as cursor:
        _table(cursor)
        columns = {
            "id": np.array([1, 2]),
            "cents": np.array([123456789_05, -250]),
            "milli": np.array([1_500, 14_000_001]),
            "day": np.array([0, 20_780]),
            "at": np.array([0, 1_700_000_000_000_001]),
        }
        assert copy.write_columns(cursor, "copied", TYPES, columns) == 2
        cursor.execute("SELECT id, cents, milli, day, at FROM copied ORDER BY id")
        utc = dt.UTC
        assert cursor.fetchall() == [
            (1, Decimal("123456789.05"), Decimal("1.500"), dt.date(1970, 1, 1), dt.datetime(1970, 1, 1, tzinfo=utc)),
            (2, Decimal("-2.50"), Decimal("14000.001"), dt.date(2026, 11, 23),
             dt.datetime(2023, 11, 14, 22, 13, 20, 1, tzinfo=utc)),
        ]  # fmt: skip


def test_nulls_and_text_arrive_exactly() -> None:
    types = {"id": copy.INT8, "word": copy.TEXT, "small": copy.INT2, "cents": copy.MONEY}
    words = ["王伟", None, "", "O'Neill\t\n"]
    columns = {
        "id": np.arange(4),
        "word": words,
        "small": np.ma.masked_array([7, 8, 9, -1], mask=[False, True, False, False]),
        "cents": np.ma.masked_array([1, 2, 3, 4], mask=[True, False, False, True]),
    }
    with connection.cursor() as cursor:
        _table(cursor)
        copy.write_columns(cursor, "copied", types, columns)
        cursor.execute("SELECT word, small, cents FROM copied ORDER BY id")
        assert cursor.fetchall() == [
            ("王伟", 7, None),
            (None, None, Decimal("0.02")),
            ("", 9, Decimal("0.03")),
            ("O'Neill\t\n", -1, None),
        ]


@given(st.lists(st.integers(-(10**14) + 1, 10**14 - 1), max_size=40))
def test_any_amount_survives(cents: list[int]) -> None:
    with connection.cursor() as cursor:
        _table(cursor)
        types = {"id": copy.INT8, "cents": copy.MONEY}
        copy.write_columns(
            cursor, "copied", types, {"id": np.arange(len(cents)), "cents": np.array(cents, np.int64)}
        )
        cursor.execute("SELECT (cents * 100)::bigint FROM copied ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == cents


def test_an_amount_too_large_for_the_wire_is_refused() -> None:
    with pytest.raises(OverflowError):
        list(copy.encode({"cents": copy.MONEY}, {"cents": np.array([10**14])}))


@given(st.lists(st.integers(-(10**18) + 1, 10**18 - 1), max_size=40))
def test_any_total_survives(cents: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS totals (id bigint, cents numeric(18, 2))")
        cursor.execute("TRUNCATE totals")
        columns = {"id": np.arange(len(cents)), "cents": np.array(cents, np.int64)}
        copy.write_columns(cursor, "totals", {"id": copy.INT8, "cents": copy.TOTAL}, columns)
        cursor.execute("SELECT (cents * 100)::bigint FROM totals ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == cents


@pytest.mark.parametrize("rows", [0, 1, 1000, 400_000])
def test_reading_gives_the_columns_back_in_blocks(rows: int) -> None:
    types = {"n": copy.INT8, "day": copy.DATE, "even": copy.BOOL}
    query = "SELECT n::bigint, '2026-11-23'::date, n %% 2 = 0 FROM generate_series(1, %s) n"
    with connection.cursor() as cursor:
        got = copy.read_all(cursor, query, types, [rows])
    assert got["n"].tolist() == list(range(1, rows + 1))
    assert set(got["day"].tolist()) <= {20_780}
    assert int(got["even"].sum()) == rows // 2


def test_reading_a_null_is_refused_instead_of_misread() -> None:
    with connection.cursor() as cursor, pytest.raises(ValueError, match="NULL"):
        copy.read_all(cursor, "SELECT nullif(n, 2)::bigint FROM generate_series(1, 3) n", {"n": copy.INT8})


def test_packed_columns_are_the_same_as_rows() -> None:
    query = "SELECT i, i * 2, DATE '2026-01-01' + i::int, mod(i, 2) = 0 FROM generate_series(1::bigint, %(n)s) AS i"
    types = {"id": copy.INT8, "double": copy.INT8, "day": copy.DATE, "even": copy.BOOL}
    with connection.cursor() as cursor:
        for n in (0, 1, 1000):
            packed, plain = (
                read(cursor, query, types, {"n": n}) for read in (copy.read_packed, copy.read_all)
            )
            assert all((packed[name] == plain[name]).all() and len(packed[name]) == n for name in types)
        with pytest.raises(ValueError, match="NULL"):
            copy.read_packed(cursor, "SELECT NULL::bigint UNION ALL SELECT 1", {"id": copy.INT8})
