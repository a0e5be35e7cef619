"""Enrolling in fifteen seconds: at the Counter, and by the customers themselves through a store's form."""

import struct
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from crm.audit.models import Entry
from crm.lib import qr
from crm.org.models import Staff, Store
from customers import consents, signups
from customers.consents import CELLS
from customers.models import Consent, Customer, Identity, Purchase, SignUp, SignUpForm, SignUpState
from customers.views import join
from tests.api.test_receipts import send, slip

pytestmark = pytest.mark.django_db

Browser = Callable[[Staff], Client]
ENROL = "/counter/enrol/"
WEI = {"phone": "138 1111 2222", "name": "陈伟"}
LATER = datetime(2026, 3, 10, 4, tzinfo=UTC)


def given(customer: Customer) -> set[str]:
    return {one.code for one in CELLS if consents.allows(customer.pk, one.channel, one.purpose)}


def test_two_fields_and_what_they_agreed_to(chen: Staff, harbour: Store, signed_in: Browser) -> None:
    browser = signed_in(chen)
    page = browser.get(ENROL).text
    assert "checked" not in page
    assert 'value="sms.marketing.en.1"' in page
    answer = browser.post(ENROL, WEI | {"agree": ["sms.marketing.en.1", "profiling.en.1"]})
    wei = Customer.objects.get()
    assert answer["Location"] == reverse("customers:customer", args=[wei.public_id])
    assert (wei.name, wei.home_store, wei.is_stub) == ("陈伟", harbour, False)
    assert Identity.objects.get().value == "+8613811112222"
    assert given(wei) == {"sms.marketing", "profiling"}
    assert set(Consent.objects.values_list("source", "store_id", "recorded_by")) == {
        ("counter", harbour.pk, f"staff:{chen.pk}")
    }
    assert "陈伟 is a member now." in browser.get(answer["Location"]).text


def test_the_counter_hands_over_what_was_typed(chen: Staff, harbour: Store, signed_in: Browser) -> None:
    browser = signed_in(chen)
    hits = browser.post("/counter/find/", {"q": "138 1111 2222", "place": "counter"}).text
    assert "Enrol 138 1111 2222" in hits
    assert 'name="phone" value="138 1111 2222"' in browser.post(ENROL, {"q": "138 1111 2222"}).text
    assert 'name="name" value="陈伟"' in browser.post(ENROL, {"q": "陈伟"}).text
    assert not Customer.objects.exists()


def test_a_member_is_opened_and_nothing_is_changed(chen: Staff, irina: Customer, signed_in: Browser) -> None:
    form = {"phone": "138 0013 8000", "name": "Somebody", "agree": ["sms.marketing.en.1"]}
    browser = signed_in(chen)
    browser.get(ENROL)
    answer = browser.post(ENROL, form)
    assert answer["Location"] == reverse("customers:customer", args=[irina.public_id])
    assert "Is a member already" in browser.get(answer["Location"]).text
    assert Customer.objects.get().name == "Irina Petrova"
    assert not Consent.objects.exists()


def test_a_member_of_another_branch_is_served(chen: Staff, yusuf: Customer, signed_in: Browser) -> None:
    answer = signed_in(chen).post(ENROL, {"phone": "139 0013 9000", "name": "Somebody"})
    assert answer["Location"].startswith("/counter/served/")


def test_a_stub_keeps_what_they_bought(
    chen: Staff, harbour: Store, signed_in: Browser, calling: Callable[..., Client]
) -> None:
    till = calling("receipts:write", stores=[harbour])
    send(till, slip(customer={"kind": "phone", "value": "+8613811112222"}))
    stub = Customer.objects.get()
    assert stub.is_stub
    signed_in(chen).get(ENROL)
    signed_in(chen).post(ENROL, WEI | {"agree": ["sms.marketing.en.1"]})
    wei = Customer.objects.get()
    assert (wei.pk, wei.name, wei.is_stub) == (stub.pk, "陈伟", False)
    assert Purchase.objects.filter(customer=wei).count() == 1
    assert given(wei) == {"sms.marketing"}


@pytest.mark.parametrize(
    "bent",
    [
        {"phone": "12"},
        {"phone": ""},
        {"name": ""},
        {"name": "\x07"},
        {"birthday": "2999-01-01"},
        {"agree": ["no.such.1"]},
    ],
)
def test_what_is_wrong_enrols_nobody(bent: dict[str, Any], chen: Staff, signed_in: Browser) -> None:
    assert signed_in(chen).post(ENROL, WEI | bent).status_code == 422
    assert not Customer.objects.exists()
    assert not Consent.objects.exists()
    assert not Entry.objects.exclude(action="defaults.make").exists()


