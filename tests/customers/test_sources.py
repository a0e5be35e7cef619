"""Names of sources are few: nobody can use them up, and what is refused uses none."""

from pathlib import Path

import pytest
from django.db import connection

from crm.jobs.models import State
from crm.org.models import Store
from customers import imports, receiving, statehash
from customers.imports import codes
from customers.models import MOST_SOURCES, Arrival, ImportFile, Product, Source
from customers.receiving import ReturnConflict, TooManySources, payloads, references
from tests.customers.histories import body
from tests.customers.test_receiving import RECEIPT, RETURN

pytestmark = pytest.mark.django_db

HEADER = "source,external_id,store,occurred_at,product,quantity,amount,receipt_source,receipt_external_id"


def post(source: str, *, by: str = "key:1", **changes) -> receiving.ReceiptOutcome:
    event = RECEIPT | {"source": source, "customer": None} | changes
    return receiving.receive_receipt(payloads.receipt_of(body(event)), by=by)


def give_back(*, by: str = "key:1", **changes) -> receiving.ReturnOutcome:
    return receiving.receive_return(payloads.return_of(body(RETURN | changes)), by=by)


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "MOST_OF_ONE_SENDER", 3)


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def row(source: str, external_id: str = "r1", of: str = ",") -> str:
    return f"{source},{external_id},HARB,2026-03-09T18:00:00+08:00,TEA,1,10.00,{of}"


def refused(path: Path, **options) -> str:
    """Import the file, which is refused whole; the sentence."""
    done = imports.run_now(path, "receipts", by="staff:1", **options)
    assert done.job.state == State.DONE
    assert done.refusal
    return done.refusal


def test_a_sender_that_names_ever_new_sources_is_refused_and_others_are_not(harbour, three) -> None:
    for name in ("a", "b", "c"):
        post(name)
    before = statehash.whole()
    with pytest.raises(TooManySources) as refusal:
        post("d")
    assert (refusal.value.code, refusal.value.status) == ("too_many_sources", 422)
    assert [fault.pointer for fault in refusal.value.faults] == ["/source"]
    assert "“d”" in refusal.value.faults[0].detail
    assert statehash.whole() == before
    assert post("a", external_id="2").is_new
    assert post("d", by="key:2").is_new
    assert list(Source.objects.order_by("id").values_list("id", "code", "created_by")) == [
        (1, "a", "key:1"), (2, "b", "key:1"), (3, "c", "key:1"), (4, "d", "key:2"),
    ]  # fmt: skip


def test_a_chain_has_an_end_too(harbour) -> None:
    Source.objects.bulk_create(
        Source(id=n, code=f"t{n}", created_by=f"key:{n % 9}") for n in range(1, MOST_SOURCES + 1)
    )
    with pytest.raises(TooManySources):
        post("one-more", by="key:77")
    assert post("t30000").is_new
    assert Source.objects.count() == MOST_SOURCES


def test_over_the_api_it_is_a_problem_with_a_code(calling, harbour, three) -> None:
    till = calling("receipts:write")
    send = lambda source: till.post(  # noqa: E731
        "/api/v1/receipts/", RECEIPT | {"source": source, "customer": None}, content_type="application/json"
    )
    assert [send(name).status_code for name in "abc"] == [201, 201, 201]
    answer = send("d")
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_sources")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == "/source"
    assert send("a").status_code == 200


def test_a_return_names_two_sources(harbour, three) -> None:
    post("a")
    post("b")
    with pytest.raises(TooManySources):
        give_back(source="c", receipt={"source": "d", "external_id": "1"})
    assert Source.objects.count() == 2
    assert give_back(source="c", receipt={"source": "b", "external_id": "1"}).is_new


def test_a_refused_event_uses_no_number(harbour) -> None:
    give_back()
    for n in range(20):
        with pytest.raises(ReturnConflict):
            give_back(receipt={"source": f"new-{n}", "external_id": "x"})
    post("next")
    assert Source.objects.get(code="next").pk == 2


