"""Seals: whatever is done to the trail past the application is named."""

import io
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from crm.audit import anchors, proof, sealing, trail, verifying
from crm.audit.models import Entry, Seal, Verification
from crm.jobs import runner
from crm.jobs.models import State

ROWS = 64
SEED = 20261126


@pytest.fixture(autouse=True)
def _own_anchors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(anchors, "place", lambda: tmp_path / "audit" / "anchors")


@contextmanager
def tampering() -> Iterator[Any]:
    """As a superuser with the triggers switched off; taken back afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        transaction.set_rollback(True)


@pytest.fixture
def sealed(db: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A trail in eight seals and more: rows of ours, of the database, and of a release before signing."""
    monkeypatch.setattr(sealing, "SEAL_ROWS", 8)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_entry (actor, action, subject, details)"
            " SELECT 'staff:1', 'store.change', 'org.store:' || n, '{}' FROM generate_series(1, 8) n"
        )
    for n in range(ROWS):
        if n % 9 == 0:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO audit_entry (actor, action, subject, details, channel)"
                    " VALUES ('database:x', 'table.update', 'customers.customer', '{\"rows\": 2}', 'database')"
                )
        if n % 13 == 5:
            with connection.cursor() as cursor:
                cursor.execute("SELECT nextval('audit_entry_id_seq')")  # a transaction that was rolled back
        trail.record(
            "customer.change", f"customers.customer:{n}", by=f"staff:{n % 3}", store_id=n % 4 or None,
            details={"fields": ["name"], "n": n}, changes={"is_stub": (False, True), "name": ("a", f"b{n}")},
        )  # fmt: skip
    sealing.seal()
    return list(Entry.objects.order_by("pk").values_list("pk", flat=True))


def named(noted: Any = ()) -> dict[str, set[int]]:
    """What the verification names: kind to numbers."""
    found: dict[str, set[int]] = {}
    for one in proof.verify(noted).findings:
        found.setdefault(one.what, set()).add(int(one.where))
    return found


def test_a_trail_that_nobody_touched_is_right(sealed: list[int]) -> None:
    report = proof.verify()
    assert (report.findings, report.faults, report.unsealed) == ([], 0, 0)
    assert report.entries == len(sealed) == Entry.objects.count()
    assert report.seals == Seal.objects.count() >= 8
    assert sealing.seal() == [], "nothing is sealed twice"


Tamper = Callable[[Any, random.Random, list[int]], tuple[set[int], set[str]]]

COLUMNS = {
    "recorded_at": "recorded_at - interval '1 microsecond'", "actor": "actor || '0'", "action": "'customer.view'",
    "subject": "'customers.customer:999'", "store_id": "coalesce(store_id, 0) + 1",
    "details": "details || '{\"n\": -1}'", "changes": "changes || '{\"is_stub\": [true, false]}'",
    "channel": "channel || 'x'", "address": "'198.51.100.7'", "agent": "'curl'", "request_id": "'r'",
    "signature": "decode(repeat('00', 32), 'hex')", "id": "id + 1000000",
}  # fmt: skip
SEAL_COLUMNS = {
    "sealed_at": "sealed_at - interval '1 day'", "count": "count + 1", "ranges": "ranges || ranges",
    "leaves": "set_byte(leaves, 3, (get_byte(leaves, 3) + 1) %% 256)", "root": "decode(repeat('ab', 32), 'hex')",
    "previous": "decode(repeat('cd', 32), 'hex')", "key": "decode('01020304', 'hex')",
    "signature": "decode(repeat('ef', 32), 'hex')",
}  # fmt: skip


