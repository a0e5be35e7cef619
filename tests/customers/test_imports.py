"""Files of receipts and customers: what is read, what is refused and how it is told. Counts add up, always."""

import csv
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from crm.jobs.models import Job, State
from crm.org.models import Store
from customers import imports, statehash
from customers.imports.refusals import FileRefused, MissingColumns, UnknownColumns, UnreadableFile
from customers.models import (
    Arrival,
    Customer,
    CustomerTag,
    GuestDay,
    Identity,
    ImportFile,
    Line,
    NameKey,
    Payment,
    Product,
    Purchase,
    Return,
)

pytestmark = pytest.mark.django_db

HEADER = (
    "source,external_id,store,occurred_at,customer_kind,customer_value,line,product,quantity,amount,discount"
)
ROW = (
    "till",
    "r1",
    "HARB",
    "2026-03-09T18:00:00+08:00",
    "phone",
    "13800138000",
    "1",
    "TEA",
    "2",
    "10.00",
    "0.50",
)


def row(**changes: str) -> str:
    names = HEADER.split(",")
    values = dict(zip(names, ROW, strict=True)) | changes
    return ",".join(values[name] for name in names)


@pytest.fixture
def write(tmp_path: Path):
    def write_file(
        *rows: str, header: str = HEADER, name: str = "receipts.csv", encoding: str = "utf-8"
    ) -> Path:
        path = tmp_path / name
        path.write_bytes(("\n".join([header, *rows]) + "\n").encode(encoding))
        return path

    return write_file


def run(path: Path, kind: str = "receipts", **options) -> dict[str, int]:
    """Import the file; its counts, which must add up."""
    done = imports.run_now(path, kind, by="test", **options)
    assert (done.refusal, done.job.state) == ("", State.DONE), done.job.error
    counts = done.job.counts
    assert counts["rows"] == counts["applied"] + counts["duplicates"] + counts["rejected"]
    return counts


def rejected() -> list[tuple[int, str]]:
    """Row numbers and reasons in the last import's file of rejected rows."""
    path = ImportFile.objects.latest("pk").rejected_path
    if not path:
        return []
    with open(path, encoding="utf-8-sig", newline="") as file:
        return [(int(line["row"]), line["reason"]) for line in csv.DictReader(file)]


def fates(counts: dict[str, int]) -> tuple[int, int, int]:
    return counts["applied"], counts["duplicates"], counts["rejected"]


# --- Receipts -------------------------------------------------------------------------------------------------------


def test_lines_of_a_receipt_may_stand_anywhere(irina, harbour, write) -> None:
    path = write(row(line="2", product="RICE", amount="3.00"), row(external_id="r2"), row())
    assert fates(run(path)) == (3, 0, 0)
    first = Purchase.objects.get(external_id="r1")
    assert (first.customer, first.amount, first.discount) == (irina, Decimal("13.00"), Decimal("1.00"))
    assert [line.product.sku for line in Line.objects.filter(purchase=first).order_by("number")] == [
        "TEA",
        "RICE",
    ]
    assert Arrival.objects.get(external_id="r1").row == 4
    assert fates(run(path)) == (0, 3, 0)


def test_an_import_and_a_post_of_the_same_receipt_are_one(irina, harbour, write) -> None:
    from customers import receiving
    from customers.receiving import payloads

    run(write(row(), row(line="2", product="RICE", amount="3.00")))
    receipt = {
        "source": "till", "external_id": "r1", "store": "HARB", "occurred_at": "2026-03-09T10:00:00Z",
        "customer": {"kind": "phone", "value": "+8613800138000"},
        "lines": [
            {"line": 1, "product": "TEA", "quantity": "2", "amount": "10", "discount": "0.5"},
            {"line": 2, "product": "RICE", "quantity": "2", "amount": "3", "discount": "0.50"},
        ],
    }  # fmt: skip
    assert not receiving.receive_receipt(payloads.receipt_of(json.dumps(receipt).encode()), by="test").is_new


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_encodings_are_recognised(harbour, write, encoding) -> None:
    assert fates(run(write(row(product="绿茶"), encoding=encoding))) == (1, 0, 0)
    assert Product.objects.get().sku == "绿茶"


def test_a_separator_and_headings_as_spreadsheets_write_them(irina, harbour, write) -> None:
    path = write(
        row().replace(",", ";"), header=HEADER.replace(",", ";").replace("customer_kind", "Customer Kind")
    )
    assert fates(run(path)) == (1, 0, 0)


