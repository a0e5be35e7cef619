"""An import that is killed at its very end ends all the same; so does one whose earlier attempt still lives."""

from pathlib import Path
from typing import Any

import pytest

from crm.jobs import queue, runner
from crm.jobs.claim import Claim, LeaseLost
from crm.jobs.models import Job, State
from customers import imports
from customers.imports import places
from customers.imports.receipt_job import ReceiptsImport
from customers.models import ImportFile, Purchase
from tests.customers.test_imports import HEADER, row

pytestmark = pytest.mark.django_db
PEOPLE = "number,phone\nc1,13800138000\nc2,not a phone\n"
RECEIPTS = "\n".join([HEADER, row(), row(external_id="r2", amount="x")]) + "\n"


class Killed(BaseException):
    """As kill -9: nothing behind it runs."""


@pytest.fixture
def begun(tmp_path: Path, settings: Any):
    settings.HOME = type("Home", (), {"path": tmp_path / "home"})()

    def begin(kind: str, text: str) -> ImportFile:
        path = tmp_path / f"{kind}.csv"
        path.write_text(text)
        return imports.start(path, kind, by="staff:1")

    return begin


@pytest.mark.parametrize(("kind", "text"), [("receipts", RECEIPTS), ("customers", PEOPLE)])
def test_killed_between_the_last_commit_and_the_end(
    kind: str, text: str, begun: Any, harbour: Any, irina: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = begun(kind, text)

    def killed(_claim: Claim) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(runner, "_finish", killed)
        runner.run(file.job_id)
    file.refresh_from_db()
    told, counts = Path(file.rejected_path).read_bytes(), dict(file.job.counts)
    assert file.job.state == State.RUNNING
    assert counts["rejected"] > 0
    Job.objects.filter(pk=file.job_id).update(lease_until="2020-01-01T00:00Z")

    assert runner.run(file.job_id)
    file.refresh_from_db()
    assert (file.job.state, file.job.counts) == (State.DONE, counts)
    assert Path(file.rejected_path).read_bytes() == told
    assert not places.work_folder(file).exists()


def test_who_was_given_up_does_not_touch_what_the_successor_reads(
    begun: Any, harbour: Any, irina: Any
) -> None:
    file = begun("receipts", RECEIPTS)
    first = Claim(*_claimed(file))
    given_up = ReceiptsImport(first, file)
    Job.objects.filter(pk=file.job_id).update(lease_until="2020-01-01T00:00Z")
    second = Claim(*_claimed(file))
    successor = ReceiptsImport(second, file)
    successor._read()
    with pytest.raises(LeaseLost):
        given_up.run()
    assert given_up.folder != successor.folder
    successor.run()
    assert second.counts["applied"] == 1
    assert Purchase.objects.count() == 1


def _claimed(file: ImportFile) -> Any:
    found = queue.claim(file.job_id)
    assert found is not None
    return found