def change_a_column(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    number, (column, value) = dice.choice(rows), dice.choice(list(COLUMNS.items()))
    cursor.execute(f"UPDATE audit_entry SET {column} = {value.replace('%%', '%')} WHERE id = {number}")
    return {number}, {"changed"} if column != "id" else {"missing"}


def delete_rows(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    gone = set(dice.sample(rows, dice.randint(1, 4)))
    cursor.execute("DELETE FROM audit_entry WHERE id = ANY(%s)", [list(gone)])
    return gone, {"missing"}


def insert_a_copy(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    """A row of ours, with its signature, once more."""
    names = (
        "recorded_at, actor, action, subject, store_id, details, changes, channel, address, agent, request_id"
    )
    cursor.execute(
        f"INSERT INTO audit_entry ({names}, signature) SELECT {names}, signature FROM audit_entry"
        " WHERE signature IS NOT NULL ORDER BY md5(id::text || %s) LIMIT 1 RETURNING id",
        [str(dice.random())],
    )
    return {cursor.fetchone()[0]}, {"copied"}


def insert_a_row(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    """Invented, in a gap, before everything or at the end; with no signature or one that is made up."""
    holes = sorted(set(range(min(rows), max(rows))) - set(rows))
    number = dice.choice([dice.choice(holes), min(rows) - 1, max(rows) + 1, max(rows) + 500])
    made_up = dice.choice([None, dice.randbytes(32)])
    cursor.execute(
        "INSERT INTO audit_entry (id, actor, action, subject, details, channel, signature)"
        " VALUES (%s, 'staff:1', 'customer.change', 'customers.customer:1', '{}', 'page', %s)",
        [number, made_up],
    )
    return {number}, {"forged", "inserted", "unknown_key"}


def swap_two(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    a, b = dice.sample(rows, 2)
    for old, new in ((a, -1), (b, a), (-1, b)):
        cursor.execute("UPDATE audit_entry SET id = %s WHERE id = %s", [new, old])
    return {a, b}, {"changed"}


def turn_a_run(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    at = dice.randrange(len(rows) - 4)
    run = rows[at : at + dice.randint(3, 4)]
    cursor.execute("UPDATE audit_entry SET id = -id WHERE id = ANY(%s)", [run])
    for old, new in zip(run, run[1:] + run[:1], strict=True):
        cursor.execute("UPDATE audit_entry SET id = %s WHERE id = %s", [new, -old])
    return set(run), {"changed"}


def edit_a_seal(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    number, (column, value) = dice.choice(seal_numbers()), dice.choice(list(SEAL_COLUMNS.items()))
    cursor.execute(f"UPDATE audit_seal SET {column} = {value.replace('%%', '%')} WHERE number = {number}")
    return {number}, {"seal_unknown_key"} if column == "key" else {"seal_altered"}


def delete_a_seal(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    number = dice.choice(seal_numbers())
    cursor.execute("DELETE FROM audit_seal WHERE number = %s", [number])
    return {number}, {"seal_missing", "anchor_missing"}


def insert_a_seal(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    number = max(seal_numbers()) + 1
    cursor.execute(
        "INSERT INTO audit_seal SELECT %s, sealed_at, count, ranges, leaves, root, signature, key, signature"
        " FROM audit_seal ORDER BY number DESC LIMIT 1",
        [number],
    )
    return {number}, {"seal_altered"}


def swap_seals(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    a, b = dice.sample(seal_numbers(), 2)
    for old, new in ((a, 100000), (b, a), (100000, b)):
        cursor.execute("UPDATE audit_seal SET number = %s WHERE number = %s", [new, old])
    return {a, b}, {"seal_altered"}


def cut_the_tail(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    """The last seals with all their rows, and what came after: the chain that is left is whole."""
    numbers = seal_numbers()
    gone = numbers[-dice.randint(1, len(numbers)) :]
    first = Seal.objects.get(number=gone[0]).ranges[0]
    cursor.execute("DELETE FROM audit_seal WHERE number = ANY(%s)", [gone])
    cursor.execute("DELETE FROM audit_entry WHERE id >= %s", [first])
    return set(gone), {"anchor_missing"}


def change_row_and_seal(cursor: Any, dice: random.Random, rows: list[int]) -> tuple[set[int], set[str]]:
    """A row, and the root and leaves of its seal made to fit as well as they can be without the key."""
    number = dice.choice(seal_numbers())
    one = Seal.objects.get(number=number)
    cursor.execute("UPDATE audit_entry SET actor = 'staff:0x' WHERE id = %s", [one.ranges[0]])
    leaves = dice.randbytes(16) + bytes(one.leaves)[16:]
    cursor.execute(
        "UPDATE audit_seal SET leaves = %s, root = sha256(%s) WHERE number = %s", [leaves, leaves, number]
    )
    return {number}, {"seal_altered"}


def seal_numbers() -> list[int]:
    return list(Seal.objects.order_by("number").values_list("number", flat=True))


TAMPERINGS: list[tuple[Tamper, int]] = [
    (change_a_column, 110), (delete_rows, 50), (insert_a_copy, 30), (insert_a_row, 50), (swap_two, 40),
    (turn_a_run, 20), (edit_a_seal, 40), (delete_a_seal, 15), (insert_a_seal, 5), (swap_seals, 15),
    (cut_the_tail, 15), (change_row_and_seal, 10),
]  # fmt: skip


def test_four_hundred_tamperings_are_all_named(sealed: list[int]) -> None:
    dice, done = random.Random(SEED), 0
    for tamper, times in TAMPERINGS:
        for _time in range(times):
            with tampering() as cursor:
                touched, kinds = tamper(cursor, dice, sealed)
                found = named()
            told = set().union(*(numbers for kind, numbers in found.items() if kind in kinds))
            assert touched <= told, f"{tamper.__name__}: {touched} of {kinds}, found {found}"
            done += 1
    assert done == 400
    assert named() == {}


@pytest.mark.parametrize("column", sorted(COLUMNS))
def test_a_change_of_each_column_is_named_alone(sealed: list[int], column: str) -> None:
    number = sealed[len(sealed) // 2]
    with tampering() as cursor:
        cursor.execute(f"UPDATE audit_entry SET {column} = {COLUMNS[column]} WHERE id = {number}")
        found = named()
    assert found.pop("missing" if column == "id" else "changed") == {number}
    assert found in ({}, {"copied": {number}}, {"forged": {number + 1000000}}) or column == "id"


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in ("id", "signature")])
def test_before_it_is_sealed_a_change_shows_by_the_rows_own_signature(sealed: list[int], column: str) -> None:
    entry = trail.record(
        "customer.change", "customers.customer:1", by="staff:1", store_id=1, details={"n": 1}
    )
    with tampering() as cursor:
        cursor.execute(f"UPDATE audit_entry SET {column} = {COLUMNS[column]} WHERE id = {entry.pk}")
        assert named() == {"forged": {entry.pk}}
    assert named() == {}


def test_what_was_slipped_in_before_the_seal_is_named_after_it(sealed: list[int]) -> None:
    """The sealer seals what it finds: the signature still tells what is ours."""
    with tampering() as cursor:
        cursor.execute(
            "INSERT INTO audit_entry (actor, action, subject, details, channel, signature) VALUES"
            " ('staff:1', 'store.change', 'org.store:1', '{}', 'page', NULL),"
            " ('staff:1', 'store.change', 'org.store:1', '{}', '', NULL),"
            " ('staff:1', 'store.change', 'org.store:1', '{}', 'page', %s) RETURNING id",
            [bytes(32)],
        )
        slipped = [row[0] for row in cursor.fetchall()]
        (seal,) = sealing.seal()
        assert seal.count == 3
        found = named()
        assert found == {"forged": set(slipped[:2]), "unknown_key": {slipped[2]}}
        entry = Entry.objects.get(pk=slipped[0])
        assert proof.state_of(entry) == (seal, False)


def test_a_row_that_commits_late_is_sealed_late_and_is_no_fraud(sealed: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('audit_entry_id_seq')")
        early = cursor.fetchone()[0]
    trail.record("store.change", "org.store:1", by="staff:1")
    (first,) = sealing.seal()
    assert early not in range(first.ranges[0], first.ranges[-1] + 1)
    late = trail.record("store.change", "org.store:2", by="staff:2")
    with tampering() as cursor:
        cursor.execute("UPDATE audit_entry SET id = %s WHERE id = %s", [early, late.pk])
        assert named() == {}
        (second,) = sealing.seal()
        assert second.ranges == [early, early]
        assert named() == {}
        # A day later nobody writes below what is sealed any more.
        cursor.execute("DELETE FROM audit_seal WHERE number = %s", [second.number])
        _age(cursor)
        assert named()["inserted"] == {early}


def _age(cursor: Any) -> None:
    """All seals are two days old, signed anew as the sealer would have signed them then."""
    from crm.audit.keys import current

    previous = sealing.BEGINNING
    for one in Seal.objects.order_by("number"):
        one.sealed_at = one.sealed_at - timedelta(days=2)
        one.previous = previous
        previous = one.signature = sealing.sign(one, current())
        cursor.execute(
            "UPDATE audit_seal SET sealed_at = %s, previous = %s, signature = %s WHERE number = %s",
            [one.sealed_at, one.previous, one.signature, one.number],
        )


def test_a_noted_anchor_shows_what_the_file_cannot(sealed: list[int]) -> None:
    last = Seal.objects.get(number=seal_numbers()[-1])
    noted = anchors.parse(sealing.anchor(last))
    assert noted is not None and noted.fits(last)
    with tampering() as cursor:
        anchors.place().unlink()
        cursor.execute("DELETE FROM audit_entry WHERE id >= %s", [last.ranges[0]])
        cursor.execute("DELETE FROM audit_seal WHERE number = %s", [last.number])
        assert named() == {}, "what is left is whole"
        assert named([noted]) == {"anchor_missing": {last.number}}
        trail.record("store.change", "org.store:1", by="staff:1")
        sealing.seal()
        assert named([noted]) == {"anchor_differs": {last.number}}


def test_the_file_of_anchors_is_thinned_and_readable_by_its_owner_alone(sealed: list[int]) -> None:
    assert [one.number for one in anchors.kept()] == seal_numbers()
    assert anchors.place().stat().st_mode & 0o777 == 0o600
    days = [anchors.Anchor(n, f"{n:032x}", f"2026-03-{1 + n // 50:02d}T00:00:00+00:00") for n in range(300)]
    thinned = anchors._thinned(days)
    assert [one.number for one in thinned[:-100]] == [49, 99, 149, 199]
    assert thinned[-100:] == days[-100:]


def test_the_command_names_what_is_wrong_and_fails(sealed: list[int]) -> None:
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert "0 faults" in out.getvalue() and "Anchor: " in out.getvalue()
    number = sealed[5]
    with tampering() as cursor:
        cursor.execute("UPDATE audit_entry SET actor = 'x' WHERE id = %s", [number])
        out = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("verify_audit", "--json", stdout=out)
        report = json.loads(out.getvalue())
    assert ended.value.code == 1
    assert [(one["what"], one["where"]) for one in report["findings"]] == [("changed", str(number))]
    assert Verification.objects.get().faults == 0, "the one that was rolled back is gone"


@pytest.mark.django_db(transaction=True)
def test_two_hundred_writers_do_not_fork_it() -> None:
    """They write beside several sealers, take their time, and some change their mind."""
    room, stop, errors = threading.Semaphore(60), threading.Event(), []

    def write(n: int) -> None:
        dice = random.Random(n)
        with room:
            try:
                for turn in range(3):
                    with transaction.atomic():
                        trail.record("customer.change", f"customers.customer:{n}", by=f"staff:{turn}")
                        time.sleep(dice.random() / 50)
                        trail.record("customer.change", f"customers.customer:{n}", by=f"staff:{turn}")
                        if dice.random() < 0.2:
                            transaction.set_rollback(True)
            except Exception as error:  # noqa: BLE001  told below
                errors.append(error)
            finally:
                connection.close()

    def go_on_sealing() -> None:
        try:
            while not stop.wait(0.01):
                sealing.seal()
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    sealers = [threading.Thread(target=go_on_sealing) for _n in range(3)]
    writers = [threading.Thread(target=write, args=[n]) for n in range(200)]
    for thread in [*sealers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sealers:
        thread.join()
    sealing.seal()
    assert errors == []
    report = proof.verify()
    assert (report.findings, report.unsealed) == ([], 0)
    assert report.entries == Entry.objects.count() > 800
    covered = [
        n for one in Seal.objects.all() for a, b in sealing.ranges_of(one.ranges) for n in range(a, b + 1)
    ]
    assert sorted(covered) == list(Entry.objects.order_by("pk").values_list("pk", flat=True)), (
        "each in one seal"
    )
    assert seal_numbers() == list(range(1, len(seal_numbers()) + 1))
    assert datetime.now(UTC) - Seal.objects.latest("number").sealed_at < timedelta(minutes=5)


@pytest.mark.django_db(transaction=True)
def test_verifying_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two reports of progress the job's row is free, and says how far it is."""
    with transaction.atomic():
        for n in range(5):
            trail.record("customer.change", f"customers.customer:{n}", by="system:test")
    asked = verifying.ask(by="system:test")
    seen: list[int] = []
    verify = proof.verify

    def looking(noted: Any = (), told: Any = None) -> Any:
        def also(rows: int) -> None:
            told(rows)
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("SELECT done FROM jobs_job WHERE id = %s FOR UPDATE NOWAIT", [asked.pk])
                seen.append(cursor.fetchone()[0])
            other.close()

        return verify(noted, also)

    monkeypatch.setattr(verifying, "EVERY", 1)
    monkeypatch.setattr(proof, "verify", looking)
    assert runner.run_until_ended(asked).state == State.DONE
    assert seen and seen == sorted(seen) and seen[-1] > 0


def test_a_seal_of_another_course_of_things_is_named(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal that we did sign, of a copy of the database in which something else was done, is not of this chain."""

    def act(number: int) -> None:
        trail.record("customer.change", f"customers.customer:{number}", by="staff:1")

    act(1)
    sealing.seal()
    with tampering(), monkeypatch.context() as elsewhere:
        elsewhere.setattr(anchors, "keep", lambda made: None)
        act(2)
        sealing.seal()
        (other,) = Seal.objects.filter(number=2).values(
            "sealed_at", "count", "ranges", "leaves", "root", "signature"
        )
        rows = list(Entry.objects.filter(subject="customers.customer:2").values())
    for number in (3, 4):
        act(number)
        sealing.seal()
    assert named() == {}
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE subject = 'customers.customer:3'")
        Entry.objects.bulk_create([Entry(**row) for row in rows])
        Seal.objects.filter(number=2).update(**other)
        assert 3 in named().get("seal_altered", set()), "the next seal names the one that stood before it"