@pytest.mark.parametrize(
    "phone", ["+86 138-0013-8000", "１３８００１３８０００", "0086 138 0013 8000", " 138 0013 8000 "]
)
def test_phones_as_people_write_them(irina, harbour, write, phone) -> None:
    run(write(row(customer_value=phone)))
    assert Purchase.objects.get().customer == irina


def test_leading_zeros_are_part_of_a_number(harbour, write) -> None:
    run(write(row(customer_kind="card", customer_value="000123", external_id="007", product="00042")))
    assert Identity.objects.get().value == "000123"
    assert (Purchase.objects.get().external_id, Product.objects.get().sku) == ("007", "00042")


def test_full_width_numbers_are_numbers(irina, harbour, write) -> None:
    run(write(row(quantity="２", amount="１０．００")))
    assert Line.objects.values_list("quantity", "amount").get() == (Decimal(2), Decimal(10))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quantity": "-1"}, "quantity_not_positive"),
        ({"quantity": "0"}, "quantity_not_positive"),
        ({"quantity": "two"}, "quantity_invalid"),
        ({"amount": "-5"}, "amount_negative"),
        ({"amount": "1.999"}, "amount_invalid"),
        ({"amount": ""}, "amount_invalid"),
        ({"discount": "-1"}, "discount_invalid"),
        ({"occurred_at": "2026-02-30T10:00:00+08:00"}, "date_impossible"),
        ({"occurred_at": "yesterday"}, "date_impossible"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "date_out_of_time"),
        ({"store": "not a store!"}, "store_invalid"),
        ({"customer_value": "12"}, "customer_invalid"),
        ({"customer_kind": "shoe"}, "customer_kind_invalid"),
        ({"product": ""}, "product_invalid"),
        ({"external_id": ""}, "external_id_invalid"),
        ({"line": "0"}, "line_invalid"),
    ],
)  # fmt: skip
def test_a_bad_row_is_rejected_with_its_number_and_takes_its_receipt_along(
    irina, harbour, write, change, reason
) -> None:
    path = write(row(external_id="good"), row(**({"line": "2"} | change)), row())
    siblings = 0 if "external_id" in change else 1
    assert fates(run(path)) == (1 + (1 - siblings), 0, 1 + siblings)
    told = dict(rejected())
    assert told.pop(3) == reason
    assert told == ({4: "receipt_incomplete"} if siblings else {})
    assert not Purchase.objects.filter(external_id="r1").exists() or not siblings


def test_rows_that_are_no_rows_are_told_by_their_number(irina, harbour, write) -> None:
    path = write(row(), "too,few", "", row(external_id="r2"), row() + ",too,many", row(external_id="r3"))
    assert fates(run(path)) == (3, 0, 2)
    assert rejected() == [(3, "row_broken"), (6, "row_broken")]
    assert Arrival.objects.get(external_id="r3").row == 7


@pytest.mark.parametrize("what", ["amount", "discount"])
def test_rows_of_a_receipt_may_not_add_up_to_more_than_an_amount_can_be(irina, harbour, write, what) -> None:
    large = [row(external_id="large", line=str(n), **{what: "9999999999.99"}) for n in range(1, 102)]
    assert fates(run(write(*large, row()))) == (1, 0, 101)
    assert rejected()[0] == (2, "total_too_large")
    assert fates(run(write(*large[:100], *large[:1]))) == (100, 1, 0)


def test_a_row_has_a_hundred_payments_at_most(irina, harbour, write) -> None:
    header = HEADER + ",payments"
    paid = ";".join(["coin:0.01"] * 100)
    assert fates(run(write(f"{row()},{paid};card:1", row(external_id="r2") + f",{paid}", header=header))) == (
        1,
        0,
        1,
    )
    assert rejected() == [(2, "too_many_payments")]
    assert Payment.objects.count() == 100


def test_an_import_and_a_post_of_the_same_return_are_one(irina, harbour, write) -> None:
    from customers import receiving
    from customers.receiving import payloads

    header = HEADER + ",receipt_source,receipt_external_id,staff"
    run(
        write(
            row() + ",,,E7", row(external_id="b1", quantity="1", amount="5.00") + ",till,r1,E7", header=header
        )
    )
    back = {
        "source": "till", "external_id": "b1", "store": "HARB", "occurred_at": ROW[3], "staff": "E7",
        "receipt": {"source": "till", "external_id": "r1"},
        "lines": [{"line": 1, "quantity": "1", "amount": "5.00"}],
    }  # fmt: skip
    assert Arrival.objects.get(external_id="b1").raw["staff"] == "E7"
    assert not receiving.receive_return(payloads.return_of(json.dumps(back).encode()), by="test").is_new


