"""`POST events/`: exact answers, one event counts once, what is wrong is told by its place."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.org.models import Store
from customers.models import Customer, Event, EventKind, EventState, Identity, Interaction, TouchChannel

pytestmark = pytest.mark.django_db
AT = (now() - timedelta(days=1)).replace(microsecond=0)
PHONE = {"kind": "phone", "value": "138 0013 8000"}


def event(number: int = 1, **other: Any) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "kind": "product",
        "occurred_at": AT.isoformat(),
        "data": {"product": "SKU1"},
    } | other


@pytest.fixture
def send(calling: Callable[..., Client]) -> Callable[..., Any]:
    client = calling("events:write")

    def post(*events: dict[str, Any], source: str = "shop") -> Any:
        body = {"source": source, "events": list(events)}
        return client.post("/api/v1/events/", body, content_type="application/json")

    return post


def counts(answer: Any) -> tuple[int, int, int]:
    assert answer.status_code == 200, answer.content
    told = answer.json()
    return told["applied"], told["duplicates"], told["rejected"]


def test_an_event_of_a_customer_becomes_a_touch(send: Callable[..., Any], irina: Customer) -> None:
    answer = send(event(customer=PHONE, store="HARB", channel="app"))
    assert answer.json() == {"applied": 1, "duplicates": 0, "rejected": 0, "errors": []}
    touch = Interaction.objects.get(customer=irina)
    assert (touch.kind, touch.channel, touch.occurred_at) == ("product", TouchChannel.APP, AT)
    assert (touch.store_id, touch.external_id, touch.data) == (irina.home_store_id, "e1", {"product": "SKU1"})
    kept = Event.objects.get()
    assert (kept.state, kept.customer_id, kept.interaction_id) == (EventState.APPLIED, irina.pk, touch.pk)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"name": "Petrova Irina"}, ""),
        ({"name": "I. Petrova", "birthday": "1990-04-12"}, ""),
        ({"name": "Boris Kuznetsov"}, "other_name"),  # a number with a new owner
        ({"name": "Irina Petrova", "birthday": "1951-09-30"}, "other_birthday"),
        ({"kind": "member", "value": "M0001", "name": "Boris Kuznetsov"}, ""),  # a number of one person alone
    ],
)
def test_a_phone_decides_unless_what_is_told_contradicts(
    send: Callable[..., Any], irina: Customer, facts: dict[str, str], code: str
) -> None:
    """The rule of the matching engine. Whom it contradicts gets nothing, and nobody else either."""
    Customer.objects.filter(pk=irina.pk).update(birthday=date(1990, 4, 12))
    answer = send(event(customer=PHONE | facts, visitor="k3v9x2m4q7w8"), event(2, customer=PHONE))
    told = answer.json()
    assert [(one["code"], one["pointer"]) for one in told["errors"]] == (
        [(code, "/events/0/customer")] if code else []
    )
    kept = Interaction.objects.filter(customer=irina).order_by("external_id")
    assert [one.external_id for one in kept] == (["e2"] if code else ["e1", "e2"])
    assert Event.objects.count() == len(kept)
    assert Customer.objects.count() == 1
    assert "Kuznetsov" not in str(list(Event.objects.values()))
    again = send(event(customer=PHONE | facts, visitor="k3v9x2m4q7w8"))
    assert counts(again) == ((0, 0, 1) if code else (0, 1, 0))


def test_no_identifier_is_kept_with_the_event(send: Callable[..., Any], irina: Customer) -> None:
    send(event(customer=PHONE), event(2, kind="teleport", customer=PHONE))
    assert "8000" not in str(list(Event.objects.values()))


def test_the_same_again_is_a_duplicate_and_other_content_a_conflict(
    send: Callable[..., Any], irina: Customer
) -> None:
    assert counts(send(event(customer=PHONE))) == (1, 0, 0)
    same = event(customer={"kind": "phone", "value": "+8613800138000"})  # written in another way
    assert counts(send(same, same)) == (0, 2, 0)
    other = send(event(customer=PHONE, data={"product": "SKU2"}))
    assert counts(other) == (0, 0, 1)
    assert other.json()["errors"] == [
        {
            "code": "event_conflict",
            "pointer": "/events/0/id",
            "detail": "This event was received before with other content.",
        }
    ]
    assert Interaction.objects.get(customer=irina).data == {"product": "SKU1"}
    assert counts(send(event(customer=PHONE, data={"product": "SKU2"}), source="app")) == (1, 0, 0)


def test_within_a_batch_the_first_counts(send: Callable[..., Any], irina: Customer) -> None:
    answer = send(event(customer=PHONE), event(customer=PHONE), event(customer=PHONE, channel="app"))
    assert counts(answer) == (1, 1, 1)
    assert Interaction.objects.count() == 1


def test_somebody_new_becomes_a_customer_who_is_not_enrolled(
    send: Callable[..., Any], irina: Customer
) -> None:
    assert counts(send(event(customer={"kind": "email", "value": "New@Example.com"}))) == (1, 0, 0)
    owner = Identity.objects.get(kind="email", value="new@example.com").customer
    assert owner.is_stub
    assert Interaction.objects.get().customer_id == owner.pk


def test_an_event_of_a_visitor_waits(send: Callable[..., Any], chain: Any) -> None:
    assert counts(send(event(visitor="visitor-1"))) == (1, 0, 0)
    kept = Event.objects.get()
    assert (kept.state, kept.customer_id, kept.visitor) == (EventState.ANONYMOUS, None, "visitor-1")
    assert not Interaction.objects.exists()


@pytest.mark.parametrize(
    ("other", "code", "pointer"),
    [
        ({}, "invalid_event", ""),
        ({"visitor": "short"}, "invalid_event", "/visitor"),
        ({"visitor": "visitor-1", "surprise": 1}, "invalid_event", "/surprise"),
        ({"visitor": "visitor-1", "id": ""}, "invalid_event", "/id"),
        ({"visitor": "visitor-1", "channel": "smoke"}, "invalid_event", "/channel"),
        ({"visitor": "visitor-1", "occurred_at": "2026-03-10T10:00:00"}, "invalid_event", "/occurred_at"),
        ({"visitor": "visitor-1", "occurred_at": "1999-03-10T10:00:00Z"}, "invalid_event", "/occurred_at"),
        ({"visitor": "visitor-1", "occurred_at": "2999-03-10T10:00:00Z"}, "invalid_event", "/occurred_at"),
        ({"customer": {"kind": "phone", "value": "abc"}}, "invalid_event", "/customer/value"),
        ({"customer": {"kind": "dog", "value": "Rex"}}, "invalid_event", "/customer/kind"),
        ({"customer": {"kind": "device", "value": "d-12345678"}}, "invalid_event", "/customer/kind"),
        ({"visitor": "visitor-1", "data": {}}, "invalid_event", "/data/product"),
        ({"visitor": "visitor-1", "data": {"product": "S", "x": 1}}, "invalid_event", "/data/x"),
        ({"visitor": "visitor-1", "data": {"product": 5}}, "invalid_event", "/data/product"),
        (
            {"visitor": "visitor-1", "kind": "custom", "data": {"a": "b" * 200, "c": ["x" * 5000]}},
            "invalid_event",
            "/data",
        ),
        ({"visitor": "visitor-1", "kind": "Not A Kind"}, "unknown_kind", "/kind"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_place(
    other: dict[str, Any], code: str, pointer: str, send: Callable[..., Any], chain: Any
) -> None:
    answer = send(event(1, visitor="visitor-1"), event(2, **other))
    assert counts(answer) == (1, 0, 1)
    (error,) = answer.json()["errors"]
    assert (error["code"], error["pointer"]) == (code, f"/events/1{pointer}")
    assert Event.objects.get().external_id == "e1"


def test_an_unknown_kind_is_told_and_kept_until_the_chain_knows_it(
    send: Callable[..., Any], irina: Customer
) -> None:
    odd = event(kind="teleport", customer=PHONE, data={"to": "moon", "times": 2})
    answer = send(odd)
    assert counts(answer) == (0, 0, 1)
    assert answer.json()["errors"][0]["pointer"] == "/events/0/kind"
    kept = Event.objects.get()
    assert (kept.state, kept.reason, kept.data) == (
        EventState.QUARANTINED,
        "unknown_kind",
        {"to": "moon", "times": 2},
    )
    assert not Interaction.objects.exists()
    EventKind.objects.create(code="teleport", name="Teleport")
    assert counts(send(odd)) == (1, 0, 0)
    assert counts(send(odd)) == (0, 1, 0)
    assert Interaction.objects.get(customer=irina).data == {"to": "moon", "times": 2}


def test_an_unknown_store_is_told_and_kept(send: Callable[..., Any], irina: Customer) -> None:
    answer = send(event(customer=PHONE, store="NOWH"))
    assert (answer.json()["errors"][0]["code"], answer.json()["errors"][0]["pointer"]) == (
        "unknown_store",
        "/events/0/store",
    )
    kept = Event.objects.get()
    assert (kept.state, kept.store_code, kept.store_id) == (EventState.QUARANTINED, "NOWH", None)


def test_a_key_of_one_store_speaks_for_no_other(
    calling: Callable[..., Client], irina: Customer, harbour: Store, uptown: Store
) -> None:
    client = calling("events:write", stores=[harbour])
    body = {
        "source": "shop",
        "events": [event(1, customer=PHONE, store="HARB"), event(2, customer=PHONE, store="UPTN")],
    }
    answer = client.post("/api/v1/events/", body, content_type="application/json")
    assert counts(answer) == (1, 0, 1)
    assert answer.json()["errors"][0]["pointer"] == "/events/1/store"
    assert Event.objects.get().external_id == "e1"


def test_what_could_tell_a_person_does_not_stay_in_the_data(send: Callable[..., Any], chain: Any) -> None:
    send(
        event(1, kind="page", visitor="visitor-1", data={"path": "/a?phone=138#x", "title": "Hi ann@example.com"}),
        event(2, kind="search", visitor="visitor-1", data={"query": "call 138 0013 8000 now"}),
        event(3, visitor="visitor-1", data={"product": "6901234567892"}),
    )  # fmt: skip
    data = dict(Event.objects.values_list("external_id", "data"))
    assert data["e1"] == {"path": "/a", "title": "Hi …"}
    assert data["e2"] == {"query": "call … now"}
    assert data["e3"] == {"product": "6901234567892"}


def test_late_events_come_where_they_belong(send: Callable[..., Any], irina: Customer) -> None:
    moments = [AT - timedelta(days=days) for days in (3, 1, 2)]
    send(*[event(n, customer=PHONE, occurred_at=at.isoformat()) for n, at in enumerate(moments)])
    newest_first = Interaction.objects.filter(customer=irina).order_by("-occurred_at", "-id")
    assert [touch.external_id for touch in newest_first] == ["e1", "e2", "e0"]


def test_a_batch_too_large_is_refused_whole(send: Callable[..., Any], chain: Any) -> None:
    answer = send(*[event(n, visitor="visitor-1") for n in range(1001)])
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_events")
    assert not Event.objects.exists()


def test_a_batch_takes_as_many_queries_whatever_its_size(
    send: Callable[..., Any], irina: Customer, django_assert_max_num_queries: Any
) -> None:
    send(event(1, customer=PHONE, visitor="visitor-1"))
    with django_assert_max_num_queries(20):
        batch = [event(n, customer=PHONE, visitor="visitor-1") for n in range(2, 202)]
        assert counts(send(*batch)) == (200, 0, 0)


def test_a_date_without_offset_is_no_moment(send: Callable[..., Any], chain: Any) -> None:
    at = datetime(2026, 3, 10, 10, tzinfo=UTC).replace(tzinfo=None)
    assert counts(send(event(1, visitor="visitor-1", occurred_at=at.isoformat()))) == (0, 0, 1)