def test_who_works_for_several_stores_says_which(
    rosa: Staff, harbour: Store, uptown: Store, mill: Store, signed_in: Browser
) -> None:
    browser = signed_in(rosa)
    assert browser.post(ENROL, WEI).status_code == 422
    assert browser.post(ENROL, WEI | {"store": mill.pk}).status_code == 422
    assert browser.post(ENROL, WEI | {"store": uptown.pk}).status_code == 303
    assert Customer.objects.get().home_store == uptown


# Through a store's form ---------------------------------------------------------------------------------------------


@pytest.fixture
def form(harbour: Store) -> SignUpForm:
    return signups.switch(harbour, on=True, by="system:test")


def sent(**more: Any) -> dict[str, Any]:
    stamp = join.stamp(now() - timedelta(seconds=20))
    return {
        "name": "陈 伟",
        "phone": "138 1111 2222",
        "email": "",
        "birthday": "1990-05-01",
        "shown": stamp,
    } | more


def address(form: SignUpForm) -> str:
    return reverse("customers:join", args=[form.code])


def test_somebody_new_becomes_a_member(form: SignUpForm, client: Client, harbour: Store) -> None:
    page = client.get(address(form))
    assert "checked" not in page.text
    answer = client.post(address(form), sent(email="wei@example.com", agree=["email.marketing.en.1"]))
    assert (answer.status_code, answer["Location"]) == (303, address(form) + "?done=")
    assert "We have what you entered." in client.get(answer["Location"]).text
    assert not Customer.objects.exists()  # apart from the request
    assert signups.take_in(LATER) == 1
    wei = Customer.objects.get()
    assert (wei.name, wei.birthday, wei.home_store, wei.language) == (
        "陈 伟",
        date(1990, 5, 1),
        harbour,
        "en",
    )
    assert {(one.kind, one.value, one.verified_at) for one in wei.identities.all()} == {
        ("phone", "+8613811112222", None),
        ("email", "wei@example.com", None),
    }
    assert given(wei) == {"email.marketing"}
    assert Consent.objects.get().source == "join:HARB"
    one = SignUp.objects.get()
    assert (one.state, one.facts, one.customer_id) == (SignUpState.ENROLLED, {}, wei.pk)
    assert signups.take_in(LATER) == 0


def test_a_members_facts_and_consents_wait_for_a_person(
    form: SignUpForm, client: Client, irina: Customer, marta: Staff, signed_in: Browser
) -> None:
    client.get(address(form))
    answer = client.post(address(form), sent(phone="+8613800138000", agree=["sms.marketing.en.1"]))
    stranger = client.post(address(form), sent())
    assert (answer.status_code, answer["Location"]) == (stranger.status_code, stranger["Location"])
    signups.take_in(LATER)
    irina.refresh_from_db()
    assert (irina.name, irina.birthday) == ("Irina Petrova", None)
    assert given(irina) == set()
    one = SignUp.objects.get(state=SignUpState.WAITING)
    page = signed_in(marta).get("/sign-up/").text
    assert "Irina Petrova" in page
    decision = reverse("customers:sign-up-decision", args=[one.pk])
    assert signed_in(marta).post(decision).status_code == 303
    assert given(irina) == {"sms.marketing"}
    one.refresh_from_db()
    assert (one.state, one.facts, one.decided_by) == (SignUpState.ACCEPTED, {}, f"staff:{marta.pk}")
    irina.refresh_from_db()
    assert irina.name == "Irina Petrova"
    signed_in(marta).post(decision)  # a second time: nothing
    assert Consent.objects.filter(customer=irina).count() == 1


def test_a_sign_up_is_dismissed_or_forgotten(
    form: SignUpForm, client: Client, irina: Customer, marta: Staff, uma: Staff, signed_in: Browser
) -> None:
    for _time in range(2):
        client.post(address(form), sent(phone="+8613800138000"))
    signups.take_in(LATER)
    first = SignUp.objects.order_by("pk")[0]
    decision = reverse("customers:sign-up-decision", args=[first.pk])
    assert signed_in(uma).post(decision, {"_method": "DELETE"}).status_code == 404
    signed_in(marta).post(decision, {"_method": "DELETE"})
    assert signups.forget_old(now() + timedelta(days=59)) == 0
    assert signups.forget_old(now() + timedelta(days=61)) == 1
    assert set(SignUp.objects.values_list("state", "customer_id")) == {(SignUpState.DISMISSED, irina.pk)}
    assert [one.facts for one in SignUp.objects.all()] == [{}, {}]


