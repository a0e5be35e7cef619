"""Signing in: the lock after wrong passwords, closed sign-up, and what a browser may run on the page."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from crm.audit.models import Entry
from crm.org.models import Staff

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def person():
    return get_user_model().objects.create_user("marta", password=PASSWORD)


def sign_in(client: Client, name: str, password: str, address: str = "10.0.0.1"):
    return client.post(reverse("account_login"), {"login": name, "password": password}, REMOTE_ADDR=address)


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_opens_and_the_cookie_is_for_the_server_alone(client: Client, person) -> None:
    answer = sign_in(client, "marta", PASSWORD)
    assert (answer.status_code, is_signed_in(client)) == (302, True)
    assert client.cookies["sessionid"]["httponly"] and client.cookies["sessionid"]["samesite"] == "Lax"


def test_five_wrong_passwords_lock_the_name_at_that_address(client: Client, person, settings) -> None:
    answers = [sign_in(client, "marta", "wrong").status_code for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert 429 not in answers[:-1]
    locked = sign_in(client, "marta", PASSWORD)
    assert (locked.status_code, is_signed_in(client)) == (429, False)
    # Elsewhere the owner still gets in: nobody can lock others out of their work.
    assert sign_in(client, "marta", PASSWORD, address="10.0.0.2").status_code == 302


def test_a_wrong_name_and_a_wrong_password_look_the_same(client: Client, person) -> None:
    pages = [sign_in(client, name, "wrong").content.decode() for name in ("marta", "nobody")]
    pages = [re.sub(r'FToken": "\w+"', "", page) for page in pages]
    plain = [re.sub(r'(value|nonce|content)="[^"]*"', "", page).replace("nobody", "marta") for page in pages]
    assert plain[0] == plain[1]


def test_there_is_no_sign_up(client: Client) -> None:
    client.post("/accounts/signup/", {"username": "eve", "password1": PASSWORD, "password2": PASSWORD})
    assert not get_user_model().objects.filter(username="eve").exists()


def test_the_page_runs_our_code_alone(client: Client) -> None:
    answer = client.get(reverse("account_login"))
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert (
        policy["default-src"]
        == policy["object-src"]
        == policy["base-uri"]
        == policy["frame-ancestors"]
        == "'none'"
    )
    assert "unsafe" not in answer["Content-Security-Policy"]
    page = answer.content.decode()
    for tag in re.findall(r"<script\b[^>]*>", page):
        assert "src=" in tag or "nonce=" in tag
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", page)
    assert answer["X-Frame-Options"] == "DENY" and answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("language", "written"), [("en", "1,469,307"), ("zh-hans", "1,469,307"), ("zh-hant", "1,469,307")]
)
def test_numbers_are_grouped_in_every_language(language: str, written: str) -> None:
    from django.template import Context, Template
    from django.utils import translation

    with translation.override(language):
        assert Template("{{ n }}").render(Context({"n": 1469307})) == written


def test_the_trail_tells_who_came_and_who_did_not(client: Client, chen: Staff, settings) -> None:
    assert chen.user is not None
    chen.user.set_password(PASSWORD)
    chen.user.save()
    name = chen.user.get_username()
    sign_in(client, "a password typed as name", "wrong")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, name, "wrong")
    sign_in(client, name, PASSWORD, address="10.0.0.2")
    told = [
        (one.action, one.subject, one.actor)
        for one in Entry.objects.filter(action__startswith="staff.").order_by("pk")
    ]
    who = f"org.staff:{chen.pk}"
    assert told[0] == ("staff.sign_in_failed", "org.staff", "system:sign_in")
    assert ("staff.sign_in_failed", who, "system:sign_in") in told
    assert ("staff.lockout", who, "system:sign_in") in told
    assert told[-1] == ("staff.sign_in", who, f"staff:{chen.pk}")
    assert "typed as name" not in str(list(Entry.objects.values()))


def test_a_password_of_ones_own_is_recorded(client: Client, chen: Staff) -> None:
    assert chen.user is not None
    chen.user.set_password(PASSWORD)
    chen.user.save()
    client.force_login(chen.user)
    new = {
        "oldpassword": PASSWORD,
        "password1": "another correct horse",
        "password2": "another correct horse",
    }
    client.post(reverse("account_change_password"), new)
    chen.user.refresh_from_db()
    assert chen.user.check_password("another correct horse")
    assert Entry.objects.filter(action="staff.own_password", actor=f"staff:{chen.pk}").count() == 1