def test_rows_of_a_receipt_that_disagree_are_rejected(irina, harbour, uptown, write) -> None:
    path = write(
        row(), row(line="2", store="UPTN"), row(external_id="r2"), row(external_id="r2", amount="11.00"),
        row(external_id="r3"), row(external_id="r3"),
    )  # fmt: skip
    assert fates(run(path)) == (1, 1, 4)
    assert dict(rejected()) == {
        2: "receipt_incomplete",
        3: "rows_disagree",
        4: "receipt_incomplete",
        5: "line_twice",
    }


def test_other_content_under_a_known_key_is_rejected(irina, harbour, write) -> None:
    run(write(row()))
    before = statehash.whole()
    assert fates(run(write(row(amount="12.00"), name="other.csv"))) == (0, 0, 1)
    assert rejected() == [(2, "receipt_conflict")]
    assert statehash.whole() == before


def test_unknown_stores_and_products_become_stubs_and_are_listed(irina, harbour, write) -> None:
    done = imports.run_now(write(row(store="POPUP"), row(external_id="r2")), "receipts", by="test")
    assert done.stubs == {"stores": ["POPUP"], "products": ["TEA"]}
    assert Store.objects.get(code="POPUP").is_stub


def test_a_store_of_another_chain_is_rejected_where_stores_must_be_known(irina, harbour, write) -> None:
    path = write(row(store="ELSEWHERE"), row(external_id="r2"))
    assert fates(run(path, known_stores=True)) == (1, 0, 1)
    assert rejected() == [(2, "store_unknown")]
    assert not Store.objects.filter(code="ELSEWHERE").exists()


def test_a_customer_of_another_chains_store_is_rejected_where_stores_must_be_known(harbour, write) -> None:
    path = write("m1,A,,,,,ELSEWHERE,,", "m2,B,,,,,HARB,,", "m3,C,,,,,,,", header=PEOPLE, name="people.csv")
    assert fates(run(path, "customers", known_stores=True)) == (2, 0, 1)
    assert rejected() == [(2, "home_store_unknown")]
    assert list(Store.objects.values_list("code", flat=True)) == ["HARB"]
    assert set(Identity.objects.values_list("value", flat=True)) == {"M2", "M3"}


def test_moments_that_no_calendar_has_are_rejected(irina, harbour, tmp_path) -> None:
    table = {name: [value] * 4 for name, value in zip(HEADER.split(","), ROW, strict=True)}
    table["external_id"] = ["r1", "r2", "r3", "r4"]
    table["occurred_at"] = pa.array([2**62, -(2**62), None, 1773050400_000_000], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table(table), tmp_path / "receipts.parquet")
    assert fates(run(tmp_path / "receipts.parquet")) == (1, 0, 3)
    assert rejected() == [(1, "date_out_of_time"), (2, "date_out_of_time"), (3, "date_impossible")]
    assert Purchase.objects.get().external_id == "r4"


def test_times_without_an_offset_are_the_stores_clock(irina, harbour, write) -> None:
    run(write(row(occurred_at="2026-03-09 23:30:00")))
    purchase = Purchase.objects.get()
    assert (str(purchase.business_date), purchase.occurred_at.hour) == ("2026-03-09", 15)


def test_guests_and_payments(irina, harbour, write) -> None:
    header = HEADER + ",payments"
    guest = row(external_id="g1", customer_value="") + ",cash:10.00"
    run(write(guest, row() + ",card:6.50;coupon:3.50", header=header))
    assert GuestDay.objects.get().amount == Decimal("10.00")
    assert list(Payment.objects.order_by("number").values_list("method", "amount")) == [
        ("card", Decimal("6.50")),
        ("coupon", Decimal("3.50")),
    ]


def test_returns_in_a_receipts_file_before_and_after_and_too_large(irina, harbour, write) -> None:
    header = HEADER + ",receipt_source,receipt_external_id"

    def back(key: str, quantity: str, of: str, at: str) -> str:
        return (
            row(external_id=key, product="", quantity=quantity, amount="5.00", discount="", occurred_at=at)
            + f",till,{of}"
        )

    path = write(
        back("b1", "1", "r1", "2026-03-10T10:00:00+08:00"), row() + ",,",
        back("b2", "1", "never", "2026-03-10T10:00:00Z"),
        back("b3", "2", "r1", "2026-03-11T10:00:00+08:00"), header=header,
    )  # fmt: skip
    counts = run(path)
    assert fates(counts) == (3, 0, 1)
    assert (counts["receipts"], counts["returns"], counts["waiting"]) == (1, 2, 1)
    assert rejected() == [(5, "return_exceeds_receipt")]
    assert Purchase.objects.get().returned == Decimal("5.00")
    assert Return.objects.get().external_id == "b1"


