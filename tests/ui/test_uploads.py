"""Files that come in through a page: to the disk and not to memory, from people of ours, up to a size that is said."""

import errno
import os
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client

from crm.org.models import Staff, Store
from crm.ui import uploads
from customers.imports import keeping, places
from customers.models import ImportFile

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
HEAD = "external_id,store,occurred_at,product,quantity,amount\n"
LARGE = (
    HEAD + "U1,HARB,2026-03-01T10:00:00+08:00,SKU1,1,10.00\n" * 80_000
).encode()  # 3.8 MB: not kept in memory


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    settings.HOME = type("Home", (), {"path": tmp_path / "home"})()
    return tmp_path / "home"


def send(theirs: Client, content: bytes = LARGE, to: str = "/imports/new/", **more: str) -> Any:
    file = SimpleUploadedFile("receipts.csv", content, "text/csv")
    return theirs.post(to, {"kind": "receipts", "file": file, "dry_run": "on", **more})


def left(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def test_a_large_file_is_moved_to_its_place(
    max_: Staff, harbour: Store, signed_in: Browser, home: Path
) -> None:
    assert send(signed_in(max_)).status_code == 303
    file = ImportFile.objects.get()
    assert places.path_of(file).read_bytes() == LARGE
    assert left(home) == [places.path_of(file)]
    assert places.path_of(file).stat().st_mode & 0o777 == 0o600


def test_one_that_is_too_large_is_told_in_the_form_and_what_was_typed_is_kept(
    max_: Staff, harbour: Store, signed_in: Browser, home: Path, settings: Any
) -> None:
    settings.UPLOAD_MOST_MB = 3
    answer = send(signed_in(max_), known_stores="on")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "A file may have 3.0\xa0MB here." in page
    assert f'data-largest="{3 << 20}"' in page
    form = answer.context["form"]
    assert (form["dry_run"].value(), form["known_stores"].value()) == (True, True)
    assert not ImportFile.objects.exists()
    assert left(home) == []


def test_a_full_disk_is_told_before_anything_is_written(
    max_: Staff, harbour: Store, signed_in: Browser, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _path: usage(10**12, 10**12, uploads.SPARE))
    answer = send(signed_in(max_))
    assert answer.status_code == 422
    assert "not enough room" in answer.content.decode()
    assert left(home) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(
    max_: Staff, harbour: Store, signed_in: Browser, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Any, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TemporaryUploadedFile, "write", full, raising=False)
    answer = send(signed_in(max_))
    assert answer.status_code == 422
    assert "Nothing of it was kept." in answer.content.decode()
    assert not ImportFile.objects.exists()
    assert left(home) == []


@pytest.mark.parametrize("address", ["/imports/new/", "/accounts/login/", "/counter/find/"])
def test_strangers_write_nothing(harbour: Store, home: Path, address: str) -> None:
    send(Client(), to=address)
    assert not (home / "incoming").exists()


def test_a_refused_file_is_removed(max_: Staff, harbour: Store, signed_in: Browser, home: Path) -> None:
    answer = send(signed_in(max_), b"PAR1" + LARGE)
    assert answer.status_code == 422
    assert "no whole Parquet file" in answer.content.decode()
    assert left(home) == []


def test_what_a_killed_process_left_is_swept(home: Path) -> None:
    at = datetime(2026, 3, 10, 4, tzinfo=UTC)
    incoming = home / "incoming"
    incoming.mkdir(parents=True)
    for name, age in (("old", timedelta(days=2)), ("young", timedelta(hours=2))):
        (incoming / name).write_bytes(b"x")
        os.utime(incoming / name, ((at - age).timestamp(),) * 2)
    assert keeping.forget_old(at)["orphans"] == 1
    assert [path.name for path in left(home)] == ["young"]
