"""The shell: who sees which sections, language and theme, sign-in, errors, the content policy."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from crm.org.models import Chain, Staff
from crm.org.permissions import Role
from crm.ui import navigation
from customers.models import Customer, Identity
from tests import cast

Browser = Callable[[Staff], Client]
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PAGES = [
    "/counter/",
    "/customers/",
    "/segments/",
    "/segments/movement/",
    "/segments/clusters/",
    "/segments/lookalikes/",
    "/segments/lifetime/",
    "/segments/churn/",
    "/segments/churn/customers/",
    "/segments/products/",
    "/analyses/revenue/",
    "/nights/",
    "/imports/",
    "/loyalty/",
    "/loyalty/earning/",
    "/settings/stores/",
]


@pytest.mark.parametrize(
    ("role", "names", "home"),
    [
        (Role.CLERK, "counter work customers", "/counter/"),
        (Role.AGENT, "counter work customers privacy", "/counter/"),
        (Role.STORE_MANAGER, "counter work customers segments loyalty privacy", "/counter/"),
        (Role.REGIONAL_MANAGER, "counter work customers segments loyalty privacy imports", "/counter/"),
        (Role.MARKETER, "counter customers segments loyalty imports nights", "/segments/"),
        (Role.ANALYST, "customers segments loyalty nights", "/segments/"),
        (Role.ADMINISTRATOR, "counter work customers segments loyalty imports settings", "/counter/"),
    ],
)
def test_sections_by_role(chain: Chain, role: Role, names: str, home: str) -> None:
    person = cast.staff("Somebody", role)
    assert [section.name for section in navigation.sections_of(person)] == names.split()
    assert navigation.home_of(person) == home


def test_nobody_has_more_than_seven_sections(ana: Staff) -> None:
    assert len(navigation.sections_of(ana)) <= navigation.MOST


def test_a_letter_goes_to_one_section_only() -> None:
    taken = navigation.Section(
        "x", "X", "ui:home", "x", "c", next(iter(navigation._sections.values())).permission, 1
    )
    with pytest.raises(ValueError, match="counter"):
        navigation.register(taken)


def test_strangers_are_asked_to_sign_in_and_come_back(db: None, client: Client) -> None:
    answer = client.get("/customers/?stage=2")
    assert answer["Location"] == "/accounts/login/?next=%2Fcustomers%2F%3Fstage%3D2"


def test_a_fragment_sends_the_whole_page_to_sign_in(db: None, client: Client) -> None:
    answer = client.post(
        "/counter/find/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/counter/"}
    )
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/accounts/login/?next=%2Fcounter%2F")


def test_an_account_without_staff_sees_nothing(db: None, client: Client) -> None:
    client.force_login(get_user_model().objects.create(username="ghost"), "crm.ui.staff.StaffBackend")
    assert client.get("/customers/").status_code == 403


def test_who_left_is_out_at_once(chen: Staff, signed_in: Browser) -> None:
    theirs = signed_in(chen)
    assert theirs.get("/counter/").status_code == 200
    Staff.objects.filter(pk=chen.pk).update(is_active=False)
    assert theirs.get("/counter/").status_code == 403


def test_language_and_theme_are_kept_on_the_person(chen: Staff, signed_in: Browser) -> None:
    theirs = signed_in(chen)
    answer = theirs.post("/preferences/", {"language": "zh-hans", "theme": "dark", "next": "/counter/"})
    assert (answer.status_code, answer["Location"]) == (303, "/counter/")
    chen.refresh_from_db()
    assert (chen.language, chen.theme) == ("zh-hans", "dark")
    page = signed_in(chen).get("/counter/").content.decode()
    assert '<html lang="zh-hans" data-theme="dark" data-bs-theme="dark">' in page


def test_preferences_go_back_to_a_word_as_to_an_address(db: None, client: Client) -> None:
    assert client.post("/preferences/", {"next": "foo"}).headers["Location"] == "foo"


def test_preferences_refuse_nonsense_and_foreign_addresses(db: None, client: Client) -> None:
    answer = client.post(
        "/preferences/", {"language": "xx", "theme": "pink", "next": "https://evil.example/"}
    )
    assert answer["Location"] == "/"
    assert not answer.cookies


def test_the_demo_says_where_its_data_come_from(chen: Staff, signed_in: Browser) -> None:
    assert "Complete Journey" not in signed_in(chen).get("/counter/").content.decode()
    Chain.objects.update(demo_source="84.51° Complete Journey")
    assert "Demo data: 84.51° Complete Journey" in signed_in(chen).get("/counter/").content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_what_the_content_policy_forbids(path: str, ana: Staff, signed_in: Browser) -> None:
    page = signed_in(ana).get(path)
    assert page.status_code == 200
    html = page.content.decode()
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", html)
    assert not re.findall(r"<script(?![^>]*(?:src|nonce|type=\"application/json\"))", html)
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]
    assert page["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_takes_few_queries(
    path: str, ana: Staff, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    theirs = signed_in(ana)
    theirs.get(path)
    with django_assert_max_num_queries(16):
        theirs.get(path)


def test_sign_in_and_lockout(chen: Staff, client: Client, settings: Any) -> None:
    user = get_user_model().objects.get(pk=chen.user_id)
    user.set_password("a-good-long-password")
    user.save()
    address = reverse("account_login")
    wrong = client.post(address, {"login": "chen", "password": "wrong"})
    assert wrong.status_code == 200
    assert "is-invalid" in wrong.content.decode() or "note is-alert" in wrong.content.decode()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        locked = client.post(address, {"login": "chen", "password": "wrong"})
    assert locked.status_code == 429
    assert "Locked for a while" in locked.content.decode()
    assert client.post(address, {"login": "chen", "password": "a-good-long-password"}).status_code == 429


def test_sign_in_opens_the_first_page(chen: Staff, client: Client) -> None:
    user = get_user_model().objects.get(pk=chen.user_id)
    user.set_password("a-good-long-password")
    user.save()
    answer = client.post(
        reverse("account_login"), {"login": "chen", "password": "a-good-long-password"}, follow=True
    )
    assert answer.request["PATH_INFO"] == "/counter/"


def test_there_is_no_sign_up(db: None, client: Client) -> None:
    assert "password1" not in client.get("/accounts/signup/").content.decode()


def test_errors_have_pages(chen: Staff, signed_in: Browser) -> None:
    assert "There is nothing here" in signed_in(chen).get("/nowhere/").content.decode()
    assert "Your role does not open this page" in signed_in(chen).get("/settings/").content.decode()


def test_numbers_that_machines_read_are_not_grouped() -> None:
    """A row number in an attribute or an address is "1234" and not "1,234", which names nothing."""
    grouped = re.compile(r"""=["'][^"'<>]*\{\{\s*[\w.]*\.(pk|id)\s*\}\}""")
    found = [
        f"{path.relative_to(TEMPLATES)}: {match.group()}"
        for path in TEMPLATES.rglob("*.html")
        for match in grouped.finditer(path.read_text())
        if "attrs." not in match.group()
    ]
    assert found == []


def test_an_identifier_beyond_the_thousandth_can_be_shown(
    signed_in: Browser, marta: Staff, irina: Customer
) -> None:
    Identity.objects.filter(customer=irina).delete()
    Identity.objects.create(id=1_234_567, customer=irina, kind="phone", value="+8613800138000")
    page = signed_in(marta).get(f"/customers/{irina.public_id}/").content.decode()
    assert 'id="identity-1234567"' in page
    assert 'hx-target="#identity-1234567"' in page
