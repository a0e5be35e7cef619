"""Two people have one record open: in different fields both get their way, in the same the second one is asked."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Region, Staff, Store
from crm.org.permissions import Role
from customers import profile
from customers.models import Customer
from segmentation import schemes
from segmentation.models import Scheme
from tests import cast
from tests.ui.forms import filled, taken

Browser = Callable[[Staff], Client]


@pytest.fixture
def ben(chain: Any) -> Staff:
    return cast.staff("Ben", Role.ADMINISTRATOR)


def test_a_stale_edit_is_refused_beside_its_field(
    chen: Staff, marta: Staff, irina: Customer, signed_in: Browser
) -> None:
    address = f"/customers/{irina.public_id}/edit/"
    first, second = signed_in(chen), signed_in(marta)
    chens, martas = filled(first.get(address)), filled(second.get(address))
    assert first.post(address, chens | {"occupation": "baker"}).status_code == 303
    entries = Entry.objects.count()
    page = second.post(address, martas | {"occupation": "teacher", "household": "couple"})
    assert page.status_code == 409
    irina.refresh_from_db()
    assert (irina.occupation, irina.household, Entry.objects.count()) == ("baker", "", entries)
    told = str(page.context["form"].errors["occupation"])
    assert "Chen changed this just now. Save again to keep yours, or take theirs." in told
    assert list(page.context["form"].errors) == ["occupation"]
    assert taken(page) == {"occupation": "baker"}
    assert "Take theirs: baker" in page.content.decode()
    again = filled(page)
    assert (again["occupation"], again["household"], again["initial-occupation"]) == (
        "teacher",
        "couple",
        "baker",
    )
    assert second.post(address, again).status_code == 303
    irina.refresh_from_db()
    assert (irina.occupation, irina.household) == ("teacher", "couple")


def test_an_import_that_changed_it_has_no_name(chen: Staff, irina: Customer, signed_in: Browser) -> None:
    address = f"/customers/{irina.public_id}/edit/"
    theirs = signed_in(chen)
    seen = filled(theirs.get(address))
    Customer.objects.filter(pk=irina.pk).update(birthday="1990-02-03", gender="f")
    page = theirs.post(address, seen | {"birthday": "1991-02-03", "gender": "x"})
    assert page.status_code == 409
    assert "Somebody else changed this meanwhile." in str(page.context["form"].errors["birthday"])
    assert taken(page) == {"birthday": "1990-02-03", "gender": "f"}
    html = page.content.decode()
    assert "Take theirs: Feb 3, 1990" in html
    assert "Take theirs: Female" in html


def test_a_store_that_somebody_else_changed(
    ana: Staff, ben: Staff, harbour: Store, signed_in: Browser
) -> None:
    inland = cast.region("inland")
    address = f"/settings/stores/{harbour.pk}/"
    first, second = signed_in(ana), signed_in(ben)
    anas, bens = filled(first.get(address)), filled(second.get(address))
    assert (
        first.post(address, anas | {"region": inland.pk, "mon": "09:00-21:00", "is_online": "on"}).status_code
        == 303
    )
    page = second.post(address, bens | {"region": "", "mon": "10:00-20:00", "name": "Old Harbour"})
    assert page.status_code == 409
    assert sorted(page.context["form"].errors) == ["mon", "region"]
    assert taken(page) == {"region": str(inland.pk), "mon": "09:00-21:00"}
    harbour.refresh_from_db()
    assert (harbour.name, harbour.region, harbour.is_online) == ("Harbour", inland, True)
    assert second.post(address, filled(page)).status_code == 303
    harbour.refresh_from_db()
    assert (harbour.name, harbour.region, harbour.is_online) == ("Old Harbour", None, True)
    assert harbour.opening_hours == {"mon": [["10:00", "20:00"]]}


def test_staff_whose_stores_somebody_else_changed(
    ana: Staff, ben: Staff, chen: Staff, uptown: Store, mill: Store, signed_in: Browser
) -> None:
    address = f"/settings/staff/{chen.pk}/"
    first, second = signed_in(ana), signed_in(ben)
    anas, bens = filled(first.get(address)), filled(second.get(address))
    assert first.post(address, anas | {"stores": [uptown.pk]}).status_code == 303
    page = second.post(address, bens | {"stores": [mill.pk], "name": "Chen Wei"})
    assert page.status_code == 409
    assert "Ana changed this just now." in str(page.context["form"].errors["stores"])
    assert taken(page) == {"stores": str(uptown.pk)}
    assert list(chen.stores.all()) == [uptown]
    chen.refresh_from_db()
    assert chen.name == "Chen"
    assert second.post(address, filled(page)).status_code == 303
    chen.refresh_from_db()
    assert (chen.name, list(chen.stores.all())) == ("Chen Wei", [mill])


def test_different_fields_of_a_region_go_together(
    ana: Staff, ben: Staff, coast: Region, signed_in: Browser
) -> None:
    address = f"/settings/regions/{coast.pk}/"
    first, second = signed_in(ana), signed_in(ben)
    anas, bens = filled(first.get(address)), filled(second.get(address))
    first.post(address, anas | {"name": "The Shore"})
    assert second.post(address, bens | {"code": "shore"}).status_code == 303
    coast.refresh_from_db()
    assert (coast.name, coast.code) == ("The Shore", "shore")


def test_the_domain_without_a_basis_writes_what_it_is_told(irina: Customer, chen: Staff) -> None:
    """Other systems say what they want, not what they saw."""
    profile.change(irina.pk, {"occupation": "baker"}, by=chen)
    irina.refresh_from_db()
    assert irina.occupation == "baker"


def test_two_marketers_at_the_scheme(max_: Staff, ana: Staff, signed_in: Browser) -> None:
    schemes.groups()
    first, second = signed_in(max_), signed_in(ana)
    address = "/segments/scheme/"
    maxs, anas = filled(first.get(address)), filled(second.get(address))
    assert first.post(address, maxs | {"window_days": "180", "g-1-1": "hibernating"}).status_code == 303
    page = second.post(address, anas | {"high_percent": "40"})  # another field: both get their way
    assert page.status_code == 303
    now = Scheme.current()
    assert (now.window_days, now.high_percent, now.grid[0][0]) == (180, 40, "hibernating")
    page = second.post(address, anas | {"window_days": "90", "g-1-1": "at_risk", "high_percent": "40"})
    assert page.status_code == 409
    assert Scheme.current().pk == now.pk
    assert "Max changed this just now." in str(page.context["form"].errors["window_days"])
    [told] = page.context["form"].non_field_errors()
    assert told == "The painted map: Max changed this just now. Save again to keep yours, or take theirs."
    assert taken(page) == {"window_days": "180"}
    assert second.post(address, filled(page)).status_code == 303
    now = Scheme.current()
    assert (now.window_days, now.high_percent, now.grid[0][0]) == (90, 40, "at_risk")


def test_two_marketers_at_one_group(max_: Staff, ana: Staff, signed_in: Browser) -> None:
    group = schemes.groups()[0]
    first, second = signed_in(max_), signed_in(ana)
    address = f"/segments/groups/{group.pk}/"
    maxs, anas = filled(first.get(address)), filled(second.get(address))
    assert first.post(address, maxs | {"name_en": "Best friends"}).status_code == 303
    assert second.post(address, anas | {"colour": "#112233"}).status_code == 303
    page = second.post(address, anas | {"name_en": "Stars"})
    assert page.status_code == 409
    assert taken(page) == {"name_en": "Best friends"}
    group.refresh_from_db()
    assert (group.names, group.colour) == ({"en": "Best friends"}, "#112233")
