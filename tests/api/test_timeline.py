"""A customer's touches and own fields over the API."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from crm.org.models import Store
from customers.models import Customer, CustomField
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def fields() -> None:
    choices = [{"code": "s", "label": "Small"}, {"code": "l", "label": "Large"}]
    CustomField.objects.create(code="size", label="Size", kind="choice", choices=choices)
    CustomField.objects.create(code="height", label="Height", kind="number")


def test_the_stream_is_paged(irina: Customer, harbour: Store, calling: Callable[..., Client]) -> None:
    for n in range(7):
        cast.purchase(irina, at=harbour, on=date(2026, 2, 1 + n), amount="39.32")
    reader, seen = calling("customers:read"), []
    address = f"/api/v1/customers/{irina.public_id}/timeline/?limit=3"
    while address:
        answer = reader.get(address).json()
        seen += answer["results"]
        address = answer["next"]
    assert len({one["id"] for one in seen}) == len(seen) == 8
    assert [one["at"] for one in seen] == sorted((one["at"] for one in seen), reverse=True)
    first = seen[0]
    assert (first["kind"], first["group"], first["channel"], first["store"]) == (
        "purchase",
        "purchase",
        "store",
        "Harbour",
    )
    assert (first["title"], first["data"]["amount"], first["data"]["receipt"][:1]) == (
        "Bought for ¥39.32",
        "39.32",
        "T",
    )


def test_filters(irina: Customer, harbour: Store, calling: Callable[..., Client]) -> None:
    for day in (2, 3, 4):
        cast.purchase(irina, at=harbour, on=date(2026, 3, day))
    reader = calling("customers:read")

    def kinds(query: dict[str, str]) -> list[str]:
        answer = reader.get(f"/api/v1/customers/{irina.public_id}/timeline/", query)
        return [one["kind"] for one in answer.json()["results"]]

    assert kinds({"kinds": "life"}) == ["enrolment"]
    assert kinds({"channel": "store"}) == ["purchase"] * 3
    assert kinds({"from": "2026-03-03T00:00:00+08:00", "to": "2026-03-04T00:00:00+08:00"}) == ["purchase"]


@pytest.mark.parametrize(
    "query", ["kinds=dragons", "channel=pigeon", "from=soon", "cursor=x", "since=2026-03-03"]
)
def test_a_wrong_question_is_refused(irina: Customer, calling: Callable[..., Client], query: str) -> None:
    answer = calling("customers:read").get(f"/api/v1/customers/{irina.public_id}/timeline/?{query}")
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"


def test_the_stream_of_another_branch_is_not_there(
    irina: Customer, uptown: Store, calling: Callable[..., Client]
) -> None:
    theirs = calling("customers:read", stores=[uptown])
    assert theirs.get(f"/api/v1/customers/{irina.public_id}/timeline/").status_code == 404


def test_own_fields_go_in_and_out(irina: Customer, fields: Any, calling: Callable[..., Client]) -> None:
    client = calling("customers:read", "customers:write")
    address = f"/api/v1/customers/{irina.public_id}/"
    patch = lambda body: client.patch(address, body, content_type="application/json")  # noqa: E731
    assert patch({"custom": {"size": "Large", "height": 1.80}}).json()["custom"] == {
        "size": "l",
        "height": "1.8",
    }
    assert patch({"custom": {"size": None}}).json()["custom"] == {"height": "1.8"}
    for told, pointer in (({"size": "xl"}, "/custom/size"), ({"weight": 3}, "/custom/weight")):
        answer = patch({"custom": told})
        assert answer.status_code == 422
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert client.get(address).json()["custom"] == {"height": "1.8"}


def test_enrolment_takes_and_asks_for_own_fields(
    harbour: Store, fields: Any, calling: Callable[..., Client]
) -> None:
    CustomField.objects.filter(code="size").update(is_required=True)
    client = calling("customers:read", "customers:write")
    body = {"identities": [{"kind": "member", "value": "NEW1"}], "home_store": "HARB", "household_code": "H1"}
    enrol = lambda more: client.post(  # noqa: E731
        "/api/v1/customers/", body | more, content_type="application/json"
    )
    answer = enrol({})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/custom/size")
    assert not Customer.objects.exists()
    answer = enrol({"custom": {"size": "s"}})
    assert answer.status_code == 201
    assert (answer.json()["custom"], answer.json()["household_code"]) == ({"size": "s"}, "H1")
