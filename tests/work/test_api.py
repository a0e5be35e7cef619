"""Follow-ups and notes through the API."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm.org.models import Staff, Store
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
