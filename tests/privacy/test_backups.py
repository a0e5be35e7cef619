"""Backups: what was backed up comes back whole, and who was erased since does not."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from crm.audit import anchors, proof, sealing, trail
from crm.backups import making, manifest, restoring
from crm.backups.making import NotEmpty
from crm.backups.manifest import DamagedBackup
from crm.privacy import erasing, erasurelog
from crm.privacy.models import Certificate
from customers.models import Customer, Purchase
from tests.privacy import canary as birds
from tests.privacy.canary import Canary

pytestmark = pytest.mark.django_db(transaction=True)
NOW = birds.NOW


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'regulars_restored_%%'")
        return {row[0] for row in cursor.fetchall()}


def test_who_was_erased_after_the_backup_does_not_come_back(canary: Canary, tmp_path: Path) -> None:
    making.backup(tmp_path / "b", at=NOW)
    receipts = Purchase.objects.count()
    certificate = erasing.erase(canary.customer.pk, by="system:test", at=NOW)

    with restoring.ready(tmp_path / "b", at=NOW) as restored:
        assert restored.replayed == {"erased": 1, "not_there": 0}
        assert birds.songs_in(birds.dump(restored.database)) == []
        found = {
            str(path): birds.songs_in(path.read_bytes())
            for path in restored.files.rglob("*")
            if path.is_file()
        }
        assert {path: songs for path, songs in found.items() if songs} == {}
        assert str(certificate.key).encode() in birds.dump(restored.database)

    assert databases() == set()
    assert Purchase.objects.count() == receipts
    assert Certificate.objects.count() == 1


def test_a_restore_takes_the_place_of_what_is_here(canary: Canary, tmp_path: Path, home: Path) -> None:
    made = making.backup(tmp_path / "b", at=NOW)
    assert made.rows["customers_customer"] == Customer.objects.count()
    files = birds.files()
    Customer.objects.filter(pk=canary.customer.pk).update(name="Somebody Else")
    with pytest.raises(NotEmpty):
        restoring.restore(tmp_path / "b", at=NOW)
    assert Customer.objects.get(pk=canary.customer.pk).name == "Somebody Else"

    restoring.restore(tmp_path / "b", at=NOW, replace=True)

    assert Customer.objects.get(pk=canary.customer.pk).name == birds.NAME
    assert birds.files() == files
    assert databases() == set()


def test_a_changed_missing_or_added_file_is_noticed(canary: Canary, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    making.backup(folder, at=NOW)
    dump = folder / manifest.DATABASE
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-1] + b"\0\0")
    with pytest.raises(DamagedBackup, match="checksum"):
        restoring.rehearse(folder, at=NOW)
    dump.unlink()
    with pytest.raises(DamagedBackup, match="missing"):
        restoring.rehearse(folder, at=NOW)
    dump.write_bytes(whole)
    (folder / "more").write_text("")
    with pytest.raises(DamagedBackup, match="does not belong"):
        restoring.rehearse(folder, at=NOW)
    (folder / "more").unlink()
    assert restoring.rehearse(folder, at=NOW).manifest.rows == manifest.read(folder).rows


def test_the_commands(bystander: Customer, tmp_path: Path, capsys: Any) -> None:
    folder = str(tmp_path / "b")
    call_command("backup", folder)
    with pytest.raises(CommandError, match="not empty"):
        call_command("backup", folder)
    call_command("restore", folder, "--rehearse")
    assert "could be restored" in capsys.readouterr().out
    with pytest.raises(CommandError, match="--replace"):
        call_command("restore", folder)
    call_command("erase_customer", bystander.public_id, "--yes")
    key = capsys.readouterr().out.strip().splitlines()[-1]
    assert str(Certificate.objects.get().key) == key
    assert [str(line.key) for line in erasurelog.lines()] == [key]
    call_command("restore", folder, "--replace")
    assert "1 later erasures" in capsys.readouterr().out
    assert Customer.objects.get(pk=bystander.pk).name == ""


def test_after_a_restore_the_trail_is_whole_and_what_was_altered_is_still_found(
    bystander: Customer, tmp_path: Path
) -> None:
    sealing.seal()
    making.backup(tmp_path / "b", at=NOW)
    before = anchors.kept()
    with transaction.atomic():
        trail.record("customer.export", bystander, by="system:test")
    (later,) = sealing.seal()
    assert [one.number for one in anchors.kept()] == [*(one.number for one in before), later.number]

    restored = restoring.restore(tmp_path / "b", at=NOW, replace=True)

    assert restored.anchors is not None
    assert f" {later.number}:" in restored.anchors.read_text()
    assert anchors.kept() == before
    with transaction.atomic():
        trail.record("customer.export", bystander, by="system:test")
    (again,) = sealing.seal()
    assert again.number == later.number
    assert proof.verify().findings == []
    place = anchors.place()
    place.write_text(place.read_text().replace(f" {before[-1]}", f" {before[-1].number}:{'0' * 32}"))
    assert [one.what for one in proof.verify().findings] == ["anchor_differs"]
