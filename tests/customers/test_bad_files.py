"""Files that are large, broken or something else: refused with a sentence, in bounded memory, nothing applied."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm.jobs.models import State
from customers import imports
from customers.imports import blocks, files, ndjson, places, receipt_job, spill
from customers.imports.refusals import FileRefused, UnknownColumns, UnreadableFile
from customers.models import Arrival, ImportFile, Product
from tests.customers.test_imports import HEADER, ROW, fates, rejected, row, run

pytestmark = pytest.mark.django_db
ONE = dict(zip(HEADER.split(","), ROW, strict=True))


def write(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(("\n".join([HEADER, *rows]) + "\n").encode(encoding))
    return path


def refused(path: Path, **options) -> str:
    """The sentence with which the whole file is refused, at once or while it is read."""
    try:
        done = imports.run_now(path, "receipts", by="test", **options)
    except FileRefused as refusal:
        return str(refusal)
    assert done.job.state == State.DONE, done.job.error
    assert done.refusal
    assert not places.work_folder(done).exists()
    assert not Arrival.objects.exists()
    return done.refusal


# --- Letters --------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (blocks, files, ndjson):
        monkeypatch.setattr(module, "SAMPLE_BYTES", 300)


def test_the_first_chinese_letter_may_stand_far_behind(harbour, tmp_path, small_sample) -> None:
    rows = [row(external_id=f"r{n}") for n in range(50)]
    path = write(tmp_path / "gbk.csv", *rows, row(external_id="last", product="绿茶"), encoding="gbk")
    assert fates(run(path)) == (51, 0, 0)
    assert Product.objects.filter(sku="绿茶").exists()


def test_a_slip_in_utf_8_is_not_read_as_something_else(harbour, tmp_path, small_sample) -> None:
    path = write(tmp_path / "utf.csv", *(row(external_id=f"r{n}", product="绿茶") for n in range(50)))
    content = path.read_bytes()
    path.write_bytes(content[:-9] + b"\xff" + content[-9:])
    assert "save it as UTF-8" in refused(path)
    assert not Product.objects.exists()


def test_the_reader_of_a_broken_file_is_told_in_their_language(harbour, ana, tmp_path, small_sample) -> None:
    from django.utils import translation

    from crm.jobs import runner

    path = write(tmp_path / "utf.csv", *(row(product="绿茶") for n in range(50)))
    content = path.read_bytes()
    path.write_bytes(content[:-9] + b"\xff" + content[-9:])
    with translation.override("zh-hans"):
        made = imports.start(path, "receipts", by=ana)
    runner.run_until_ended(made.job)
    made.refresh_from_db()
    assert "UTF-8" in made.refusal
    assert "save it" not in made.refusal


# --- Shapes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.csv", "x.ndjson"])
def test_a_file_without_line_ends_is_refused(harbour, tmp_path, name) -> None:
    path = tmp_path / name
    path.write_bytes(b"x" * 6_000_000)
    assert refused(path)


def test_a_line_of_ndjson_longer_than_any_row_is_one_broken_row(
    irina, harbour, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(ndjson, "LONGEST_LINE", 400)
    long = json.dumps(ONE | {"external_id": "x" * 5_000})
    path = tmp_path / "x.ndjson"
    path.write_text("\n".join([json.dumps(ONE), long, json.dumps(ONE | {"external_id": "r2"})]))
    assert fates(run(path)) == (2, 0, 1)
    assert rejected() == [(2, "row_broken")]


def test_more_broken_lines_of_ndjson_than_a_block_holds(irina, harbour, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(ndjson, "BLOCK_ROWS", 10)
    path = tmp_path / "x.ndjson"
    path.write_text("\n".join([json.dumps(ONE), *["{"] * 35, json.dumps(ONE | {"external_id": "r2"})]))
    assert fates(run(path)) == (2, 0, 35)
    assert rejected()[-1] == (36, "row_broken")


def test_lines_of_spaces_do_not_move_the_numbers_of_the_rows_after_them(irina, harbour, tmp_path) -> None:
    path = write(
        tmp_path / "x.csv", row(), "   ", row(external_id="r2"), "", row(external_id="r3", quantity="0")
    )
    assert fates(run(path)) == (2, 0, 2)
    assert rejected() == [(3, "row_broken"), (6, "quantity_not_positive")]


def test_a_file_of_which_hardly_a_row_is_one_is_refused(harbour, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(receipt_job, "MOST_BROKEN", 1000)
    path = write(tmp_path / "x.csv", row(), *["a,b"] * 2_000)
    assert "Is this the right file?" in refused(path)
    path = write(tmp_path / "y.csv", *(row(external_id=f"r{n}") for n in range(1_100)), *["a,b"] * 1_050)
    assert fates(run(path)) == (1_100, 0, 1_050)


def test_a_file_in_which_all_rows_are_one_receipt_is_refused(harbour, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(spill, "MOST_OF_ONE_PART", 500)
    path = write(tmp_path / "x.csv", *(row(line=str(n)) for n in range(1, 502)))
    assert "external_id" in refused(path)


def test_a_hundred_thousand_columns_are_refused_in_a_short_sentence(harbour, tmp_path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(",".join(f"{'c' * 300}{n}" for n in range(20_000)) + "\n1\n")
    with pytest.raises(UnknownColumns) as refusal:
        imports.run_now(path, "receipts", by="test")
    assert len(str(refusal.value)) < 3_000
    assert not ImportFile.objects.exists()


# --- Parquet --------------------------------------------------------------------------------------------------------


def parquet(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table({name: [value] for name, value in ONE.items()} | columns), path)
    return path


def test_text_that_is_not_called_text_is_read(harbour, tmp_path) -> None:
    path = parquet(tmp_path / "x.parquet", product=pa.array(["绿茶".encode()], pa.binary()))
    assert fates(run(path)) == (1, 0, 0)
    assert Product.objects.get().sku == "绿茶"


def test_bytes_that_are_no_text_are_refused(harbour, tmp_path) -> None:
    assert "Parquet" in refused(parquet(tmp_path / "x.parquet", product=pa.array([b"\xff\xfe"], pa.binary())))


def test_a_column_of_records_is_refused_by_name(harbour, tmp_path) -> None:
    with pytest.raises(UnreadableFile, match="“product”"):
        imports.run_now(
            parquet(tmp_path / "x.parquet", product=pa.array([{"sku": "TEA"}])), "receipts", by="test"
        )


# --- Returns first --------------------------------------------------------------------------------------------------


def test_many_receipts_that_returns_expected_are_taken_over_by_one_statement(
    irina, harbour, tmp_path, django_assert_max_num_queries
) -> None:
    path = tmp_path / "back.csv"
    backs = [
        row(external_id=f"b{n}", product="", quantity="1", amount="5.00") + f",till,r{n}" for n in range(200)
    ]
    path.write_text("\n".join([HEADER + ",receipt_source,receipt_external_id", *backs]) + "\n")
    assert run(path)["waiting"] == 200
    later = write(tmp_path / "later.csv", *(row(external_id=f"r{n}") for n in range(200)))
    with django_assert_max_num_queries(80):
        assert fates(run(later)) == (200, 0, 0)
    assert Arrival.objects.filter(state=1).count() == 400