def test_a_dry_run_counts_everything_and_changes_nothing(irina, harbour, write) -> None:
    run(write(row()))
    before = statehash.whole()
    path = write(
        row(), row(external_id="r2", store="POPUP", product="NEW", customer_value="13900000000"),
        row(external_id="r3", quantity="0"), name="dry.csv",
    )  # fmt: skip
    assert fates(run(path, dry_run=True)) == (1, 1, 1)
    assert statehash.whole() == before
    assert not Store.objects.filter(code="POPUP").exists()
    assert not Product.objects.filter(sku="NEW").exists()
    assert Customer.objects.count() == 1
    assert fates(run(path)) == (1, 1, 1)


# --- Other forms of files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["receipts", "customers"])
@pytest.mark.parametrize("whole", [0, 2])
def test_broken_rows_at_the_end_are_told(harbour, write, kind, whole) -> None:
    header, line = (HEADER, row()) if kind == "receipts" else ("phone,name", "13800138000,Irina")
    lines = [line] * whole + [line + ",extra,fields", "L3"]
    counts = run(write(*lines, header=header), kind)
    assert (counts["rows"], counts["rejected"]) == (whole + 2, 2)
    assert rejected() == [(whole + 2, "row_broken"), (whole + 3, "row_broken")]


def test_ndjson(irina, harbour, write) -> None:
    names = HEADER.split(",")
    one = dict(zip(names, ROW, strict=True)) | {"quantity": 2, "line": 1, "amount": "10.00"}
    path = write(
        json.dumps(one | {"external_id": "r2"}), "{broken", header=json.dumps(one), name="receipts.ndjson"
    )
    assert fates(run(path)) == (2, 0, 1)
    assert rejected() == [(3, "row_broken")]


def test_blocks_of_nothing_but_broken_rows_are_told(irina, harbour, write) -> None:
    wrong = [row() + ",too,many"] * 70_000  # several blocks of the reader
    assert fates(run(write(row(), *wrong, row(external_id="r2")))) == (2, 0, 70_000)
    assert rejected()[-1] == (70_002, "row_broken")
    assert Arrival.objects.get(external_id="r2").row == 70_003


def test_a_field_of_ndjson_may_come_late(irina, harbour, write) -> None:
    bought = dict(zip(HEADER.split(","), ROW, strict=True))
    back = {name: bought[name] for name in ("source", "store", "occurred_at", "line", "amount")} | {
        "external_id": "b1", "quantity": "1", "receipt_source": "till", "receipt_external_id": "r7",
    }  # fmt: skip
    lines = [json.dumps(bought | {"external_id": f"r{n}"}) for n in range(1200)]
    path = write(*lines[1:], json.dumps(back), header=lines[0], name="receipts.ndjson")
    assert fates(run(path)) == (1201, 0, 0)
    assert Return.objects.get().purchase.external_id == "r7"
    path = write(*lines[1:], json.dumps(back | {"recipt": "r7"}), header=lines[0], name="receipts.ndjson")
    with pytest.raises(UnknownColumns, match="recipt"):
        imports.run_now(path, "receipts", by="test")


def test_parquet_with_numbers_decimals_and_times(irina, harbour, tmp_path) -> None:
    names = HEADER.split(",")
    table = pa.table(
        {name: pa.array([value] * 2).dictionary_encode() for name, value in zip(names, ROW, strict=True)}
    )
    typed = {
        "line": pa.array([1, 2], pa.int16()),
        "quantity": pa.array([Decimal("1.500"), Decimal("2.000")], pa.decimal128(14, 3)),
        "amount": pa.array([Decimal("10.00"), Decimal("0.00")], pa.decimal128(14, 2)),
        "discount": pa.array([0.1 + 0.2, 0.0]),
        "occurred_at": pa.array([1773050400_000_000] * 2, pa.timestamp("us", "Asia/Shanghai")),
    }
    for name, column in typed.items():
        table = table.set_column(names.index(name), name, column)
    pq.write_table(table, tmp_path / "receipts.parquet")
    assert fates(run(tmp_path / "receipts.parquet")) == (2, 0, 0)
    purchase = Purchase.objects.get()
    assert (purchase.amount, purchase.discount) == (Decimal("10.00"), Decimal("0.30"))
    assert list(Line.objects.order_by("number").values_list("quantity", flat=True)) == [
        Decimal("1.5"),
        Decimal(2),
    ]


