"""What people do with the product's own pages and jobs is recorded: the database sees nothing that nobody told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from crm.audit import capture
from crm.audit.models import Entry
from crm.jobs import runner
from crm.org.models import Chain, Staff, Store
from crm.org.permissions import Role
from crm.privacy import requests, retention
from customers import (
    consents,
    contacts,
    enrolment,
    fieldrules,
    imports,
    merging,
    notes,
    profile,
    rules,
    signups,
    tags,
    work,
    workkinds,
)  # fmt: skip
from customers.consents import agerule, guardians, wordings
from customers.consents.cells import CELLS
from customers.imports import mapping, undoing
from customers.matching import rules as matchrules
from customers.models import Customer
from segmentation import schemes
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)


def unrecorded() -> list[tuple[str, str, Any]]:
    rows = Entry.objects.filter(channel="database").order_by("pk")
    return [(one.action, one.subject, one.details.get("columns")) for one in rows]


@pytest.fixture
def quiet(ana: Staff, chen: Staff, marta: Staff, harbour: Store) -> Any:
    """Entries from here on are the test's."""
    capture.install()
    before = len(unrecorded())
    yield lambda: unrecorded()[before:]
    connection.close()


def enrolled(name: str, phone: str, *, by: Staff, at: Store) -> Customer:
    told = [("phone", phone)]
    return enrolment.enrol(told, by=by, at=now(), source="counter", name=name, home_store_id=at.pk).customer


def test_a_person_in_all_that_is_done_for_them(quiet: Any, chen: Staff, marta: Staff, harbour: Store) -> None:
    bo = enrolled("Bo Li", "+8613900139002", by=chen, at=harbour)
    twin = enrolled("Bo Li", "+8613900139003", by=chen, at=harbour)
    profile.change(bo.pk, {"name": "Bo Lee", "occupation": "baker"}, by=chen)
    second = contacts.add(bo, "email", "bo@work.example", by=chen)
    contacts.put_back(bo, contacts.remove(bo, second, by=chen), by=chen)
    tag, _is_new = tags.add(bo, "VIP", by=marta)
    tags.remove(bo, tag, by=marta)
    note = notes.write(bo, "Likes rye.", by=chen, at=now())
    note = notes.edit(note, "Likes rye bread.", by=chen, at=now())
    notes.pin(note, by=marta, at=now())
    notes.restore(notes.delete(note, by=chen, at=now()), by=chen)
    assert quiet() == []
    consents.record(
        bo,
        channel="sms",
        purpose="marketing",
        is_given=False,
        wording=None,
        source="counter",
        by=chen,
        at=None,
    )
    consents.record(
        bo, channel=None, purpose="contact", is_given=False, wording=None, source="counter", by=chen, at=None
    )
    guardians.appoint(bo, name="Mo Li", relation="parent", verified="seen", by=chen)
    guardians.dismiss(bo, by=chen)
    assert quiet() == []
    done = merging.merge(bo, twin, by=marta, at=now())
    merging.unmerge(done, by=marta, at=now())
    assert quiet() == []


def test_follow_ups(quiet: Any, chen: Staff, marta: Staff, harbour: Store) -> None:
    bo = enrolled("Bo Li", "+8613900139002", by=chen, at=harbour)
    kind = workkinds.named("call")
    result = kind.results.filter(is_active=True).first()
    assert result is not None
    at = now()
    one = work.create(bo, kind=kind, title="Call Bo", due_at=at, by=marta, at=at)
    work.take(one, by=chen, at=at)
    work.hand_over(one, to=marta, by=chen, at=at)
    work.snooze(one, until=at + timedelta(days=1), by=marta, at=at)
    work.wake(one, by=marta, at=at)
    work.finish(one, result=result.code, note="", by=marta, at=at)
    work.reopen(one, by=marta, at=at)
    work.cancel(one, by=marta, at=at)
    assert quiet() == []


def test_an_import_and_its_undoing(quiet: Any, ana: Staff, harbour: Store, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "name,phone,tags,home_store,consent_sms_marketing\n"
        "Ann Ray,+8613900139009,New,HARB,yes\nBo Li,+8613900139002,,HARB,no\n"
    )
    file = imports.run_now(path, "customers", by=f"staff:{ana.pk}")
    assert file.job is not None and file.job.counts["new"] == 2
    assert quiet() == []
    file = undoing.undo(file, by=ana, at=now())
    assert file.undo_job is not None
    runner.run_until_ended(file.undo_job)
    assert not Customer.objects.exists()
    assert quiet() == []


def test_rules_and_settings(quiet: Any, ana: Staff, harbour: Store) -> None:
    Chain.current()
    schemes.groups()
    schemes.change(by=ana, window_days=400)
    rules.change(by=ana, lost_days=700)
    matchrules.change(by=ana, look_at=55)
    shown = wordings.current("en")
    wordings.change(CELLS[0], "en", shown[CELLS[0]].text + " Please.", by=ana)
    agerule.change(16, by=ana)
    signups.switch(harbour, on=True, by=ana)
    signups.switch(harbour, on=False, by=ana)
    requests.choose(requests.settings_of_chain(), by=ana)
    assert quiet() == []
    told = dict.fromkeys(fieldrules.CHANGEABLE, "") | {
        "label": "Size", "kind": "text", "choices": [], "is_required": False, "is_personal": False, "is_listed": False,
        "roles": [Role.ADMINISTRATOR],
    }  # fmt: skip
    field = fieldrules.create("size", told, by=ana)
    fieldrules.change(field.pk, told | {"label": "Sizes"}, by=ana)
    fieldrules.archive(field, by=ana, at=now())
    fieldrules.restore(field, by=ana)
    fieldrules.move(field, 1, by=ana)
    kept = mapping.keep("customers", "Shop", ["Full name", "Phone"], {"Full name": "name"}, by=ana)
    mapping.forget(kept, by=ana)
    assert quiet() == []


def test_old_data_go_by_a_rule(quiet: Any, ana: Staff, chen: Staff, harbour: Store) -> None:
    cast.customer("Ann Ray", of=harbour)
    before = len(quiet())
    job = runner.run_until_ended(retention.ask(now() + timedelta(days=4000)))
    assert job.error == ""
    assert quiet()[before:] == []