def test_phone_of_one_and_mail_of_another_wait(
    form: SignUpForm, client: Client, irina: Customer, yusuf: Customer
) -> None:
    client.post(address(form), sent(phone="+8613900139000", email="irina@example.com"))
    signups.take_in(LATER)
    assert SignUp.objects.get().state == SignUpState.WAITING
    assert SignUp.objects.get().customer_id is None


@pytest.mark.parametrize(
    "bent",
    [
        {"name": " "}, {"phone": "12"}, {"phone": "", "email": ""}, {"email": "x"}, {"birthday": "2999-01-01"},
        {"shown": "bent"}, {"shown": ""},
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(bent: dict[str, str], form: SignUpForm, client: Client) -> None:
    assert client.post(address(form), sent(**bent)).status_code == 422
    assert not SignUp.objects.exists()


def test_machines_leave_nothing_behind(
    form: SignUpForm, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    trapped = client.post(address(form), sent(website="http://spam.example"))
    assert trapped.status_code == 303  # the same answer
    assert client.post(address(form), sent(shown=join.stamp())).status_code == 422  # at once
    assert client.post(address(form), sent(shown=join.stamp(now() - timedelta(hours=5)))).status_code == 422
    assert not SignUp.objects.exists()
    monkeypatch.setattr(join, "MOST", 2)
    codes = [client.post(address(form), sent()).status_code for _try in range(3)]
    assert codes == [303, 429, 429]  # the trapped one counted, too
    assert SignUp.objects.count() == 1


def test_only_what_was_shown_is_agreed_to(form: SignUpForm, client: Client) -> None:
    client.get(address(form))
    client.post(address(form), sent(agree=["sms.marketing.en.1", "sharing.en.1", "unknown/import"]))
    assert SignUp.objects.get().facts["agreed"] == ["sms.marketing.en.1"]


def test_a_closed_form_takes_nothing(
    form: SignUpForm, client: Client, marta: Staff, uma: Staff, harbour: Store, signed_in: Browser
) -> None:
    switch = reverse("customers:sign-up-switch", args=[harbour.pk])
    assert signed_in(uma).post(switch, {"_method": "DELETE"}).status_code == 404
    signed_in(marta).post(switch, {"_method": "DELETE"})
    assert "This form is closed" in client.get(address(form)).text
    assert client.post(address(form), sent()).status_code == 422
    assert not SignUp.objects.exists()
    signed_in(marta).post(switch)
    assert client.get(address(form)).status_code == 200
    assert client.get("/join/000000000000/").status_code == 404


def test_poster_and_codes(form: SignUpForm, marta: Staff, harbour: Store, signed_in: Browser) -> None:
    browser, full = signed_in(marta), f"http://testserver{address(form)}"
    poster = browser.get(reverse("customers:sign-up-poster", args=[harbour.pk])).text
    assert full in poster
    assert qr.svg(full) in poster
    picture = browser.get(reverse("customers:sign-up-png", args=[harbour.pk])).content
    assert _squares(picture) == qr.squares(full)
    assert "image/svg+xml" in browser.get(reverse("customers:sign-up-svg", args=[harbour.pk]))["Content-Type"]


def _squares(picture: bytes, scale: int = 16) -> list[list[bool]]:
    """Reads the picture back as any reader of PNG would."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, size = 8, b"", 0
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at : at + 8])
        body = picture[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", picture[at + 8 + length : at + 12 + length])[0]
        size = struct.unpack(">I", body[:4])[0] if kind == b"IHDR" else size
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    raw, width = zlib.decompress(data), 1 + (size + 7) // 8
    rows = [raw[n * width + 1 : (n + 1) * width] for n in range(0, size, scale)]
    return [[not row[x // 8] >> (7 - x % 8) & 1 for x in range(0, size, scale)] for row in rows]


def test_counts_by_day_and_store(form: SignUpForm, harbour: Store, uptown: Store) -> None:
    for store, day in ((harbour, 1), (harbour, 1), (harbour, 2), (uptown, 2)):
        SignUp.objects.create(
            store=store, received_at=datetime(2026, 3, day, 17, tzinfo=UTC)
        )  # the next day in Shanghai
    found = signups.by_day([harbour.pk], datetime(2026, 2, 1, tzinfo=UTC), harbour.zone)
    assert found == {(harbour.pk, date(2026, 3, 2)): 2, (harbour.pk, date(2026, 3, 3)): 1}


def test_the_managers_page_in_few_queries(
    form: SignUpForm, irina: Customer, marta: Staff, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    browser = signed_in(marta)
    SignUp.objects.create(
        store=form.store, state=SignUpState.WAITING, customer_id=irina.pk, facts={"name": "x"}
    )
    with django_assert_max_num_queries(13):
        browser.get("/sign-up/")
