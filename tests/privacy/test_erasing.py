"""Erasure: nothing of the person is left anywhere, and what was sold stays sold."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from crm.audit.models import Entry
from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.org.models import Store
from crm.privacy import digests, erasing, erasurelog, exporting, register, replaying, sweeping
from crm.privacy.models import Certificate
from crm.privacy.rows import rows_of
from crm.privacy.subjects import people
from crm.rest.models import StoredAnswer
from customers import merging, statehash
from customers.models import Arrival, Customer, GuestDay, Identity, ImportFile, Merge, NameKey, Purchase
from segmentation.models import CellCount, Standing
from tests import cast
from tests.privacy import canary as birds
from tests.privacy.canary import Canary

pytestmark = pytest.mark.django_db
NOW = birds.NOW


def erased(planted: Canary) -> Certificate:
    return erasing.erase(planted.customer.pk, by="system:test", at=NOW)


def totals() -> dict[str, Any]:
    """What must not move: sales, guests, scores, the nights' sums."""
    purchases = Purchase.objects.order_by("pk").values_list("pk", "customer_id", "amount", "returned")
    return {
        "purchases": list(purchases),
        "sums": Purchase.objects.aggregate(Sum("amount"), Sum("discount"), Sum("returned")),
        "guests": list(GuestDay.objects.order_by("pk").values_list("pk", "receipts", "amount")),
        "standings": list(
            Standing.objects.order_by("customer", "night").values_list("customer", "night", "r", "group")
        ),
        "cells": list(CellCount.objects.order_by("pk").values_list("pk", "customers", "revenue")),
        "states": statehash.digest() if hasattr(statehash, "digest") else None,
    }


@pytest.mark.django_db(transaction=True)
def test_no_canary_is_left_in_dump_files_or_log(canary: Canary, bystander: Customer, caplog: Any) -> None:
    assert set(birds.songs_in(birds.dump())) >= {
        "Canaria",
        "3955550001",
        "canaria.zwitscher",
        birds.MEMBER,
        "鸟语花香",
    }
    assert [path for path, text in birds.files().items() if birds.songs_in(text)]
    before = totals()

    certificate = erased(canary)

    for job in Job.objects.filter(kind=sweeping.KIND):
        assert runner.run_until_ended(job).state == State.DONE, job.error
    assert birds.songs_in(birds.dump()) == []
    assert {path: birds.songs_in(text) for path, text in birds.files().items() if birds.songs_in(text)} == {}
    assert birds.songs_in(caplog.text) == []
    assert birds.songs_in(erasurelog.path().read_bytes()) == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(concat(most_common_vals::text, histogram_bounds::text), '') FROM pg_stats"
        )
        assert birds.songs_in(cursor.fetchone()[0]) == []
    assert totals() == before
    assert b"Bystander" in birds.dump()
    assert certificate.counts["customers.Identity"]["rows"] == 5


def test_the_sales_remain_with_a_number_that_is_nobodys(canary: Canary) -> None:
    count = Purchase.objects.filter(customer=canary.customer).count()
    assert count >= 3
    erased(canary)
    gone = Customer.objects.get(pk=canary.customer.pk)
    assert (gone.name, gone.birthday, gone.gender, gone.occupation, gone.household) == ("", None, "", "", "")
    assert gone.erased_at is not None
    assert gone.home_store_id == canary.customer.home_store_id
    assert Purchase.objects.filter(customer=gone).count() == count
    assert not Customer.objects.living().filter(pk=gone.pk).exists()
    assert not Identity.objects.filter(customer__in=[gone.pk, canary.merged.pk]).exists()
    assert not NameKey.objects.filter(customer=gone).exists()
    assert Merge.objects.get(customer=gone).before == {}


def test_whoever_was_merged_away_is_erased_with_the_survivor(canary: Canary) -> None:
    certificate = erasing.erase(canary.merged.pk, by="system:test", at=NOW)
    assert certificate.customer_id == canary.customer.pk
    assert set(certificate.customer_ids) == {canary.customer.pk, canary.merged.pk}
    assert Customer.objects.get(pk=canary.merged.pk).name == ""