def test_the_lines_of_a_batch_with_too_many_new_sources_are_told(harbour, three) -> None:
    post("a")
    event = RECEIPT | {"customer": None, "external_id": "2"}
    lines = [body(event | {"source": name}) for name in ("a", "b", "c", "d")]
    lost = body(event | {"source": "e", "store": "NOWHERE"})
    known = body(event | {"source": "a", "external_id": "3", "store": "NOWHERE"})
    outcome = receiving.receive_batch([*lines, lost, known], by="key:1")
    assert (outcome.applied, outcome.duplicates, outcome.rejected) == (1, 0, 5)
    assert [(error.line, error.code, error.pointer) for error in outcome.errors] == [
        (2, "too_many_sources", "/source"), (3, "too_many_sources", "/source"), (4, "too_many_sources", "/source"),
        (5, "invalid_event", "/store"), (6, "invalid_event", "/store"),
    ]  # fmt: skip
    assert Source.objects.count() == 1
    assert list(Arrival.objects.filter(reason="unknown_store").values_list("external_id", flat=True)) == ["3"]


def test_forty_thousand_sources_in_batches_end_at_the_senders_limit(harbour) -> None:
    event = RECEIPT | {"customer": None}
    for turn, applied in enumerate((10_000, 0)):
        lines = [body(event | {"source": f"s{turn}-{n}"}) for n in range(10_000)]
        outcome = receiving.receive_batch(lines, by="key:1")
        assert (outcome.applied, outcome.rejected) == (applied, 10_000 - applied)
    assert Source.objects.count() == references.MOST_OF_ONE_SENDER == 10_000


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("count", [11_000, 40_000])
def test_a_file_of_too_many_sources_is_refused_whole(harbour, tmp_path, count, dry_run) -> None:
    path = write(tmp_path / "many.csv", *(row(f"s{n}") for n in range(count)))
    sentence = refused(path, dry_run=dry_run)
    assert f"{30_000 if count > 30_000 else 10_000}" in sentence.replace(",", "")
    assert "not a receipt" in sentence
    assert (Source.objects.count(), Arrival.objects.count(), Product.objects.count()) == (0, 0, 0)


def test_sources_of_receipts_that_are_brought_back_count(harbour, three, tmp_path) -> None:
    path = write(tmp_path / "back.csv", *(row("till", f"b{n}", of=f"s{n},r{n}") for n in range(4)))
    assert "More than 3" in refused(path)
    assert not Source.objects.exists()


def test_a_dry_run_numbers_nothing(harbour, tmp_path) -> None:
    path = write(tmp_path / "dry.csv", *(row(f"s{n}") for n in range(50)))
    for _ in range(2):
        counts = imports.run_now(path, "receipts", by="staff:1", dry_run=True).job.counts
        assert (counts["applied"], counts["rejected"]) == (50, 0)
    assert not Source.objects.exists()
    imports.run_now(path, "receipts", by="staff:1")
    assert sorted(Source.objects.values_list("id", flat=True)) == list(
        range(1, 52)
    )  # and "import", the default
    assert set(Source.objects.values_list("created_by", flat=True)) == {"staff:1"}


@pytest.mark.parametrize(("kind", "column"), [("stores", 2), ("products", 4)])
def test_a_column_that_holds_something_else_is_refused(harbour, tmp_path, monkeypatch, kind, column) -> None:
    monkeypatch.setitem(codes.MOST, kind, 5)
    fields = [row("till", f"r{n}").split(",") for n in range(6)]
    for n, parts in enumerate(fields):
        parts[column] = f"X{n}"
    sentence = refused(write(tmp_path / "wrong.csv", *(",".join(parts) for parts in fields)))
    assert kind in sentence
    assert "“X5”" in sentence
    assert not Arrival.objects.exists()
    assert list(Store.objects.values_list("code", flat=True)) == ["HARB"]


def test_a_refused_file_leaves_nothing_beside_it(harbour, tmp_path, three) -> None:
    from customers.imports import places

    refused(write(tmp_path / "many.csv", *(row(f"s{n}") for n in range(4))))
    assert not places.work_folder(ImportFile.objects.get()).exists()


def test_the_database_keeps_the_bound(db) -> None:
    with connection.cursor() as cursor, pytest.raises(Exception, match="source_number"):
        cursor.execute("INSERT INTO customers_source (id, code) VALUES (30001, 'x')")
