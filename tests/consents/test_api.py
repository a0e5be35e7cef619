"""Consents over the API."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from crm.org.models import Store
from customers import consents
from customers.consents import CELLS
from customers.models import Consent, Customer

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def shop(calling: Callable[..., Client], harbour: Store) -> Client:
    return calling("customers:read", "customers:write", stores=[harbour])


def address(customer: Customer, what: str = "consents/") -> str:
    return f"/api/v1/customers/{customer.public_id}/{what}"


def say(shop: Client, customer: Customer, **told: Any) -> Any:
    word = {"channel": "email", "purpose": "marketing", "is_given": True, "wording": "unknown/shop"}
    return shop.post(address(customer), word | told, content_type=JSON)


def test_recording_and_reading(shop: Client, irina: Customer) -> None:
    answer = say(shop, irina, occurred_at="2026-03-10T09:00:00+08:00", source="webshop")
    assert answer.status_code == 201
    assert answer.json() == shop.get(address(irina)).json()
    told = answer.json()
    assert (told["do_not_contact"], told["is_minor"], told["has_guardian"]) == (False, False, False)
    (row,) = [one for one in told["consents"] if one["is_given"] is not None]
    assert row == {
        "channel": "email", "purpose": "marketing", "is_given": True, "allowed": True, "source": "webshop",
        "since": "2026-03-10T01:00:00Z", "wording": "unknown/shop",
    }  # fmt: skip
    assert len(told["consents"]) == len(CELLS)
    assert Consent.objects.get().recorded_by.startswith("key:")


def test_the_state_at_a_past_moment(shop: Client, irina: Customer) -> None:
    say(shop, irina, occurred_at="2026-03-10T09:00:00+08:00")
    say(shop, irina, is_given=False, occurred_at="2026-03-12T09:00:00+08:00")

    def given(**query: str) -> list[bool]:
        found = shop.get(address(irina), query).json()["consents"]
        return [one["allowed"] for one in found if one["is_given"] is not None]

    assert [given(at=f"2026-03-{day}T09:00:00+08:00") for day in ("09", "10", "11", "12")] == [
        [],
        [True],
        [True],
        [False],
    ]
    assert given(known_at="2026-03-13T00:00:00Z") == []  # nobody had told us yet
    assert shop.get(address(irina), {"at": "yesterday"}).status_code == 422


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"wording": ""}, "invalid_consent"),
        ({"wording": "sms.marketing.en.99"}, "invalid_wording"),
        ({"channel": "any"}, "unknown_consent"),
        ({"channel": "pigeon"}, "invalid"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "invalid"),
        ({"more": 1}, "invalid"),
    ],
)
def test_what_is_refused_changes_nothing(
    told: dict[str, Any], code: str, shop: Client, irina: Customer
) -> None:
    answer = say(shop, irina, **told)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not Consent.objects.exists()


def test_customers_of_others_do_not_exist(shop: Client, yusuf: Customer) -> None:
    assert say(shop, yusuf).status_code == 404
    assert shop.get(address(yusuf)).status_code == 404
    assert not Consent.objects.exists()


def test_a_word_sent_twice_counts_once(shop: Client, irina: Customer) -> None:
    word = {"channel": "email", "purpose": "service", "is_given": False}
    first, again = (
        shop.post(address(irina), word, content_type=JSON, headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    )
    assert first.json() == again.json()
    assert Consent.objects.count() == 1


@pytest.mark.parametrize("birthday", [None, date(2000, 1, 1), date(2015, 1, 1)])
def test_the_profile_says_what_may_be_done_now(birthday: date | None, shop: Client, irina: Customer) -> None:
    Customer.objects.filter(pk=irina.pk).update(birthday=birthday)

    def part() -> Any:
        return shop.get(address(irina, "")).json()["consent"]

    assert part() == {"do_not_contact": False, "allowed": []}
    for place, one in enumerate(CELLS):
        say(shop, irina, channel=one.channel.code, purpose=one.purpose.code, is_given=place % 3 > 0)
    expected = sorted(one.code for one in CELLS if consents.allows(irina.pk, one.channel, one.purpose))
    assert len(expected) == (4 if birthday == date(2015, 1, 1) else 9)
    assert part() == {"do_not_contact": False, "allowed": expected}
    say(shop, irina, channel="any", purpose="contact", is_given=False, wording="")
    assert part() == {"do_not_contact": True, "allowed": []}


def test_links_for_the_customer(shop: Client, irina: Customer, client: Client) -> None:
    say(shop, irina)
    answer = shop.post(
        address(irina, "preference-links/"), {"channel": "email", "purpose": "marketing"}, content_type=JSON
    )
    assert answer.status_code == 201
    made = answer.json()
    assert client.get(made["preferences"].removeprefix("http://testserver")).status_code == 200
    client.post(made["unsubscribe"].removeprefix("http://testserver"), {"List-Unsubscribe": "One-Click"})
    assert not consents.allows(irina.pk, "email", "marketing")