def test_a_bystander_in_the_same_files_is_untouched(canary: Canary, bystander: Customer) -> None:
    arrivals = list(Arrival.objects.filter(customer_id=bystander.pk).values())
    erased(canary)
    bystander.refresh_from_db()
    assert bystander.name == "Boris Bystander"
    assert bystander.identities.count() == 2
    assert list(Arrival.objects.filter(customer_id=bystander.pk).values()) == arrivals
    rejected = [text for path, text in birds.files().items() if path.endswith("rejected.csv")]
    assert any(b"others-broken" in text for text in rejected)
    assert not [text for text in rejected if birds.songs_in(text)]


def test_uploads_with_the_person_are_removed_and_said_to_be(canary: Canary) -> None:
    certificate = erased(canary)
    assert all(ImportFile.objects.get(pk=one.pk).removed_at for one in canary.uploads)
    assert certificate.counts["imports/uploads"]["rows"] == 2


def test_an_import_that_is_running_is_not_cut_off(canary: Canary) -> None:
    Job.objects.filter(pk=canary.uploads[0].job_id).update(state=State.QUEUED)
    before = Identity.objects.count()
    with pytest.raises(erasing.StillInUse):
        erased(canary)
    assert Identity.objects.count() == before
    assert Certificate.objects.count() == 0
    assert not ImportFile.objects.get(pk=canary.uploads[1].pk).removed_at


def test_twice_is_once(canary: Canary) -> None:
    first = erased(canary)
    assert erasing.erase(canary.customer.pk, by="system:test", at=NOW + timedelta(days=1)) == first
    assert Certificate.objects.count() == 1
    assert Entry.objects.filter(action="customer.erase").count() == 1


def test_nobody_is_nobody(harbour: Store) -> None:
    with pytest.raises(erasing.NobodyToErase):
        erasing.erase(4711, by="system:test", at=NOW)


def test_the_certificate_proves_an_identifier_without_holding_it(canary: Canary) -> None:
    certificate = erased(canary)
    assert digests.matches("phone", birds.PHONE, certificate.digests)
    assert digests.matches("email", birds.MAIL, certificate.digests)
    assert not digests.matches("phone", "+8613955550003", certificate.digests)
    assert Entry.objects.get(pk=certificate.trail_id).action == "customer.erase"


def test_a_repeated_call_is_answered_gone_and_brings_nobody_back(
    canary: Canary, harbour: Store, calling: Callable[..., Any]
) -> None:
    erased(canary)
    answered = StoredAnswer.objects.filter(status=410)
    assert answered.exists()
    assert all(b"erased" in bytes(one.body) for one in answered)


def test_the_same_receipt_again_makes_nobody_anew(
    canary: Canary, harbour: Store, calling: Callable[..., Any]
) -> None:
    erased(canary)
    people_before = Customer.objects.count()
    client = calling("receipts:write")
    same = birds.receipt(harbour, "canary-1", birds.PHONE)
    answer = client.post("/api/v1/receipts/", same, content_type="application/json")
    assert answer.status_code == 200
    batch = client.post("/api/v1/receipts/batch/", birds.ndjson([same]), content_type="application/x-ndjson")
    assert batch.json()["duplicates"] == 1
    assert not Identity.objects.filter(value=birds.PHONE).exists()
    assert Customer.objects.count() == people_before


def test_a_new_receipt_by_the_same_phone_is_a_new_person(
    canary: Canary, harbour: Store, calling: Callable[..., Any]
) -> None:
    erased(canary)
    new = birds.receipt(harbour, "canary-new", birds.PHONE)
    answer = calling("receipts:write").post("/api/v1/receipts/", new, content_type="application/json")
    assert answer.status_code == 201
    (stub,) = Customer.objects.filter(identities__value=birds.PHONE)
    assert stub.pk not in (canary.customer.pk, canary.merged.pk)
    assert stub.is_stub
    assert stub.name == ""