def test_a_broken_parquet_file_is_refused_whole(harbour, write, tmp_path) -> None:
    whole = tmp_path / "whole.parquet"
    pq.write_table(
        pa.table({name: [value] * 5000 for name, value in zip(HEADER.split(","), ROW, strict=True)}), whole
    )
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(UnreadableFile):
        imports.run_now(cut, "receipts", by="test")
    content = bytearray(whole.read_bytes())
    content[40:140] = b"\x00" * 100
    cut.write_bytes(content)
    done = imports.run_now(cut, "receipts", by="test")
    assert "Parquet" in done.refusal
    assert not Arrival.objects.exists()


@pytest.mark.parametrize(
    ("header", "refusal", "words"),
    [
        (HEADER + ",colour", UnknownColumns, "“colour”"),
        (HEADER.replace("amount", "amout"), UnknownColumns, "“amout” (amount?)"),
        (HEADER.replace(",amount", ",payments"), MissingColumns, "amount"),
        (HEADER + ",line", UnknownColumns, "“line”"),
    ],
)
def test_unknown_and_missing_columns_are_named(harbour, write, header, refusal, words) -> None:
    with pytest.raises(refusal) as refused:
        imports.run_now(write(row(), header=header), "receipts", by="test")
    assert words in str(refused.value)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02\x03", "caf\u00e9,x\n".encode("latin-1") + b"\xff\xff\xff"]
)
def test_files_that_are_none_are_refused(harbour, tmp_path, content) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused):
        imports.run_now(path, "receipts", by="test")
    with pytest.raises(FileRefused):
        imports.run_now(tmp_path / "missing.csv", "receipts", by="test")


def test_an_upload_is_kept_and_queued(harbour, ana, write) -> None:
    upload = SimpleUploadedFile("三月 receipts.csv", write(row()).read_bytes())
    made = imports.start(upload, "receipts", by=ana)
    assert (made.job.state, made.name, made.created_by) == (
        State.QUEUED,
        "三月 receipts.csv",
        f"staff:{ana.pk}",
    )
    from crm.jobs import runner

    assert runner.run_until_ended(made.job).state == State.DONE
    assert Purchase.objects.count() == 1


# --- Customers ------------------------------------------------------------------------------------------------------

PEOPLE = "number,name,phone,email,gender,birthday,home_store,tags,enrolled_at"


def test_customers_are_enrolled_brought_up_to_date_and_left_alone(harbour, uptown, write) -> None:
    path = write(
        "m1,林小雨,138-0013-8000,Lin@Example.com,女,1990/02/03,HARB,vip;素食,2025-01-01",
        "m2,Anna Lee,,anna@example.com,f,,UPTN,,", header=PEOPLE, name="people.csv",
    )  # fmt: skip
    counts = run(path, "customers")
    assert (fates(counts), counts["new"]) == ((2, 0, 0), 2)
    lin = Customer.objects.get(name="林小雨")
    assert (lin.gender, str(lin.birthday), lin.home_store, lin.is_stub) == ("f", "1990-02-03", harbour, False)
    assert set(Identity.objects.filter(customer=lin).values_list("kind", "value")) == {
        ("member", "M1"), ("phone", "+8613800138000"), ("email", "lin@example.com"),
    }  # fmt: skip
    assert CustomerTag.objects.filter(customer=lin).count() == 2
    assert NameKey.objects.filter(customer=lin, key="linxiaoyu").exists()

    again = write("m1,林小雨,,,,,,,", "m2,Anna Li,13900000000,,,,,,", header=PEOPLE, name="again.csv")
    counts = run(again, "customers")
    assert (fates(counts), counts["changed"], counts["unchanged"]) == ((1, 1, 0), 1, 1)
    assert Customer.objects.get(identities__value="+8613900000000").name == "Anna Li"
    assert Customer.objects.count() == 2


