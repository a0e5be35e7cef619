"""Settings → Audit: search, one entry, the file, whether the trail is whole."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from crm.audit import anchors, sealing, trail, verifying
from crm.audit.models import Entry, Verification
from crm.jobs import runner
from crm.jobs.models import Job
from crm.org.models import Staff, Store
from customers import merging, profile
from customers.models import Customer
from tests import cast
from tests.walk import text_of

pytestmark = pytest.mark.django_db
TRAIL = "/settings/audit/"


@pytest.fixture(autouse=True)
def _own_anchors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(anchors, "place", lambda: tmp_path / "anchors")


@pytest.fixture
def desk(ana: Staff, signed_in: Callable[[Staff], Client]) -> Client:
    return signed_in(ana)


@pytest.fixture
def acts(ana: Staff, chen: Staff, harbour: Store, irina: Customer) -> None:
    profile.change(irina.pk, {"name": "Irina Orlova"}, by=chen)
    trail.record("store.close", harbour, by=ana, store_id=harbour.pk, changes={"is_active": (True, False)})
    trail.record("customers.export", "customers.customer:*", by="system:night")


def found(desk: Client, **query: str) -> list[str]:
    return [row.entry.action for row in desk.get(TRAIL, query).context["rows"]]


def test_acts_are_found_by_record_person_act_store_channel_and_day(
    acts: None, desk: Client, irina: Customer, chen: Staff, harbour: Store
) -> None:
    assert found(desk)[:3] == ["customers.export", "store.close", "customer.change"]
    assert found(desk, record=irina.public_id) == ["customer.change"]
    assert found(desk, record=f" http://x/customers/{irina.public_id}/ ") == ["customer.change"]
    assert found(desk, record=f"org.store:{harbour.pk}") == ["store.close"]
    assert found(desk, who=f"staff:{chen.pk}") == ["customer.change"]
    assert found(desk, who="system") == ["customers.export"]
    assert found(desk, action="store.close", store=str(harbour.pk)) == ["store.close"]
    assert found(desk, channel="page") == []
    assert found(desk, until="9999-12-31") == found(desk)
    assert found(desk, until="2026-01-01") == []
    assert found(desk, action="no.such") == [], "an address that makes no sense finds nothing"


def test_the_page_costs_the_same_for_one_row_and_for_fifty(
    acts: None, desk: Client, irina: Customer, django_assert_max_num_queries: Callable
) -> None:  # type: ignore[type-arg]
    for n in range(60):
        trail.record("customer.change", irina, by=f"staff:{n}")
    with django_assert_max_num_queries(13):
        page = desk.get(TRAIL)
    assert len(page.context["rows"]) == 50 and page.context["page"].next


def test_an_entry_shows_old_and_new_without_what_is_personal(acts: None, desk: Client) -> None:
    entry = Entry.objects.get(action="customer.change")
    text = text_of(desk.get(f"{TRAIL}entries/{entry.pk}/"))
    assert "not shown" in text and "Not sealed yet" in text
    assert "Orlova" not in text and "Petrova" not in text
    sealing.seal()
    assert "As it was sealed" in text_of(desk.get(f"{TRAIL}entries/{entry.pk}/"))
    closing = text_of(desk.get(f"{TRAIL}entries/{Entry.objects.get(action='store.close').pk}/"))
    assert "Harbour" in closing
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE audit_entry SET actor = 'staff:0' WHERE id = %s", [entry.pk])
    assert "Not what was sealed" in text_of(desk.get(f"{TRAIL}entries/{entry.pk}/"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_is_written_down_itself(acts: None, desk: Client, kind: str, irina: Customer) -> None:
    answer = desk.get(
        f"{TRAIL}export/", {"format": kind, "action": "customer.change", "record": irina.public_id}
    )
    text = text_of(answer)
    assert "Chen" in text and "Orlova" not in text and "Store closed" not in text
    entry = Entry.objects.latest("pk")
    filters = {"action": "customer.change", "record": f"customers.customer:{irina.pk}"}
    assert (entry.action, entry.details) == ("audit.export", {"format": kind, "filters": filters})
    desk.get(f"{TRAIL}export/", {"record": "Irina Petrova"})
    assert "Irina" not in str(Entry.objects.latest("pk").details)


def test_verifying_is_a_job_whose_end_is_shown(acts: None, desk: Client) -> None:
    assert "Not verified yet" in text_of(desk.get(TRAIL))
    assert desk.post(f"{TRAIL}verifications/").status_code == 303
    desk.post(f"{TRAIL}verifications/")
    job = Job.objects.get(kind=verifying.KIND)
    assert "data-poll" in text_of(desk.get(f"{TRAIL}verifications/"))
    runner.run(job.pk)
    done = Verification.objects.get()
    assert (done.faults, done.entries) == (0, Entry.objects.count())
    text = text_of(desk.get(TRAIL))
    assert "Whole" in text and done.anchor in text
    assert "data-poll" not in text_of(desk.get(f"{TRAIL}verifications/"))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM audit_entry WHERE action = 'store.close'")
    runner.run(verifying.ask(by="system:test").pk)
    text = text_of(desk.get(TRAIL))
    assert "Tampered with" in text and "is gone." in text


def test_a_customers_and_a_stores_page_lead_to_their_history(
    acts: None,
    desk: Client,
    irina: Customer,
    harbour: Store,
    marta: Staff,
    signed_in: Callable[[Staff], Client],
) -> None:
    link = f"{TRAIL}?record={irina.public_id}"
    assert link in text_of(desk.get(f"/customers/{irina.public_id}/"))
    assert link not in text_of(signed_in(marta).get(f"/customers/{irina.public_id}/"))
    assert f"{TRAIL}?record=org.store:{harbour.pk}" in text_of(desk.get(f"/settings/stores/{harbour.pk}/"))


def test_a_merge_is_told_by_its_rows(
    irina: Customer,
    yusuf: Customer,
    harbour: Store,
    ana: Staff,
    signed_in: Callable[[Staff], Client],
    noon: datetime,
) -> None:
    cast.purchase(yusuf, at=harbour, on="2026-03-01")
    merging.merge(irina, yusuf, by=ana, at=noon, reason="one person", is_confirmed=True)
    page = signed_in(ana).get("/settings/audit/")
    assert page.status_code == 200
    assert "rows" in page.content.decode()
