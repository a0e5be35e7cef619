"""Undoing an import: what it wrote goes, what came since stays; killed, it goes on."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from crm.jobs import runner
from crm.jobs.models import State
from crm.org.models import Staff, Store
from crm.privacy import erasing
from customers import contacts, imports, profile
from customers.imports import customer_job, journal, keeping, places, undoing
from customers.models import Customer, CustomField, FieldKind, Identity, ImportChange, ImportFile, NameKey
from tests import cast
from tests.night.helpers import run_night

STATE = """
SELECT c.id, c.name, c.gender, c.birthday, c.occupation, c.household, c.household_size, c.home_store_id, c.is_stub,
       c.enrolled_at, (SELECT array_agg(kind || value || is_primary ORDER BY kind, value) FROM customers_identity i
       WHERE i.customer_id = c.id), (SELECT array_agg(tag_id ORDER BY tag_id) FROM customers_customertag t
       WHERE t.customer_id = c.id), (SELECT array_agg(key ORDER BY key) FROM customers_namekey k
       WHERE k.customer_id = c.id)
FROM customers_customer c ORDER BY c.id
"""


def state() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        return cursor.fetchall()


def brought(tmp_path: Path, text: str, **options: Any) -> ImportFile:
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")
    return imports.run_now(path, "customers", by="system:test", **options)


def undone(file: ImportFile, by: Any) -> dict[str, int]:
    undoing.undo(file, by=by, at=now())
    file.refresh_from_db()
    assert file.undo_job is not None
    job = runner.run_until_ended(file.undo_job)
    assert job.state == State.DONE, job.error
    file.refresh_from_db()
    assert file.undone_at is not None
    return job.counts


PEOPLE = """number,name,phone,email,occupation,tags,home_store
,Irina Petrova-Novak,+8613800138000,irina@work.example,baker,VIP;Bread,HARB
M1002,Ivan Novak,+8613900139001,,,New,HARB
,,+8613900139001,,smith,,
M1003,Bo Li,+8613900139002,,,,UPTN
"""


@pytest.fixture
def people(irina: Customer, harbour: Store, uptown: Store, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(customer_job, "PIECE_ROWS", 2)
    cast.customer("Ann Ray", of=uptown, phone="+8613900139009")
    return state()


def test_undone_the_tables_say_what_they_said(people: list[Any], ana: Staff, tmp_path: Path) -> None:
    file = brought(tmp_path, PEOPLE)
    assert file.job is not None and file.job.counts["new"] == 2
    assert state() != people
    run_night(date(2026, 3, 10))  # what is worked out of them goes with them
    assert undone(file, ana) == {"restored": 2, "partly": 0, "removed": 2, "kept": 0, "erased": 0}
    assert state() == people


def test_what_came_since_stays(
    people: list[Any], irina: Customer, ana: Staff, harbour: Store, tmp_path: Path
) -> None:
    file = brought(tmp_path, PEOPLE)
    ivan, bo = (Customer.objects.get(name=name) for name in ("Ivan Novak", "Bo Li"))
    cast.purchase(ivan, at=harbour, on=date(2026, 3, 1))
    profile.change(irina.pk, {"occupation": "poet"}, by=ana)
    assert undone(file, ana) == {"restored": 1, "partly": 1, "removed": 1, "kept": 1, "erased": 0}
    irina.refresh_from_db()
    ivan.refresh_from_db()
    assert (irina.name, irina.occupation) == ("Irina Petrova", "poet")
    assert (ivan.name, ivan.occupation) == (
        "Ivan Novak",
        "",
    )  # bought since: stays, as the file's first row told
    assert Identity.objects.filter(customer=ivan, value="M1002").exists()
    assert not Customer.objects.filter(pk=bo.pk).exists()


def test_who_was_erased_since_is_counted(
    people: list[Any], irina: Customer, ana: Staff, tmp_path: Path
) -> None:
    """Nothing comes back of them, and the numbers add up to what the import had written."""
    file = brought(tmp_path, PEOPLE)
    erasing.erase(irina.pk, by="system:test", at=now())
    erasing.erase(Customer.objects.get(name="Bo Li").pk, by="system:test", at=now())
    assert undone(file, ana) == {"restored": 1, "partly": 0, "removed": 1, "kept": 0, "erased": 2}
    assert undoing.written(file) == 4
    irina.refresh_from_db()
    assert (irina.name, irina.occupation) == ("", "")


def test_a_customer_edited_since_stays_whole(people: list[Any], ana: Staff, tmp_path: Path) -> None:
    file = brought(tmp_path, PEOPLE)
    bo = Customer.objects.get(name="Bo Li")
    profile.change(bo.pk, {"name": "Bob Li"}, by=ana)
    undone(file, ana)
    bo.refresh_from_db()
    assert bo.name == "Bob Li"
    assert Identity.objects.filter(customer=bo).count() == 2
    assert NameKey.objects.filter(customer=bo, key="bobli").exists()


def test_a_stub_that_the_file_enrolled_is_one_again(harbour: Store, ana: Staff, tmp_path: Path) -> None:
    stub = cast.customer("", of=harbour, phone="+8613900139005", is_stub=True, enrolled_at=None)
    before = state()
    file = brought(tmp_path, "name,phone\nKim,+8613900139005\n")
    stub.refresh_from_db()
    assert not stub.is_stub
    undone(file, ana)
    assert state() == before


def test_two_imports_are_undone_in_any_order(people: list[Any], ana: Staff, tmp_path: Path) -> None:
    first = brought(tmp_path, "number,name,phone,occupation\n,,+8613800138000,baker\n")
    second = brought(tmp_path, "phone,occupation\n+8613800138000,poet\n")
    undone(first, ana)
    assert Customer.objects.get(name="Irina Petrova").occupation == "poet"  # told by the second since
    undone(second, ana)
    assert Customer.objects.get(name="Irina Petrova").occupation == ""  # as before both


def test_undone_once_within_thirty_days(people: list[Any], ana: Staff, tmp_path: Path) -> None:
    file = brought(tmp_path, PEOPLE)
    with pytest.raises(undoing.CannotUndo):
        undoing.undo(file, by=ana, at=now() + timedelta(days=31))
    tried = brought(tmp_path, PEOPLE + "M1009,Cy,,,,,\n", dry_run=True)
    with pytest.raises(undoing.CannotUndo):
        undoing.undo(tried, by=ana, at=now())
    undone(file, ana)
    again = undoing.undo(file, by=ana, at=now())
    assert again.undo_job_id == file.undo_job_id
    assert state() == people


def test_changes_are_forgotten_when_they_are_past_use(people: list[Any], ana: Staff, tmp_path: Path) -> None:
    file = brought(tmp_path, PEOPLE)
    assert keeping.forget_old(now() + timedelta(days=29))["changes"] == 0
    assert ImportChange.objects.filter(file_id=file.pk).count() == 4
    assert keeping.forget_old(now() + timedelta(days=31))["changes"] == 1
    assert not ImportChange.objects.exists()


def test_an_undoing_that_dies_goes_on(
    people: list[Any], ana: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = brought(tmp_path, PEOPLE)
    undoing.undo(file, by=ana, at=now())
    file.refresh_from_db()
    take_back, calls = undoing._take_back, []

    def dies_once(*args: Any) -> dict[str, int]:
        calls.append(args)
        if len(calls) == 2:
            raise OSError("the power is gone")
        return take_back(*args)

    monkeypatch.setattr(undoing, "_take_back", dies_once)
    assert file.undo_job is not None
    runner.run_until_ended(file.undo_job)
    file.undo_job.refresh_from_db()
    runner.run_until_ended(file.undo_job)
    assert state() == people


def test_a_tried_file_tells_what_would_change(people: list[Any], tmp_path: Path) -> None:
    tried = brought(tmp_path, PEOPLE, dry_run=True)
    assert state() == people
    assert not ImportChange.objects.exists()
    assert tried.job is not None
    assert tried.job.checkpoint["fields"] == {"name": 1, "occupation": 2, "identifiers": 1, "tags": 1}
    told = [
        (one["row"], one["field"], one["before"], one["after"])
        for one in journal.first_of(places.diff_file(tried))["changed"]
    ]
    assert told == [
        ("2", "name", "Irina Petrova", "Irina Petrova-Novak"),
        ("2", "occupation", "", "baker"),
        ("2", "identifiers", "", "+1"),
        ("2", "tags", "", "+2"),
        ("4", "occupation", "", "smith"),
    ]


def test_a_tried_file_of_new_people_shows_them(
    harbour: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of them, however many; a changed row behind them is shown too, and the file holds all once."""
    monkeypatch.setattr(journal, "SHOWN", 2)
    monkeypatch.setattr(customer_job, "PIECE_ROWS", 2)
    cast.customer("Ann Ray", of=harbour, phone="+8613900139009")
    new = "".join(f"Bo {'ABCDE'[n]},+861390013900{n},baker\n" for n in range(5))
    tried = brought(tmp_path, f"name,phone,occupation\n{new},+8613900139009,smith\n", dry_run=True)
    first = journal.first_of(places.diff_file(tried))
    assert [(one["row"], one["customer"], one["after"]) for one in first["new"]] == [
        ("2", "Bo A", "occupation baker, identifiers +1"), ("3", "Bo B", "occupation baker, identifiers +1"),
    ]  # fmt: skip
    assert [(one["row"], one["field"]) for one in first["changed"]] == [("7", "occupation")]
    rows = [line.split(",")[0] for line in places.diff_file(tried).read_text("utf-8-sig").splitlines()]
    assert rows == ["row", "2", "3", "7", "4", "5", "6"]