def test_what_was_set_aside_can_still_be_replayed_as_a_guests(canary: Canary) -> None:
    erased(canary)
    aside = Arrival.objects.get(external_id="canary-aside")
    assert "customer" not in aside.raw
    assert aside.raw["lines"]


# --- Export ⊇ erased --------------------------------------------------------------------------------------------------


def cells_of_export(customer_id: int) -> set[tuple[str, str, Any]]:
    """(table, column, row) of everything that the export shows."""
    subject = people().subject(customer_id)
    assert subject is not None
    return {
        (part.name, name, key)
        for part in exporting.parts(subject)
        for key, _values in part.rows
        for name, _heading, _kind in part.columns
    }


def state_of(customer_id: int) -> dict[tuple[str, str, Any], Any]:
    """Every personal cell of every table of customers, by (table, column, row)."""
    found = {}
    for entry in register.entries(register.Whose.CUSTOMER):
        for row in entry.model._base_manager.all():
            for name in entry.table.columns:
                found[entry.label, name, row.pk] = getattr(row, entry.model._meta.get_field(name).attname)
    return found


def test_whatever_an_erasure_changes_the_export_had_shown(canary: Canary, bystander: Customer) -> None:
    shown, before = cells_of_export(canary.customer.pk), state_of(canary.customer.pk)
    erased(canary)
    after = state_of(canary.customer.pk)
    gone = {
        cell for cell, value in before.items() if cell not in after or _plain(after[cell]) != _plain(value)
    }
    staff = {
        (entry.label, name)
        for entry in register.entries(register.Whose.CUSTOMER)
        for name, kind in entry.table.columns.items()
        if kind is register.Kind.STAFF
    }
    about_them = {cell for cell in gone if (cell[0], cell[1]) not in staff}
    assert len(about_them) > 20
    assert about_them - shown == set()


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def test_the_export_is_of_the_person_alone(canary: Canary, bystander: Customer) -> None:
    subject = people().subject(canary.customer.pk)
    assert subject is not None
    text = "".join(exporting.as_json(subject, at=timezone.now()))
    assert set(birds.songs_in(text)) >= {
        "Canaria",
        birds.OCCUPATION,
        "3955550001",
        birds.MEMBER,
        birds.BIRTHDAY,
    }
    assert "Boris" not in text
    assert "boris@" not in text


# --- After a restore --------------------------------------------------------------------------------------------------


