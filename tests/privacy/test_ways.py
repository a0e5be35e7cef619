"""Erasure of somebody who came in by every way that there is besides the till: nothing of them is left anywhere."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.notices.models import Notice
from crm.org.models import Staff, Store
from crm.privacy import erasing, exporting, register, sweeping
from crm.privacy.subjects import people
from customers import imports, interactions, merging, notes, signups
from customers.consents import guardians
from customers.imports import places
from customers.matching import jobs as matching_jobs
from customers.merging.refusals import CannotMerge, CannotUndo
from customers.models import (
    Connector,
    Consent,
    Customer,
    CustomField,
    DuplicatePair,
    Guardian,
    ImportChange,
    ImportFile,
    KeptOrder,
    MatchKey,
    Merge,
    Note,
    NoteVersion,
    Persona,
    ProvidedFact,
    Provider,
    SignUp,
    SignUpState,
    TouchChannel,
    Visitor,
    WorkItem,
)  # fmt: skip
from customers.orders import connecting, presets
from customers.provided import facts
from customers.views import join
from tests import cast
from tests.night.helpers import run_night
from tests.privacy import canary as birds
from tests.privacy.test_erasing import _plain, cells_of_export, state_of

pytestmark = pytest.mark.django_db(transaction=True)
PHONE, SECOND, THIRD = "+8613966660001", "+8613966660002", "+8613966660003"
THRUSH = "visitor-songthrush"
MAIL = "finch@wren.example"
# One word a way in; each stands nowhere else.
SONG = (
    "Finchley", "Wrenna", "杜鹃啼血", "3966660001", "3966660002", "3966660003", "finch@wren", "139 6666 0001",
    "NOTESONG", "EDITSONG", "WORKSONG", "SCRIPTSONG", "RESULTSONG", "QUERYSONG", "visitor-songthrush", "SIGNSONG",
    "GUARDSONG", "FILESONG", "JOURNALSONG", "DATASONG", "FACTSONG", "MERGESONG", "FIELDSONG", "LANESONG",
)  # fmt: skip


def songs_in(text: bytes | str) -> list[str]:
    raw = (text.encode() if isinstance(text, str) else text).lower()
    return [song for song in SONG if song.encode().lower() in raw]


@dataclass
class Bird:
    """The customer with two who were merged into them, one after the other."""

    customer: Customer
    first: Customer
    second: Customer
    outer: Merge
    files: list[ImportFile] = field(default_factory=list)


@pytest.fixture
def bird(harbour: Store, chen: Staff, ana: Staff, calling: Callable[..., Client], client: Client) -> Bird:
    api = calling("customers:write", "customers:read", "work:write", "events:write", "receipts:write")
    CustomField.objects.create(code="motto", label="Motto", kind="text")
    person = _enrolled(api, harbour)
    base = f"customers/{person.public_id}/"
    note = notes.write(person, "NOTESONG for @Chen", by=ana, at=now())
    notes.edit(note, "EDITSONG for @Chen", by=ana, at=now())
    _post(api, base + "notes/", {"text": "NOTESONG once more"})
    work = {
        "kind": "call",
        "title": "WORKSONG",
        "due_at": "2030-01-02T10:00:00+08:00",
        "script": "SCRIPTSONG",
    }
    item = _post(api, base + "work/", work)
    _post(api, f"work/{item['id']}/result/", {"result": "reached", "note": "RESULTSONG"})
    _post(api, base + "work/", work)
    _events(api)
    _public_form(client, harbour)
    word = {
        "channel": "email",
        "purpose": "marketing",
        "is_given": True,
        "wording": "unknown/shop",
        "source": "shop",
    }
    _post(api, base + "consents/", word)
    guardians.appoint(person, name="GUARDSONG Parent", relation="parent", verified="paper", by=chen)
    interactions.record(
        person.pk,
        "visit",
        channel=TouchChannel.STORE,
        at=now(),
        data={"product": "DATASONG"},
        by="system:test",
    )
    geo = Provider.objects.create(code="geo", name="Geo", right="c")
    fact = {
        "kind": "phone", "identifier": PHONE, "name": "income", "type": "text", "value": "FACTSONG",
        "obtained_on": "2026-03-01", "valid_until": "2027-02-28", "basis": "consent", "purpose": "offers",
    }  # fmt: skip
    assert facts.give(geo, [fact], today=date(2026, 3, 10), by="system:test").applied == 1
    shop = Connector.objects.create(
        code="shop", name="Shop", store=harbour, mapping=presets.SHOPIFY, is_on=True, tested_at=now()
    )
    order = json.loads(json.dumps(presets.SAMPLE)) | {"phone": PHONE, "line_items": "odd"}
    connecting.receive(shop, json.dumps(order).encode(), by="system:test")
    files = _files(harbour)
    for number in range(3):
        cast.purchase(
            person, at=harbour, on=f"2026-02-{number + 1:02}", amount="9.00", external_id=f"bird-{number}"
        )
    first, second = _others(harbour)
    _sweep()
    run_night(date(2026, 3, 10))
    merging.merge(first, second, by="system:test", at=now(), reason="MERGESONG inner")
    outer = merging.merge(person, first, by="system:test", at=now(), reason="MERGESONG outer")
    run_night(date(2026, 3, 11))
    return Bird(Customer.objects.get(pk=person.pk), first, second, outer, files)


def _post(client: Client, path: str, body: Any) -> Any:
    answer = client.post(
        f"/api/v1/{path}",
        body,
        content_type="application/json",
        headers={"Idempotency-Key": f"{path}{hash(str(body))}"},
    )
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


def _enrolled(api: Client, store: Store) -> Customer:
    told = _post(api, "customers/", {
        "name": "Wrenna Finchley", "home_store": store.code, "birthday": "1991-02-03", "address": "7 LANESONG Lane",
        "custom": {"motto": "FIELDSONG"},
        "identities": [{"kind": "phone", "value": PHONE}, {"kind": "email", "value": MAIL}],
    })  # fmt: skip
    return Customer.objects.get(pk=Customer.row_id(told["id"]))


def _events(api: Client) -> None:
    """Before the sign-in nobody knows who it is."""
    at = (now() - timedelta(days=1)).isoformat()
    said = [
        {"id": "w1", "kind": "search", "visitor": THRUSH, "occurred_at": at, "data": {"query": "QUERYSONG"}},
        {"id": "w2", "kind": "sign_in", "visitor": THRUSH, "occurred_at": at,
         "customer": {"kind": "phone", "value": "139 6666 0001"}},
        {"id": "w3", "kind": "page", "visitor": THRUSH, "occurred_at": at, "data": {"path": "/QUERYSONG"}},
    ]  # fmt: skip
    assert _post(api, "events/", {"source": "shop", "events": said})["applied"] == 3


def _public_form(client: Client, store: Store) -> None:
    form = signups.switch(store, on=True, by="system:test")
    stamp = join.stamp(now() - timedelta(seconds=20))
    sent = {"name": "SIGNSONG Other", "phone": "139 6666 0001", "email": "signsong@x.example", "birthday": "1990-05-01",
            "shown": stamp}  # fmt: skip
    assert client.post(reverse("customers:join", args=[form.code]), sent).status_code == 303
    assert signups.take_in(now() + timedelta(hours=1)) == 1


def _files(store: Store) -> list[ImportFile]:
    """One file, tried and then imported; its rows name the person by number alone or by phone."""
    header = "Kundenname,Handy,Beruf,Haushalt\n"
    mapping = {"Kundenname": "name", "Handy": "phone", "Beruf": "occupation", "Haushalt": "household"}
    tried = (
        f"{header},139-6666-0001,FILESONG,\n,not-a-phone,FILESONG,{MAIL}\nDora Duck,+8613911113333,diver,\n"
    )
    text = f"{header}Wrenna Finchley,{PHONE},JOURNALSONG,\nDora Duck,+8613911113333,diver,\n"
    made = [
        _run(SimpleUploadedFile("tried.csv", tried.encode()), mapping, is_dry_run=True),
        _run(SimpleUploadedFile("people.csv", text.encode()), mapping, is_dry_run=False),
    ]
    other = f"{header},+8613911113333,drummer,\n"
    made.append(_run(SimpleUploadedFile("others.csv", other.encode()), mapping, is_dry_run=True))
    return made


def _run(upload: Any, mapping: dict[str, str], *, is_dry_run: bool) -> ImportFile:
    file = imports.start(upload, "customers", by="system:test", dry_run=is_dry_run, mapping=mapping)
    assert runner.run_until_ended(file.job).state == State.DONE, file.job.error
    file.refresh_from_db()
    return file


def _others(store: Store) -> tuple[Customer, Customer]:
    """Two who look like the person."""
    return (
        cast.customer("Wrenna Finchley", of=store, phone=SECOND, birthday=date(1991, 2, 3)),
        cast.customer("杜鹃啼血", of=store, phone=THIRD, birthday=date(1991, 2, 3)),
    )


def _sweep() -> None:
    job = matching_jobs.ask(on=date(2026, 3, 10), by="system:test")
    assert runner.run_until_ended(job).state == State.DONE, job.error


def test_nothing_is_left_by_any_way_in(bird: Bird, caplog: Any, capfd: Any) -> None:
    assert set(songs_in(birds.dump())) == set(SONG) - {"FILESONG"}
    planted = [Note, NoteVersion, WorkItem, Visitor, Consent, Guardian, ImportChange, ProvidedFact, KeptOrder, Persona,
               DuplicatePair, MatchKey, Notice]  # fmt: skip
    assert [model.__name__ for model in planted if not model._base_manager.exists()] == []
    assert SignUp.objects.get().state == SignUpState.WAITING
    quoting = {Path(path).parent.name for path, text in birds.files().items() if songs_in(text)}
    assert "diffs" in quoting
    sums = _sums()

    erasing.erase(bird.customer.pk, by="system:test", at=now())

    for job in Job.objects.filter(kind=sweeping.KIND):
        assert runner.run_until_ended(job).state == State.DONE, job.error
    assert songs_in(birds.dump()) == []
    assert {path: songs_in(text) for path, text in birds.files().items() if songs_in(text)} == {}
    assert songs_in(caplog.text + "".join(capfd.readouterr())) == []
    assert _sums() == sums


def _sums() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(amount), sum(returned) FROM customers_purchase")
        sales = cursor.fetchone()
        cursor.execute(
            "SELECT customer_id, r, f, m FROM segmentation_standing ORDER BY customer_id, night_id"
        )
        return {"sales": sales, "scores": cursor.fetchall()}


def test_all_that_goes_was_in_the_export(bird: Bird, bystander: Customer) -> None:
    shown, before = cells_of_export(bird.customer.pk), state_of(bird.customer.pk)
    subject = people().subject(bird.customer.pk)
    assert subject is not None
    text = "".join(exporting.as_json(subject, at=now()))
    assert {"GUARDSONG", "FILESONG", "JOURNALSONG", "FACTSONG", "NOTESONG", "EDITSONG"} <= set(songs_in(text))
    assert "drummer" not in text
    erasing.erase(bird.customer.pk, by="system:test", at=now())
    after = state_of(bird.customer.pk)
    gone = {key for key, value in before.items() if key not in after or _plain(after[key]) != _plain(value)}
    staff = {
        (entry.label, name)
        for entry in register.entries(register.Whose.CUSTOMER)
        for name, kind in entry.table.columns.items()
        if kind is register.Kind.STAFF
    }
    assert {key for key in gone if key[:2] not in staff} - shown == set()
    assert len({table for table, _name, _row in gone}) > 12
    assert places.diff_file(bird.files[2]).exists()  # another's
    bystander.refresh_from_db()
    assert bystander.name == "Boris Bystander"


def test_a_chain_of_merges_is_one_person_and_stays_joined(bird: Bird, bystander: Customer) -> None:
    for one in (bird.customer, bird.first, bird.second):
        subject = people().subject(one.pk)
        assert subject is not None
        assert set(subject.customer_ids) == {bird.customer.pk, bird.first.pk, bird.second.pk}
        assert subject.customer_id == bird.customer.pk
    erasing.erase(bird.second.pk, by="system:test", at=now())
    for merge in Merge.objects.all():
        assert merge.before == {}
        with pytest.raises(CannotUndo):
            merging.unmerge(merge, by="system:test", at=now())
    for survivor, loser in ((bird.customer, bystander), (bystander, bird.customer)):
        with pytest.raises(CannotMerge):
            merging.merge(survivor, loser, by="system:test", at=now())
    assert Customer.objects.get(pk=bird.customer.pk).custom == {}
    for word in Consent.objects.filter(customer=bird.customer):
        assert songs_in(json.dumps([word.source, word.evidence, word.recorded_by])) == []
    assert not Guardian.objects.filter(customer=bird.customer).exists()