def test_fields_of_the_chains_own_are_imported_and_undone(
    irina: Customer, ana: Staff, tmp_path: Path
) -> None:
    CustomField.objects.create(code="shoe", label="Shoe size", kind=FieldKind.NUMBER)
    CustomField.objects.create(code="club", label="In the club", kind=FieldKind.FLAG)
    Customer.objects.filter(pk=irina.pk).update(custom={"club": True})
    text = "phone,custom.shoe,custom.club\n+8613800138000,38.5,\n+8613900139001,large,yes\n"
    tried = brought(tmp_path, text, dry_run=True)
    assert tried.job is not None
    assert tried.job.counts["rejected"] == 1
    file = brought(tmp_path, text)
    irina.refresh_from_db()
    assert irina.custom == {"club": True, "shoe": "38.5"}
    undone(file, ana)
    irina.refresh_from_db()
    assert irina.custom == {"club": True}


def test_nobody_is_left_without_an_identifier(irina: Customer, ana: Staff, tmp_path: Path) -> None:
    """The import's phone became all that was left of them, or the main one."""
    Identity.objects.filter(customer=irina).exclude(kind="phone").delete()
    text = "phone,email,number\n+8613800138000,irina@work.example,M1\n"
    file = brought(tmp_path, text)
    contacts.remove(irina, Identity.objects.get(customer=irina, kind="phone"), by=ana)
    assert undone(file, ana)["partly"] == 1
    assert Identity.objects.filter(customer=irina).count() == 1


