"""Uploads and rejected rows are kept for a while: what may be resumed has its file, and the rest goes."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.audit.models import Entry
from crm.jobs import queue, runner
from crm.jobs.models import Job, State
from crm.schedule import BEAT
from customers import imports, tasks
from customers.imports import keeping, places
from customers.imports.refusals import FileGone, UnknownColumns
from customers.models import ImportFile, Purchase
from tests.customers.test_imports import HEADER, row

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    """A state folder of its own: what other tests left behind must not be swept, nor count."""
    settings.HOME = type("Home", (), {"path": tmp_path / "home"})()
    return tmp_path / "home"


@pytest.fixture
def sweep(django_capture_on_commit_callbacks: Any):
    def forget(at: datetime) -> tuple[int, int, int]:
        with django_capture_on_commit_callbacks(execute=True):
            done = keeping.forget_old(at)
        return done["uploads"], done["rejected"], done["orphans"]

    return forget


def upload(*rows: str, ended: timedelta | None = timedelta(), **options: Any) -> ImportFile:
    """An import of an upload that ended at NOW (None: it was not begun)."""
    text = "\n".join([HEADER, *(rows or (row(),))]) + "\n"
    made = imports.start(SimpleUploadedFile("r.csv", text.encode()), "receipts", by="staff:1", **options)
    if ended is not None:
        assert runner.run_until_ended(made.job).state == State.DONE
        Job.objects.filter(pk=made.job.pk).update(finished_at=NOW - ended)
    made.refresh_from_db()
    return made


def stopped(state: State) -> ImportFile:
    """An import that stopped at NOW with what it has read so far beside it."""
    made = upload(ended=None)
    (places.work_folder(made) / "parts").mkdir(parents=True)
    Job.objects.filter(pk=made.job.pk).update(state=state, finished_at=NOW)
    made.refresh_from_db()
    return made


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


def test_an_upload_goes_two_weeks_after_its_import(harbour, sweep) -> None:
    made = upload()
    path = places.path_of(made)
    assert keeping.upload_until(made) == days(14)
    assert sweep(days(13.99)) == (0, 0, 0)
    assert path.is_file()
    assert sweep(days(14)) == (1, 0, 0)
    assert not path.parent.exists()
    made.refresh_from_db()
    assert (made.removed_at, keeping.upload_until(made)) == (days(14), None)
    assert Purchase.objects.count() == 1
    assert Entry.objects.filter(action="import.forget_upload").get().actor == "system:clock"
    assert sweep(days(15)) == (0, 0, 0)


def test_the_days_are_settings(harbour, sweep, settings) -> None:
    settings.IMPORT_UPLOAD_DAYS, settings.IMPORT_REJECTED_DAYS = 3, 2
    made = upload(row(quantity="0"))
    assert (keeping.upload_until(made), keeping.rejected_until(made)) == (days(3), days(2))
    assert sweep(days(2)) == (0, 1, 0)
    assert sweep(days(3)) == (1, 0, 0)


def test_rejected_rows_stay_as_long_as_the_page_says(harbour, sweep, max_, signed_in) -> None:
    made = upload(row(quantity="0"))
    path = Path(made.rejected_path)
    assert keeping.rejected_until(made) == days(90)
    theirs = signed_in(max_)
    page = theirs.get(f"/imports/{made.pk}/").content.decode()
    assert "can be downloaded until" in page
    assert 'datetime="2026-06-08T' in page
    assert sweep(days(89)) == (1, 0, 0)
    assert theirs.get(f"/imports/{made.pk}/rejected/").status_code == 200
    assert sweep(days(90)) == (0, 1, 0)
    assert not path.exists()
    answer = theirs.get(f"/imports/{made.pk}/rejected/", follow=True)
    assert [str(notice) for notice in answer.context["messages"]] == [
        "The rejected rows are not kept any more. Import the file again to see them."
    ]
    assert "The rejected rows could be downloaded until" in answer.content.decode()
    assert f"/imports/{made.pk}/rejected/" not in answer.content.decode()


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_an_open_import_keeps_its_file(harbour, sweep, state) -> None:
    made = upload(ended=None)
    Job.objects.filter(pk=made.job.pk).update(
        state=state, lease_token="7b2d3c1e-0000-4000-8000-000000000000", lease_until=NOW
    )
    assert sweep(days(4000)) == (0, 0, 0)
    assert places.path_of(made).is_file()


@pytest.mark.parametrize("state", [State.QUARANTINED, State.CANCELLED])
def test_an_import_that_may_be_resumed_has_its_file(harbour, sweep, state, ana, signed_in) -> None:
    made = stopped(state)
    page = signed_in(ana).get(f"/imports/{made.pk}/").content.decode()
    assert "It can be resumed until" in page
    assert f"/imports/{made.pk}/resumption/" in page
    assert sweep(days(89)) == (0, 0, 0)
    imports.resume(made, by=ana)
    assert sweep(days(400)) == (0, 0, 0)
    assert runner.run_until_ended(Job.objects.get(pk=made.job.pk)).state == State.DONE
    assert Purchase.objects.count() == 1


@pytest.mark.parametrize("state", [State.QUARANTINED, State.CANCELLED])
def test_afterwards_it_is_not_resumed_and_says_so(harbour, sweep, state, ana, signed_in) -> None:
    made = stopped(state)
    assert sweep(days(90)) == (1, 0, 0)
    assert not places.path_of(made).exists()
    assert not places.work_folder(made).exists()
    with pytest.raises(FileGone):
        imports.resume(made, by=ana)
    answer = signed_in(ana).post(f"/imports/{made.pk}/resumption/", follow=True)
    assert [str(notice) for notice in answer.context["messages"]] == [
        "“r.csv” is not kept any more. Import the file again."
    ]
    page = answer.content.decode()
    assert "It cannot be resumed any more" in page
    assert f"/imports/{made.pk}/resumption/" not in page
    assert Job.objects.get(pk=made.job.pk).state == state


def test_a_file_that_was_tried_stays_as_long_as_one_of_its_imports_needs_it(harbour, sweep, ana) -> None:
    tried = upload(dry_run=True)
    made = imports.apply(tried, by=ana)
    assert made.path == tried.path
    assert sweep(days(400)) == (0, 0, 0)
    assert runner.run_until_ended(made.job).state == State.DONE
    Job.objects.filter(pk=made.job.pk).update(finished_at=days(10))
    assert sweep(days(20)) == (0, 0, 0)
    assert sweep(days(24)) == (2, 0, 0)
    with pytest.raises(FileGone):
        imports.apply(tried, by=ana)
    assert ImportFile.objects.count() == 2


def test_a_tried_file_is_imported_with_the_same_options(harbour, ana, signed_in) -> None:
    tried = upload(row(store="ELSE"), row(external_id="r2"), dry_run=True, known_stores=True)
    assert (tried.job.counts["applied"], tried.job.counts["rejected"]) == (1, 1)
    signed_in(ana).post(f"/imports/{tried.pk}/application/")
    made = ImportFile.objects.latest("pk")
    assert (made.name, made.is_dry_run, made.job.params["known_stores"]) == ("r.csv", False, True)
    runner.run_until_ended(made.job)
    assert Purchase.objects.get().external_id == "r2"


def test_a_tried_file_that_is_asked_for_twice_is_imported_once(harbour, ana, signed_in) -> None:
    tried = upload(dry_run=True)
    theirs = signed_in(ana)
    first, second = (theirs.post(f"/imports/{tried.pk}/application/") for _ in range(2))
    assert first["Location"] == second["Location"]
    assert ImportFile.objects.count() == Job.objects.count() == 2


def test_a_file_that_a_command_named_is_never_touched(harbour, sweep, tmp_path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"{HEADER}\n{row()}\n")
    made = imports.run_now(path, "receipts", by="system:command")
    assert keeping.upload_until(made) is None
    Job.objects.filter(pk=made.job.pk).update(state=State.CANCELLED, finished_at=NOW)
    assert sweep(days(4000)) == (1, 0, 0)
    assert path.is_file()


def test_a_refused_upload_leaves_nothing(harbour) -> None:
    with pytest.raises(UnknownColumns):
        imports.start(SimpleUploadedFile("r.csv", b"a,b\n1,2\n"), "receipts", by="staff:1")
    assert list(places.uploads().iterdir()) == []


def test_an_upload_that_no_import_knows_goes_after_a_day(harbour, sweep) -> None:
    kept, orphan, young = upload(), places.uploads() / "orphan", places.uploads() / "young"
    for folder, at in ((orphan, days(-2)), (young, NOW), (places.path_of(kept).parent, days(-2))):
        folder.mkdir(exist_ok=True)
        (folder / "x.csv").write_text("x")
        os.utime(folder, (at.timestamp(), at.timestamp()))
    assert sweep(NOW) == (0, 0, 1)
    assert (orphan.exists(), young.exists(), places.path_of(kept).exists()) == (False, True, True)


def test_nothing_is_left_beside_an_import_that_is_done(harbour) -> None:
    made = upload(row(), row(external_id="r2", quantity="0"))
    assert not places.work_folder(made).exists()
    assert Path(made.rejected_path).is_file()


def test_it_happens_every_night(harbour) -> None:
    assert BEAT["imports.forget_old_files"]["task"] == tasks.forget_old_files.name
    made = upload(ended=timedelta(days=4000))
    tasks.forget_old_files()
    made.refresh_from_db()
    assert made.removed_at


def test_a_cancelled_import_is_resumed_before_it_is_forgotten(harbour, ana) -> None:
    made = upload(ended=None)
    queue.cancel(made.job, by=ana)
    imports.resume(made, by=ana)
    assert Job.objects.get(pk=made.job.pk).state == State.QUEUED
