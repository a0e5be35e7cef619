"""Follow-ups and notes through the API."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.audit.models import Entry
from crm.notices.models import Notice
from crm.org.models import Staff, Store
from customers import work
from customers.models import Customer, Note, WorkItem

pytestmark = pytest.mark.django_db
Calling = Callable[..., Client]
JSON = "application/json"
CALL = {"kind": "call", "title": "Ask about the machine", "due_at": "2030-01-02T10:00:00+08:00"}


def test_a_follow_up_from_another_system(
    calling: Calling, irina: Customer, harbour: Store, chen: Staff
) -> None:
    till = calling("work:read", "work:write", stores=[harbour])
    made = till.post(
        f"/api/v1/customers/{irina.public_id}/work/", CALL | {"owner": chen.code}, content_type=JSON
    )
    assert made.status_code == 201
    told = made.json()
    assert (told["state"], told["owner"], told["store"]) == ("open", chen.code, "HARB")
    address = f"/api/v1/work/{told['id']}/result/"
    again = {"result": "call_again", "again_at": "2030-01-03T10:00:00+08:00"}
    done = till.post(address, again, content_type=JSON).json()
    assert (done["state"], done["result"]) == ("done", "call_again")
    assert done["next"] == WorkItem.objects.open().get().public_id
    second = till.post(address, {"result": "reached"}, content_type=JSON)
    assert (second.status_code, second.json()["code"]) == (409, "work_ended")
    listed = till.get("/api/v1/work/", {"state": "open"}).json()["results"]
    assert [one["id"] for one in listed] == [done["next"]]


def test_a_stranger_to_the_customer_is_refused(
    calling: Calling, irina: Customer, harbour: Store, uma: Staff
) -> None:
    till = calling("work:write", stores=[harbour])
    made = till.post(
        f"/api/v1/customers/{irina.public_id}/work/", CALL | {"owner": uma.code}, content_type=JSON
    )
    assert (made.status_code, made.json()["code"]) == (422, "not_their_customer")
    assert not WorkItem.objects.exists()


def test_notes(calling: Calling, irina: Customer, harbour: Store, chen: Staff, uma: Staff) -> None:
    shop = calling("customers:read", "customers:write", stores=[harbour])
    address = f"/api/v1/customers/{irina.public_id}/notes/"
    made = shop.post(address, {"text": "After six. @Chen"}, content_type=JSON)
    assert (made.status_code, made.json()["mentions"]) == (201, [chen.code])
    refused = shop.post(address, {"text": "@Uma"}, content_type=JSON)
    assert (refused.status_code, refused.json()["code"]) == (422, "cannot_mention")
    assert [one["text"] for one in shop.get(address).json()["results"]] == ["After six. @Chen"]
    assert Note.objects.get().created_by.startswith("key:")


@pytest.fixture
def item(irina: Customer, ana: Staff) -> WorkItem:
    due = now() + timedelta(days=1)
    return work.create(irina, kind="call", title="Ask about the machine", due_at=due, by=ana, at=now())


def patch(client: Client, item: WorkItem, **body: Any) -> Any:
    return client.patch(f"/api/v1/work/{item.public_id}/", body, content_type=JSON)


def test_a_follow_up_is_changed_at_once(calling: Calling, item: WorkItem, chen: Staff) -> None:
    later = (now() + timedelta(days=3)).replace(microsecond=0)
    told = patch(
        calling("work:write"), item, title=" Ask  again ", owner=chen.code, due_at=later.isoformat(), priority="high",
        script="Say hello",
    )  # fmt: skip
    assert told.status_code == 200, told.content
    told = told.json()
    assert (told["title"], told["owner"], told["priority"], told["state"]) == (
        "Ask again", chen.code, "high", "snoozed",
    )  # fmt: skip
    assert datetime.fromisoformat(told["due_at"]) == later
    assert datetime.fromisoformat(told["promised_at"]) == item.promised_at
    acts = Entry.objects.filter(subject=f"customers.workitem:{item.pk}").order_by("pk")
    assert [one.action for one in acts] == ["work.create", "work.change", "work.hand_over", "work.snooze"]
    assert acts[1].changes["title"][1].keys() == {"#"}, "what is written of a person is no value of the trail"
    assert Notice.objects.get().staff == chen
    read = calling("work:read").get(f"/api/v1/work/{item.public_id}/").json()
    assert read == told


def test_nothing_changes_where_one_part_is_refused(
    calling: Calling, item: WorkItem, uma: Staff, chen: Staff
) -> None:
    client, before = calling("work:write"), list(WorkItem.objects.values())
    past = (now() - timedelta(hours=1)).isoformat()
    for body, pointer, code in (
        ({"owner": uma.code}, "/owner", "not_their_customer"),
        ({"owner": "E-nobody"}, "/owner", "invalid"),
        ({"due_at": past, "owner": chen.code}, "/due_at", "invalid_work"),
        ({"title": "  "}, "/title", "invalid_work"),
        ({"state": "done"}, "/state", "invalid"),
    ):
        told = patch(client, item, **({"title": "Other"} | body))
        assert (told.status_code, told.json()["code"]) == (422, code), told.content
        assert told.json()["errors"][0]["pointer"] == pointer
    assert list(WorkItem.objects.values()) == before
    assert not Entry.objects.filter(action="work.change").exists()


def test_nobody_overwrites_what_they_have_not_seen(
    calling: Calling, item: WorkItem, chen: Staff, marta: Staff
) -> None:
    client = calling("work:write")
    work.hand_over(item, to=chen, by=marta, at=now())
    told = patch(client, item, title="Other", owner=marta.code, based_on={"owner": None, "title": item.title})
    assert (told.status_code, told.json()["code"]) == (409, "changed_meanwhile")
    assert [one["pointer"] for one in told.json()["errors"]] == ["/owner"]
    item.refresh_from_db()
    assert (item.title, item.owner) == ("Ask about the machine", chen)
    seen = {"owner": chen.code, "title": item.title}
    assert patch(client, item, title="Other", owner=None, based_on=seen).json()["owner"] is None
    assert patch(client, item, title="Other", based_on=seen).status_code == 200, "it is so already"


def test_what_has_ended_is_not_changed_and_can_be_opened_again(calling: Calling, item: WorkItem) -> None:
    client, address = calling("work:write"), f"/api/v1/work/{item.public_id}/"
    assert client.delete(f"{address}result/").json()["code"] == "work_not_ended"
    assert client.post(f"{address}result/", {"result": "reached"}, content_type=JSON).status_code == 200
    assert (patch(client, item, title="Other").status_code, client.post(f"{address}cancellation/").status_code) == (
        409, 409,
    )  # fmt: skip
    opened = client.delete(f"{address}result/").json()
    assert (opened["state"], opened["result"], opened["ended_at"]) == ("open", None, None)
    assert client.post(f"{address}cancellation/").json()["state"] == "cancelled"
    assert client.delete(f"{address}cancellation/").json()["state"] == "open"


def test_follow_ups_of_other_stores_are_not_there(calling: Calling, item: WorkItem, uptown: Store) -> None:
    client, address = calling("work:write", "work:read", stores=[uptown]), f"/api/v1/work/{item.public_id}/"
    answers = [
        client.get(address), patch(client, item, title="Other"), client.delete(f"{address}result/"),
        client.post(f"{address}cancellation/"), client.delete(f"{address}cancellation/"),
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [404] * 5
    item.refresh_from_db()
    assert (item.title, item.is_open) == ("Ask about the machine", True)