def test_each_kind_keeps_a_main_identifier(irina: Customer, ana: Staff, tmp_path: Path) -> None:
    file = brought(tmp_path, "phone,email\n+8613800138000,irina@work.example\n")
    told = Identity.objects.get(customer=irina, value="irina@work.example")
    contacts.make_main(irina, told, by=ana)
    contacts.add(irina, "email", "irina@club.example", by=ana)
    assert undone(file, ana)["restored"] == 1
    emails = Identity.objects.filter(customer=irina, kind="email").order_by("pk")
    assert [(one.value, one.is_primary) for one in emails] == [
        ("irina@example.com", True), ("irina@club.example", False),
    ]  # fmt: skip


def test_one_field_of_the_chains_own_edited_since_keeps_no_other(
    irina: Customer, ana: Staff, tmp_path: Path
) -> None:
    for code in ("shoe", "colour", "coat"):
        CustomField.objects.create(code=code, label=code, kind=FieldKind.TEXT)
    Customer.objects.filter(pk=irina.pk).update(custom={"coat": "L"})
    file = brought(tmp_path, "phone,custom.shoe,custom.coat\n+8613800138000,38,M\n")
    Customer.objects.filter(pk=irina.pk).update(custom={"shoe": "38", "coat": "M", "colour": "red"})
    assert undone(file, ana)["restored"] == 1
    irina.refresh_from_db()
    assert irina.custom == {"coat": "L", "colour": "red"}


@pytest.mark.parametrize("column", ["occupation", "custom.shoe"])
def test_two_imports_undone_oldest_first_leave_nothing(
    irina: Customer, ana: Staff, tmp_path: Path, column: str
) -> None:
    CustomField.objects.create(code="shoe", label="Shoe", kind=FieldKind.TEXT)
    if column == "occupation":
        Customer.objects.filter(pk=irina.pk).update(occupation="waiter")
    before = Customer.objects.filter(pk=irina.pk).values("occupation", "custom").get()
    files = [brought(tmp_path, f"phone,{column}\n+8613800138000,{said}\n") for said in ("xx", "yy", "zz")]
    assert [undone(file, ana)["partly"] for file in files] == [1, 1, 0]
    assert Customer.objects.filter(pk=irina.pk).values("occupation", "custom").get() == before


def test_the_store_counts_as_a_field(
    irina: Customer, harbour: Store, uptown: Store, ana: Staff, tmp_path: Path
) -> None:
    file = brought(tmp_path, "phone,home_store\n+8613800138000,UPTN\n")
    irina.refresh_from_db()
    assert irina.home_store_id == uptown.pk
    undone(file, ana)
    irina.refresh_from_db()
    assert irina.home_store_id == harbour.pk
    assert set(NameKey.objects.filter(customer=irina).values_list("home_store_id", flat=True)) == {harbour.pk}
