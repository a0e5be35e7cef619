"""Administration: what is entered, refused, undone, and what the trail keeps of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client

from crm.audit.models import Entry
from crm.org import administration
from crm.org.forms import OpeningHours
from crm.org.models import Chain, Department, Region, Staff, Store
from crm.org.permissions import Role
from crm.rest import keys
from crm.rest.models import ApiKey
from tests import cast

Browser = Callable[[Staff], Client]


@pytest.fixture
def admin(ana: Staff, signed_in: Browser) -> Client:
    return signed_in(ana)


def last_entry() -> tuple[str, dict[str, object]]:
    entry = Entry.objects.latest("pk")
    return entry.action, entry.details


def test_a_store_is_entered(admin: Client, coast: Region) -> None:
    values = {"name": "Pier", "code": "PIER", "region": coast.pk, "timezone": "Asia/Shanghai"}
    values |= {"mon": "9:00-13:00, 15:00-21:00"}
    answer = admin.post("/settings/stores/new/", values)
    assert (answer.status_code, answer["Location"]) == (303, "/settings/stores/")
    pier = Store.objects.get(code="PIER")
    assert pier.opening_hours == {"mon": [["09:00", "13:00"], ["15:00", "21:00"]]}
    assert not pier.is_stub
    action, details = last_entry()
    assert action == "store.create"
    assert "name" in str(details)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("code", "two words", "Letters, digits, dot, dash"),
        ("code", "harb", ""),
        ("timezone", "Mars/Base", "is not a time zone"),
        ("mon", "nine to five", "Write times like"),
        ("name", "", "required"),
    ],
)
def test_a_wrong_store_is_told_beside_the_field(
    admin: Client, harbour: Store, field: str, value: str, sentence: str
) -> None:
    values = {"name": "Pier", "code": "PIER", "timezone": "Asia/Shanghai", field: value}
    if field == "code" and value == "harb":
        values["code"], sentence = "HARB", "already exists"
    answer = admin.post("/settings/stores/new/", values)
    assert answer.status_code == 422
    assert sentence in str(answer.context["form"].errors[field])
    assert Store.objects.count() == 1


def test_a_stub_becomes_a_store_when_it_is_entered(admin: Client, chain: Chain) -> None:
    stub = cast.store("S9", "S9", is_stub=True)
    admin.post(f"/settings/stores/{stub.pk}/", {"name": "Ninth", "code": "S9", "timezone": "Asia/Shanghai"})
    stub.refresh_from_db()
    assert (stub.name, stub.is_stub) == ("Ninth", False)


def test_closing_a_store_can_be_undone(admin: Client, harbour: Store) -> None:
    answer = admin.post(f"/settings/stores/{harbour.pk}/closure/", follow=True)
    assert f'action="/settings/stores/{harbour.pk}/closure/"' in answer.content.decode()
    harbour.refresh_from_db()
    assert not harbour.is_active
    admin.post(f"/settings/stores/{harbour.pk}/closure/", {"_method": "DELETE"})
    harbour.refresh_from_db()
    assert harbour.is_active
    assert last_entry()[0] == "store.reopen"


def test_a_region_goes_only_when_it_is_empty(admin: Client, harbour: Store, coast: Region) -> None:
    answer = admin.post(f"/settings/regions/{coast.pk}/", {"_method": "DELETE"}, follow=True)
    assert "1 store still belongs to it" in answer.content.decode()
    assert Region.objects.filter(pk=coast.pk).exists()
    Store.objects.update(region=None)
    admin.post(f"/settings/regions/{coast.pk}/", {"_method": "DELETE"})
    assert not Region.objects.filter(pk=coast.pk).exists()
    assert last_entry() == ("region.remove", {"code": "coast"})


def test_a_department_is_entered_and_changed(admin: Client, harbour: Store) -> None:
    admin.post("/settings/departments/new/", {"name": "Service", "code": "service"})
    service = Department.objects.get(code="service")
    admin.post(
        f"/settings/departments/{service.pk}/", {"name": "Service", "code": "service", "store": harbour.pk}
    )
    assert last_entry() == ("department.change", {"fields": ["store"]})


def test_a_new_member_of_staff_gets_a_password_once(admin: Client, harbour: Store, client: Client) -> None:
    values = {"name": "Li Na", "username": "lina", "code": "E77", "role": "clerk", "stores": [harbour.pk]}
    page = admin.post("/settings/staff/new/", values)
    assert page.status_code == 201
    password = page.context["password"]
    assert client.login(request=page.wsgi_request, username="lina", password=password)
    lina = Staff.objects.get(code="E77")
    assert list(lina.stores.all()) == [harbour]
    assert password not in str(Entry.objects.values_list("details", flat=True))
    assert password not in admin.get(f"/settings/staff/{lina.pk}/").content.decode()


@pytest.mark.parametrize(
    ("role", "field"), [("clerk", "stores"), ("store_manager", "stores"), ("regional_manager", "region")]
)
def test_a_role_needs_its_place(admin: Client, role: str, field: str) -> None:
    values = {"name": "Li Na", "username": "lina", "code": "E77", "role": role}
    answer = admin.post("/settings/staff/new/", values)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not get_user_model().objects.filter(username="lina").exists()


def test_who_left_cannot_sign_in_and_may_come_back(admin: Client, chen: Staff, signed_in: Browser) -> None:
    theirs = signed_in(chen)
    admin.post(f"/settings/staff/{chen.pk}/departure/")
    assert theirs.get("/counter/").status_code == 302
    admin.post(f"/settings/staff/{chen.pk}/departure/", {"_method": "DELETE"})
    assert theirs.get("/counter/").status_code == 200


def test_the_last_administrator_stays(admin: Client, ana: Staff) -> None:
    answer = admin.post(f"/settings/staff/{ana.pk}/departure/", follow=True)
    assert "last administrator" in answer.content.decode()
    answer = admin.post(f"/settings/staff/{ana.pk}/", {"name": "Ana", "code": ana.code, "role": "analyst"})
    assert answer.status_code == 422
    ana.refresh_from_db()
    assert (ana.is_active, ana.role) == (True, Role.ADMINISTRATOR)
    cast.staff("Second", Role.ADMINISTRATOR)
    administration.let_go(ana, by=ana)
    assert not Staff.objects.get(pk=ana.pk).is_active


def test_a_new_password_replaces_the_old_one(admin: Client, chen: Staff, client: Client) -> None:
    page = admin.post(f"/settings/staff/{chen.pk}/password/")
    assert client.login(request=page.wsgi_request, username="chen", password=page.context["password"])
    assert last_entry() == ("staff.password", {})


def test_a_key_is_shown_once_and_revoked(
    admin: Client, harbour: Store, django_capture_on_commit_callbacks: Any
) -> None:
    page = admin.post(
        "/settings/keys/", {"name": "Tills", "scopes": ["receipts:write"], "stores": [harbour.pk]}
    )
    assert page.status_code == 201
    secret = page.context["secret"]
    assert secret in page.content.decode()
    key = ApiKey.objects.get(name="Tills")
    assert not key.is_chain_wide
    assert keys.recognise(secret)
    listed = admin.get("/settings/keys/").content.decode()
    assert secret not in listed
    assert key.prefix in listed
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(f"/settings/keys/{key.pk}/revocation/")
    assert keys.recognise(secret) is None
    again = admin.post(f"/settings/keys/{key.pk}/revocation/", follow=True)
    assert "revoked already" in again.content.decode()


def test_a_key_needs_a_scope_and_a_day_to_come(admin: Client) -> None:
    answer = admin.post("/settings/keys/", {"name": "Tills", "expires_on": "2020-01-01"})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"scopes", "expires_on"}
    assert not ApiKey.objects.exists()


def test_the_chain_is_changed(admin: Client) -> None:
    values = {"name": "Corner", "currency": "cny", "timezone": "Asia/Hong_Kong", "country": "hk"}
    assert admin.post("/settings/", values).status_code == 303
    chain = Chain.current()
    assert (chain.name, chain.currency, chain.country) == ("Corner", "CNY", "HK")
    for wrong in ({"currency": "money"}, {"currency": "XXX"}, {"country": "ZZ"}):
        answer = admin.post("/settings/", values | wrong)
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == set(wrong)


@pytest.mark.parametrize(
    ("told", "hours"),
    [
        ("9:00-13:00, 15:00-21:00", [["09:00", "13:00"], ["15:00", "21:00"]]),
        ("00:00-24:00", [["00:00", "24:00"]]),
        ("18:00-02:00", [["18:00", "02:00"]]),
        ("24:59-24:59", None),
        ("24:00-02:00", None),
        ("09:00-24:30", None),
        ("09:00-09:00", None),
    ],
)
def test_opening_hours_are_times_of_a_day(told: str, hours: list[list[str]] | None) -> None:
    if hours is not None:
        assert OpeningHours().clean(told) == hours
        return
    with pytest.raises(ValidationError):
        OpeningHours().clean(told)
