"""From where an act came, and old and new values without personal data."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from crm.audit import context, middleware, signing, trail, values
from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers import profile
from customers.models import Customer

pytestmark = pytest.mark.django_db


def last() -> Entry:
    return Entry.objects.latest("pk")  # type: ignore[no-any-return]


def is_right(entry: Entry) -> bool | None:
    entry.refresh_from_db()
    said = signing.content(entry.recorded_at, [getattr(entry, name) for name in signing.SAID])
    return signing.is_signed(bytes(entry.signature or b""), said)


def test_plain_values_are_kept_and_personal_ones_are_not(irina: Customer, chen: Staff, uptown: Store) -> None:
    profile.change(irina.pk, {"name": "Irina Orlova", "home_store_id": uptown.pk}, by=chen)
    told = last().changes
    assert told["home_store"] == [irina.home_store_id, uptown.pk]
    old, new = told["name"]
    assert values.is_digest(old) and values.is_digest(new) and old != new
    assert "Irina" not in json.dumps(told)


def test_equal_values_of_one_field_of_one_record_are_recognised(
    irina: Customer, chen: Staff, lin: Customer
) -> None:
    profile.change(irina.pk, {"name": "Irina Orlova"}, by=chen)
    there = last().changes["name"]
    profile.change(irina.pk, {"name": "Irina Petrova"}, by=chen)
    back = last().changes["name"]
    assert back == there[::-1]
    profile.change(lin.pk, {"name": "Irina Orlova"}, by=chen)
    assert last().changes["name"][1] != there[1], "nobody can join people by it"
    subject = f"customers.customer:{irina.pk}"
    assert there[1] == {values.DIGEST: values.digest(subject, "name", "Irina Orlova")}, (
        "who knows it can prove it"
    )


def test_what_nobody_classified_is_personal() -> None:
    assert values.is_digest(values.pairs("org.store:1", {"name": ("a", "b")})["name"][0]) is False
    assert values.is_digest(values.pairs("auth.user:1", {"username": ("a", "b")})["username"][0])
    assert values.is_digest(values.pairs("no.such:1", {"x": (1, 2)})["x"][1])
    assert values.pairs("no.such:1", {"x": (None, True)}) == {"x": [None, True]}


def test_values_take_the_form_that_json_gives_back() -> None:
    told = {"n": Decimal("1.50"), "on": date(2026, 3, 10), "of": frozenset({2, 1}), "list": (1, "a")}
    assert values.plain(told) == {"n": "1.50", "on": "2026-03-10", "of": [1, 2], "list": [1, "a"]}


def test_an_act_on_a_page_says_from_where(ana: Staff, harbour: Store, signed_in) -> None:  # type: ignore[no-untyped-def]
    browser = signed_in(ana)
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    address = f"/settings/stores/{harbour.pk}/closure/"
    browser.post(address, REMOTE_ADDR="203.0.113.77", headers={"user-agent": agent})
    entry = last()
    assert (entry.action, entry.channel, entry.address) == ("store.close", "page", "203.0.113.77")
    assert entry.agent == "Firefox, Linux"
    assert entry.request_id and entry.store_id == harbour.pk
    assert entry.changes == {"is_active": [True, False]}
    assert is_right(entry)


def test_an_act_through_the_api_says_from_where(calling, harbour: Store) -> None:  # type: ignore[no-untyped-def]
    client: Client = calling("customers:read", "customers:write")
    body = {"identities": [{"kind": "member", "value": "NEW1"}], "home_store": "HARB"}
    answer = client.post(
        "/api/v1/customers/",
        body,
        "application/json",
        headers={"user-agent": "till-bridge/2.1 (secret host)"},
    )
    assert answer.status_code == 201
    entry = Entry.objects.get(action="customer.enrol")
    assert (entry.channel, entry.address, entry.agent) == ("api", "127.0.0.1", "till-bridge")


def test_of_a_customer_only_the_network_is_kept() -> None:
    with context.at("page", address="203.0.113.77"):
        assert trail.record("test.act", "customers.customer:1", by="customer:1").address == "203.0.113.0/24"
        assert trail.record("test.act", "customers.customer:1", by="staff:1").address == "203.0.113.77"
    assert context.network_of("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert context.network_of("somewhere") == ""


@pytest.mark.parametrize(("proxies", "told"), [(None, "127.0.0.1"), (1, "198.51.100.9"), (2, "203.0.113.5")])
def test_only_our_own_proxies_are_believed(rf, settings, proxies: int | None, told: str) -> None:  # type: ignore[no-untyped-def]
    settings.AXES_IPWARE_PROXY_COUNT = proxies
    request = rf.get("/", headers={"x-forwarded-for": "10.9.9.9, 203.0.113.5, 198.51.100.9"})
    assert middleware.address_of(request) == told


def test_what_was_said_is_signed() -> None:
    details = {"b": 1.0, "large": 1e20, "small": 1e-7, "text": "林 “x”\n", "n": [1, {"z": None}], "yes": True}
    entry = trail.record("test.act", "org.store:1", by="system:test", details=details)
    assert is_right(entry)
    entry.details["yes"] = False
    said = signing.content(entry.recorded_at, [getattr(entry, name) for name in signing.SAID])
    assert signing.is_signed(bytes(entry.signature or b""), said) is False


def test_an_earlier_key_still_proves_what_it_signed(settings) -> None:  # type: ignore[no-untyped-def]
    entry = trail.record("test.act", "org.store:1", by="system:test")
    settings.AUDIT_KEY = "a key of its own, set later, long enough"
    assert is_right(entry), "SECRET_KEY signed before"
    newer = trail.record("test.act", "org.store:2", by="system:test")
    settings.AUDIT_KEY, settings.AUDIT_KEYS_OLD = "another one", [settings.AUDIT_KEY]
    assert is_right(newer)
    settings.AUDIT_KEYS_OLD = []
    assert is_right(newer) is None, "nobody told us the key"
