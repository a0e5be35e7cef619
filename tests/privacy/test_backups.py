"""Backups: what was backed up comes back whole, and who was erased since does not."""

from pathlib import Path
from typing import Any

import pytest
from django.core import signing
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from crm.audit import anchors, proof, sealing, trail
from crm.backups import making, manifest, restoring
from crm.backups.making import NotEmpty
from crm.backups.manifest import DamagedBackup
from crm.backups.numbers import MARGIN
from crm.privacy import digests, erasing, erasurelog
from crm.privacy.models import Certificate
from customers.consents import links
from customers.models import Customer, Purchase
from tests import cast
from tests.platform.conftest import wait_until
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

    wait_until(lambda: databases() == set(), seconds=60)  # another test may restore just now
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
    wait_until(lambda: databases() == set(), seconds=60)  # another test may restore just now


def test_no_number_is_given_out_again(bystander: Customer, tmp_path: Path) -> None:
    """Who came after the backup is gone; a link that they hold must never lead to who comes next."""
    making.backup(tmp_path / "b", at=NOW)
    gone, numbers = cast.customer("Eve", of=None, phone="+8613911113333"), set()
    for phone in ("+8613911114444", "+8613911115555"):  # a second restore of the same backup is as safe
        numbers.add(cast.customer("Zoe", of=None, phone=phone).pk)
        link = links.preferences_token(gone)
        restoring.restore(tmp_path / "b", at=NOW, replace=True)
        new = cast.customer("Ann", of=None, phone=phone)
        assert new.pk not in {gone.pk, *numbers}
        numbers.add(new.pk)
        with pytest.raises(links.Gone):
            links.of_preferences(link)
    assert Purchase.objects.raw("SELECT nextval('customers_purchase_id_seq') AS id")[0].pk > MARGIN


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


def test_the_key_lies_apart(
    bystander: Customer, tmp_path: Path, home: Path, settings: Any, capsys: Any
) -> None:
    """Who has the folder has no key; a restore elsewhere is given it, and what it signed and digested is proven."""
    home.mkdir(parents=True, exist_ok=True)
    key = "the key of the installation that was backed up"
    settings.SECRET_KEY = key
    keeper = home / "secret_key"
    keeper.write_text(key)
    with transaction.atomic():
        trail.record("customer.change", bystander, by="system:test", changes={"name": ("Ann", "Bo")})
    sealing.seal()
    link, folder, paper = signing.dumps({"who": 1}), tmp_path / "b", tmp_path / "key-from-the-safe"
    certificate = erasing.erase(
        cast.customer("Eve", of=None, phone="+8613911113333").pk, by="system:test", at=NOW
    )
    call_command("backup", str(folder))
    assert str(keeper) in capsys.readouterr().err
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if key.encode() in path.read_bytes()]
    assert not (folder / "secret_key").exists()

    paper.write_text(key + "\n")
    settings.SECRET_KEY = "of a new machine"
    keeper.write_text(settings.SECRET_KEY)
    wrong = tmp_path / "wrong"
    wrong.write_text("something else")
    for given in ((), ("--key", str(wrong))):
        with pytest.raises(CommandError, match="key"):
            call_command("restore", str(folder), "--replace", *given)
    assert keeper.read_text() == "of a new machine"
    erasurelog.path().unlink()  # nor does the new machine know who was erased
    call_command("restore", str(folder), "--replace", "--key", str(paper))
    assert [line.key for line in erasurelog.lines()] == [certificate.key]

    assert keeper.read_text() == key
    settings.SECRET_KEY = keeper.read_text()  # the next start
    assert proof.verify().findings == []
    assert signing.loads(link) == {"who": 1}
    assert digests.matches("phone", "+8613911113333", Certificate.objects.get(key=certificate.key).digests)


def test_a_lost_key_is_no_end(bystander: Customer, tmp_path: Path, settings: Any, capsys: Any) -> None:
    call_command("backup", str(tmp_path / "b"))
    settings.SECRET_KEY = "of a new machine, that comes from the environment"
    call_command("restore", str(tmp_path / "b"), "--replace", "--key-is-lost")
    assert "are void" in capsys.readouterr().err
    assert Customer.objects.filter(pk=bystander.pk).exists()
    paper = tmp_path / "key"
    paper.write_text("only-for-the-tests")
    with pytest.raises(CommandError, match="environment"):
        call_command("restore", str(tmp_path / "b"), "--replace", "--key", str(paper))
    call_command("restore", str(tmp_path / "b"), "--rehearse", "--key", str(paper))


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