def test_the_log_knows_each_erasure_and_a_changed_line_is_noticed(
    canary: Canary, bystander: Customer, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = erased(canary)
        second = erasing.erase(bystander.pk, by="system:test", at=NOW)
    assert [line.key for line in erasurelog.lines()] == [first.key, second.key]
    assert erasurelog.catch_up() == 0
    text = erasurelog.path().read_text()
    erasurelog.path().write_text(text.replace(f'"customer_id": {bystander.pk}', '"customer_id": 1'))
    with pytest.raises(erasurelog.BrokenLog, match="Line 2"):
        erasurelog.lines()
    erasurelog.path().write_text(text.splitlines(keepends=True)[1])
    with pytest.raises(erasurelog.BrokenLog, match="Line 1"):
        erasurelog.lines()


def test_a_torn_last_line_is_left_out_and_written_again(
    bystander: Customer, django_capture_on_commit_callbacks: Any, caplog: Any
) -> None:
    other = cast.customer("Anna Anders", of=bystander.home_store, phone="+8613911114441")
    with django_capture_on_commit_callbacks(execute=True):
        first = erasing.erase(other.pk, by="system:test", at=NOW)
        second = erasing.erase(bystander.pk, by="system:test", at=NOW)
    text = erasurelog.path().read_text()
    erasurelog.path().write_text(text[:-20])
    Certificate.objects.filter(pk=second.pk).update(logged_at=None)
    assert [line.key for line in erasurelog.lines()] == [first.key]
    assert "torn" in caplog.text
    assert erasurelog.catch_up() == 1
    assert erasurelog.path().read_text() == text
    assert [line.key for line in erasurelog.lines()] == [first.key, second.key]


def line_of(customer: Customer, **changes: Any) -> erasurelog.Line:
    from uuid import uuid4

    told = {
        "key": uuid4(), "customer_id": customer.pk, "born_at": customer.created_at, "erased_at": NOW,
        "erased_by": "staff:1", "digests": [],
        "people": [(customer.pk, changes.get("born_at", customer.created_at))],
    }  # fmt: skip
    return erasurelog.Line(**(told | changes))


def test_an_erasure_is_done_again_after_a_restore(canary: Canary) -> None:
    line = line_of(canary.customer)
    assert replaying.replay([line], by="system:restore", at=NOW) == {"erased": 1, "not_there": 0}
    certificate = Certificate.objects.get(key=line.key)
    assert (certificate.erased_by, certificate.replayed_at) == ("staff:1", NOW)
    assert Customer.objects.get(pk=canary.customer.pk).name == ""
    assert replaying.replay([line], by="system:restore", at=NOW) == {"erased": 0, "not_there": 0}


def again_after(what: Callable[[], Customer], commits: Any) -> dict[str, int]:
    """Erase whom `what` gives, go back to before it, and do again what the log knows: as a restore does."""
    with pytest.raises(_Back), transaction.atomic():
        with commits(execute=True):
            erasing.erase(what().pk, by="system:test", at=NOW)
        raise _Back
    return replaying.replay(erasurelog.lines(), by="system:restore", at=NOW)


class _Back(Exception):
    pass


@pytest.fixture
def two(harbour: Store) -> tuple[Customer, Customer]:
    return (
        cast.customer("Anna Anders", of=harbour, phone="+8613911114441"),
        cast.customer("Berta Bertram", of=harbour, phone="+8613911114442"),
    )


def name_of(customer: Customer) -> str:
    return Customer.objects.get(pk=customer.pk).name


def test_who_was_merged_after_the_backup_is_erased_with_the_survivor(
    two: tuple[Customer, Customer], django_capture_on_commit_callbacks: Any
) -> None:
    anna, berta = two

    def erase() -> Customer:
        merging.merge(berta, anna, by="system:test", at=NOW)
        return berta

    assert again_after(erase, django_capture_on_commit_callbacks) == {"erased": 1, "not_there": 0}
    assert (name_of(anna), name_of(berta)) == ("", "")
    assert not Identity.objects.filter(customer__in=[anna, berta]).exists()
    assert set(Certificate.objects.get().customer_ids) == {anna.pk, berta.pk}


def test_who_was_merged_into_one_enrolled_after_the_backup_is_erased(
    two: tuple[Customer, Customer], harbour: Store, django_capture_on_commit_callbacks: Any
) -> None:
    anna, _berta = two

    def erase() -> Customer:
        new = cast.customer("Anna Neu", of=harbour, phone="+8613911114443")
        merging.merge(new, anna, by="system:test", at=NOW)
        return new

    assert again_after(erase, django_capture_on_commit_callbacks) == {"erased": 1, "not_there": 0}
    assert name_of(anna) == ""


@pytest.mark.parametrize("place", [0, 1])
def test_who_was_parted_after_the_backup_is_erased_and_the_other_is_not(
    two: tuple[Customer, Customer], place: int, django_capture_on_commit_callbacks: Any
) -> None:
    gone, stays = two[place], two[1 - place]
    name, merge = stays.name, merging.merge(two[1], two[0], by="system:test", at=NOW)

    def erase() -> Customer:
        merging.unmerge(merge, by="system:test", at=NOW)
        return gone

    assert again_after(erase, django_capture_on_commit_callbacks) == {"erased": 1, "not_there": 0}
    assert (name_of(gone), name_of(stays)) == ("", name)
    assert Identity.objects.filter(customer=stays).exists()


def test_a_line_of_an_earlier_release_is_read(two: tuple[Customer, Customer]) -> None:
    anna, _berta = two
    told = {
        "key": "7d3b0c3e-6b1c-4a2a-9d6e-3f1f5c0a9b11", "customer_id": anna.pk, "born_at": anna.created_at.isoformat(),
        "erased_at": NOW.isoformat(), "erased_by": "staff:1", "digests": [], "prev": erasurelog.FIRST,
    }  # fmt: skip
    erasurelog.path().parent.mkdir(parents=True)
    erasurelog.path().write_text(json.dumps(told | {"hash": erasurelog._hash(told)}) + "\n")
    assert replaying.replay(erasurelog.lines(), by="system:restore", at=NOW)["erased"] == 1
    assert name_of(anna) == ""


def test_another_one_with_the_same_number_is_not_erased(bystander: Customer) -> None:
    line = line_of(bystander, born_at=bystander.created_at - timedelta(days=3))
    assert replaying.replay([line], by="system:restore", at=NOW) == {"erased": 0, "not_there": 1}
    bystander.refresh_from_db()
    assert bystander.name == "Boris Bystander"
    assert not Certificate.objects.get(key=line.key).was_there


def test_the_rows_of_a_person_are_found_by_what_they_quote(bystander: Customer) -> None:
    job = Job.objects.create(kind="x", key="1", params={"note": "call +86 139-1111-2222 please"})
    Job.objects.create(kind="x", key="2", params={"note": "call +86 139-1111-2223 please"})
    (entry,) = [one for one in register.entries() if one.label == "jobs.Job"]
    subject = people().subject(bystander.pk)
    assert subject is not None
    assert list(rows_of(entry, subject)) == [job]


def test_a_kept_answer_about_a_note_goes_with_the_person(
    canary: Canary, irina: Customer, calling: Callable[..., Any]
) -> None:
    """It quotes neither name nor number: what was called tells whose it is."""
    client = calling("customers:read", "customers:write")
    for who in (canary.customer, irina):
        address = f"/api/v1/customers/{who.public_id}/notes/"
        keyed = {"Idempotency-Key": f"note-{who.pk}"}
        made = client.post(
            address, {"text": "expects NESTLING in May"}, content_type="application/json", headers=keyed
        )
        assert made.status_code == 201, made.content
    erased(canary)
    kept = [bytes(body) for body in StoredAnswer.objects.values_list("body", flat=True)]
    assert sum(b"NESTLING" in body for body in kept) == 1


def test_a_phone_is_found_however_it_is_spaced(bystander: Customer) -> None:
    job = Job.objects.create(kind="x", key="1", params={"note": "call 139 1111 2222 please"})
    (entry,) = [one for one in register.entries() if one.label == "jobs.Job"]
    subject = people().subject(bystander.pk)
    assert subject is not None
    assert list(rows_of(entry, subject)) == [job]


def test_the_certificate_of_somebody_who_had_the_number_before_is_not_theirs(bystander: Customer) -> None:
    """After a restore a number may be given again: to erase the second one is to erase, not to say it is done."""
    Certificate.objects.create(
        customer_id=bystander.pk,
        born_at=bystander.created_at - timedelta(days=3),
        erased_at=NOW,
        erased_by="x:1",
    )
    made = erasing.erase(bystander.pk, by="system:test", at=NOW)
    assert made.born_at == bystander.created_at
    bystander.refresh_from_db()
    assert (bystander.name, bystander.erased_at is None) == ("", False)


def test_who_is_merged_in_while_files_are_cleaned_is_erased_too(
    bystander: Customer, harbour: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files may take long; who the person is, is asked again once they are held."""
    double = cast.customer("Boris B.", of=harbour, email="second@example.com")
    cleaned = erasing._clean_places

    def slow(subject: Any) -> Any:
        merging.merge(bystander, double, by="system:test", at=NOW)
        return cleaned(subject)

    monkeypatch.setattr(erasing, "_clean_places", slow)
    made = erasing.erase(bystander.pk, by="system:test", at=NOW)
    assert sorted(made.customer_ids) == sorted([bystander.pk, double.pk])
    assert digests.matches("email", "second@example.com", made.digests)
    double.refresh_from_db()
    assert (double.name, double.erased_at is None) == ("", False)