def test_identifiers_of_two_customers_are_never_joined(irina, yusuf, write) -> None:
    path = write("M0001,X,13900139000,,,,,,", "M9,Y,13800138000,,,,,,", header=PEOPLE, name="people.csv")
    assert fates(run(path, "customers")) == (0, 0, 2)
    assert rejected() == [(2, "identifiers_disagree"), (3, "two_members")]
    irina.refresh_from_db()
    assert irina.name == "Irina Petrova"


def test_a_stub_is_completed_with_what_it_bought(harbour, write) -> None:
    run(write(row()))
    stub = Customer.objects.get()
    counts = run(
        write("m7,Irina,13800138000,,,,HARB,,2026-01-05", header=PEOPLE, name="people.csv"), "customers"
    )
    assert counts["changed"] == 1
    stub.refresh_from_db()
    assert (stub.is_stub, stub.name, str(stub.enrolled_at.date())) == (False, "Irina", "2026-01-05")
    assert Purchase.objects.get().customer == stub


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("m1,,hello,,,,,,", "phone_invalid"), ("m1,,,nobody,,,,,", "email_invalid"), ("m1,,,,?,,,,", "gender_invalid"),
        ("m1,,,,,1990-02-30,,,", "birthday_invalid"), ("m1,,,,,2990-01-01,,,", "birthday_invalid"),
        ("m1,,,,,,no such!,,", "home_store_invalid"), (",Nobody,,,,,,,", "no_identifier"),
        ("m1,,,,,,,,never", "enrolled_at_invalid"), ("m1,,,,,,,,0001-01-01T00:00:00+14:00", "enrolled_at_invalid"),
        ("m1,,,,,,,,2999-01-01", "enrolled_at_invalid"),
    ],
)  # fmt: skip
def test_bad_customer_rows_are_told(harbour, write, line, reason) -> None:
    assert fates(run(write(line, header=PEOPLE, name="people.csv"), "customers")) == (0, 0, 1)
    assert rejected() == [(2, reason)]
    assert not Customer.objects.exists()


def test_a_household_of_five_thousand_digits_is_rejected(harbour, write) -> None:
    path = write(f"m1,{'9' * 5000}", "m2,3", header="number,household_size", name="people.csv")
    assert fates(run(path, "customers")) == (1, 0, 1)
    assert rejected() == [(2, "household_size_invalid")]


def test_a_customers_dry_run_changes_nothing(irina, harbour, write) -> None:
    before = statehash.whole()
    path = write("M0001,Irene,,,,,,,", "m5,New,,,,,HARB,,", header=PEOPLE, name="people.csv")
    assert fates(run(path, "customers", dry_run=True)) == (2, 0, 0)
    assert statehash.whole() == before
    irina.refresh_from_db()
    assert irina.name == "Irina Petrova"


# --- Commands -------------------------------------------------------------------------------------------------------


def test_the_command_tells_what_it_did(irina, harbour, write) -> None:
    out = StringIO()
    call_command("import_receipts", write(row(), row(external_id="r2", quantity="0")), stdout=out)
    assert "2 rows = 1 applied, 0 duplicates, 1 rejected" in out.getvalue()


@pytest.mark.parametrize("command", ["import_receipts", "import_customers"])
def test_the_commands_refuse_rows_of_unknown_stores_when_told(irina, harbour, write, command) -> None:
    if command == "import_receipts":
        path = write(row(store="ELSEWHERE"), row(external_id="r2"))
    else:
        path = write("m8,A,,,,,ELSEWHERE,,", "m9,B,,,,,HARB,,", header=PEOPLE, name="people.csv")
    out = StringIO()
    call_command(command, path, "--known-stores", stdout=out)
    assert "2 rows = 1 applied, 0 duplicates, 1 rejected" in out.getvalue()
    assert not Store.objects.filter(code="ELSEWHERE").exists()
    call_command(command, path, stdout=out)
    assert Store.objects.get(code="ELSEWHERE").is_stub


def test_an_import_that_was_broken_off_is_gone_on_with_in_the_same_way_only(irina, harbour, write) -> None:
    path = write(row(store="ELSEWHERE"))
    first = imports.start(path, "receipts", by="test", known_stores=True)
    second = imports.run_now(path, "receipts", by="test", known_stores=False)
    assert second.pk != first.pk
    assert imports.run_now(path, "receipts", by="test", known_stores=True).pk == first.pk


def test_the_command_fails_for_a_refused_file_and_says_why(harbour, write) -> None:
    errors = StringIO()
    with pytest.raises(CommandError):
        call_command("import_receipts", write(row(), header=HEADER + ",colour"), stderr=errors)
    assert "colour" in errors.getvalue()
