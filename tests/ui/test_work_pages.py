"""Nights, imports, quarantine: long work on the screen."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from crm.jobs import runner
from crm.jobs.models import Job, State, Step
from crm.org.models import Staff, Store
from customers import nights
from customers.models import Arrival, ArrivalKind, Customer, ImportFile
from customers.receiving import quarantine
from tests import cast

Browser = Callable[[Staff], Client]
HEAD = "external_id,store,occurred_at,product,quantity,amount,customer_kind,customer_value\n"


def test_a_night_is_asked_for_and_runs(max_: Staff, irina: Customer, signed_in: Browser) -> None:
    cast.purchase(irina, at=Store.objects.get(), on="2026-03-02")
    theirs = signed_in(max_)
    assert "No night yet" in theirs.get("/nights/").content.decode()
    assert theirs.post("/nights/run/", {"on": "2026-03-09"}).status_code == 303
    job = Job.objects.get(kind=nights.KIND)
    live = theirs.get(f"/nights/{job.pk}/?live=1").content.decode()
    assert 'hx-trigger="every 2s"' in live
    assert runner.run_until_ended(job).state == State.DONE
    ended = theirs.get(f"/nights/{job.pk}/?live=1")
    live = ended.content.decode()
    assert ended["HX-Trigger"] == "night-ended"
    assert "hx-trigger" not in live
    for words in ("Purchases by customer", "RFM scores", "18 of 18 steps"):
        assert words in live
    assert "2026-03-09" in theirs.get("/nights/").content.decode()


@pytest.mark.parametrize("on", ["", "2026-13-40", "2999-01-01"])
def test_a_wrong_date_is_told_in_the_dialog(max_: Staff, signed_in: Browser, on: str) -> None:
    answer = signed_in(max_).post("/nights/run/", {"on": on})
    assert answer.status_code == 422
    assert "data-open" in answer.content.decode()
    assert 'class="errors"' in answer.content.decode() or 'role="alert"' in answer.content.decode()
    assert not Job.objects.exists()


def test_a_night_that_was_put_aside_is_resumed(max_: Staff, signed_in: Browser, chain: Any) -> None:
    job = Job.objects.create(
        kind=nights.KIND, key="2026-03-09", state=State.QUARANTINED, error="ValueError: dragons"
    )
    theirs = signed_in(max_)
    page = theirs.get("/nights/").content.decode()
    assert "ValueError: dragons" in page
    theirs.post(f"/nights/{job.pk}/resumption/", {"next": "/nights/"})
    job.refresh_from_db()
    assert job.state == State.QUEUED
    theirs.post(f"/nights/{job.pk}/cancellation/", {"next": "https://evil.example/"})
    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_a_running_step_says_how_far_it_is(noor: Staff, signed_in: Browser) -> None:
    now = timezone.now()
    job = Job.objects.create(
        kind=nights.KIND, key="2026-03-09", state=State.RUNNING, started_at=now - timedelta(seconds=5),
        lease_token="7b2d3c1e-0000-4000-8000-000000000000", lease_until=now + timedelta(minutes=1),
    )  # fmt: skip
    Step.objects.create(job=job, position=0, name="rfm", state=State.RUNNING, done=1500, total=6000)
    live = signed_in(noor).get(f"/nights/{job.pk}/?live=1").content.decode()
    assert '<progress class="bar-line" value="1500" max="6000"></progress>' in live
    assert "1,500 / 6,000" in live
    assert "Stop" not in live  # an analyst looks on


def upload(theirs: Client, text: str | bytes, **more: str) -> Any:
    data = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile("../../receipts 1.csv", data, "text/csv")
    return theirs.post("/imports/new/", {"kind": "receipts", "file": file, **more})


@pytest.mark.parametrize("length", [80, 90, 190])
def test_a_long_chinese_name_is_no_obstacle(
    max_: Staff, irina: Customer, signed_in: Browser, length: int
) -> None:
    """Disks count bytes, three a character, and allow 255."""
    theirs, name = signed_in(max_), "数" * length
    text = HEAD + "U1,HARB,never,SKU1,1,10.00,member,M0001\n"
    upload = SimpleUploadedFile(f"{name}.csv", text.encode(), "text/csv")
    assert theirs.post("/imports/new/", {"kind": "receipts", "file": upload}).status_code == 303
    file = ImportFile.objects.get()
    runner.run_until_ended(file.job)
    file.refresh_from_db()
    assert (file.job.state, file.name) == (State.DONE, f"{name}.csv")
    answer = theirs.get(f"/imports/{file.pk}/rejected/")
    assert quote(f"{name}-rejected.csv") in answer["Content-Disposition"]
    assert b"date_impossible" in b"".join(answer.streaming_content)


def test_rows_are_applied_known_or_rejected(max_: Staff, irina: Customer, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    rows = "U1,HARB,2026-03-01T10:00:00+08:00,SKU1,1,10.00,member,M0001\n" * 1
    answer = upload(theirs, HEAD + rows + "U2,HARB,never,SKU1,1,10.00,member,M0001\n")
    file = ImportFile.objects.get()
    assert answer["Location"] == f"/imports/{file.pk}/"
    assert file.job is not None
    assert 'hx-trigger="every 1s"' in theirs.get(f"/imports/{file.pk}/?live=1").content.decode()
    runner.run_until_ended(file.job)
    page = theirs.get(f"/imports/{file.pk}/")
    counts = page.context["counts"]
    assert (counts["rows"], counts["applied"], counts["duplicates"], counts["rejected"]) == (2, 1, 0, 1)
    assert counts["rows"] == counts["applied"] + counts["duplicates"] + counts["rejected"]
    rejected = b"".join(theirs.get(f"/imports/{file.pk}/rejected/").streaming_content).decode("utf-8-sig")
    assert "never" in rejected or rejected.splitlines()[1].startswith("3,")
    assert (Path(file.path).name, file.name) == ("upload.csv", "receipts 1.csv")


def test_a_chain_that_has_entered_its_stores_refuses_others_rows(
    max_: Staff, irina: Customer, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    assert theirs.get("/imports/new/").context["form"]["known_stores"].value() is True
    text = (
        HEAD
        + "U1,ELSE,2026-03-01T10:00:00+08:00,SKU1,1,10.00,,\nU2,HARB,2026-03-01T10:00:00+08:00,SKU1,1,10.00,,\n"
    )
    upload(theirs, text, known_stores="on")
    file = ImportFile.objects.get()
    assert file.job is not None
    runner.run_until_ended(file.job)
    page = theirs.get(f"/imports/{file.pk}/")
    assert (page.context["counts"]["applied"], page.context["counts"]["rejected"]) == (1, 1)
    assert "Rows of stores that nobody has entered are rejected." in page.content.decode()
    rejected = b"".join(theirs.get(f"/imports/{file.pk}/rejected/").streaming_content).decode("utf-8-sig")
    assert rejected.splitlines()[1].startswith("2,store_unknown,store: no store of this chain has this code.")
    assert not Store.objects.filter(code="ELSE").exists()


def test_a_chain_without_stores_lets_its_first_file_name_them(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    Store.objects.create(code="STUB", name="STUB", timezone="Asia/Shanghai", is_stub=True)
    assert theirs.get("/imports/new/").context["form"]["known_stores"].value() is False
    upload(theirs, HEAD + "U1,ELSE,2026-03-01T10:00:00+08:00,SKU1,1,10.00,,\n")
    file = ImportFile.objects.get()
    assert file.job is not None
    runner.run_until_ended(file.job)
    assert Store.objects.get(code="ELSE").is_stub


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty"),
        (b"PK\x03\x04" + b"\x00" * 200, ""),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_at_once(
    max_: Staff, signed_in: Browser, text: str | bytes, sentence: str
) -> None:
    answer = upload(signed_in(max_), text)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not ImportFile.objects.exists()


def test_a_regional_manager_sees_imports_and_no_rows(
    max_: Staff, rosa: Staff, irina: Customer, signed_in: Browser
) -> None:
    upload(signed_in(max_), HEAD + "U2,HARB,never,SKU1,1,10.00,member,M0001\n")
    file = ImportFile.objects.get()
    assert file.job is not None
    runner.run_until_ended(file.job)
    assert signed_in(rosa).get(f"/imports/{file.pk}/").status_code == 200
    assert signed_in(rosa).get(f"/imports/{file.pk}/rejected/").status_code == 403
    assert signed_in(rosa).get("/imports/new/").status_code == 403


def test_the_quarantine_is_listed_by_scope_and_replayed(
    ana: Staff, rosa: Staff, mill: Store, harbour: Store, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = cast.set_aside("R-1", at=harbour), cast.set_aside("R-2", at=mill)
    html = signed_in(rosa).get("/quarantine/").content.decode()
    assert "R-1" in html
    assert "R-2" not in html
    assert "brings back more than the receipt has left" in html
    assert signed_in(rosa).post(f"/quarantine/{ours.pk}/replay/").status_code == 403
    replayed: list[int] = []

    def replay(arrival: Arrival, *, by: Any) -> Any:
        replayed.append(arrival.pk)
        return arrival.state

    monkeypatch.setattr(quarantine, "replay", replay)
    assert signed_in(ana).post(f"/quarantine/{other.pk}/replay/").status_code == 303
    assert replayed == [other.pk]


def test_the_quarantine_names_nobody(ana: Staff, harbour: Store, signed_in: Browser) -> None:
    aside = cast.set_aside("R-1", at=harbour)
    Arrival.objects.filter(pk=aside.pk).update(
        raw={"customer": {"kind": "phone", "value": "+8613800138000"}, "lines": [1]}
    )
    html = signed_in(ana).get("/quarantine/").content.decode()
    assert "13800138000" not in html


def test_a_replay_that_is_refused_tells_why(ana: Staff, harbour: Store, signed_in: Browser) -> None:
    aside = cast.set_aside("R-1", at=harbour)
    raw = {
        "source": "pos-1", "external_id": "R-1", "store": "NOWHERE", "occurred_at": "2026-03-02T12:00:00+08:00",
        "lines": [{"line": 1, "product": "SKU1", "quantity": "1", "amount": "10.00"}],
    }  # fmt: skip
    Arrival.objects.filter(pk=aside.pk).update(kind=ArrivalKind.RECEIPT, reason="unknown_store", raw=raw)
    page = signed_in(ana).post(f"/quarantine/{aside.pk}/replay/", follow=True)
    [notice] = page.context["messages"]
    assert str(notice) == "It stays set aside: “NOWHERE” is no store of this chain."
