"""Regions, stores, departments and staff: checked, traced, never a locked-out chain."""

import pytest
from django.contrib.auth import get_user_model

from crm.audit.models import Entry
from crm.org import records, staffing, stores
from crm.org.models import Region, Staff, Store
from crm.org.permissions import Permission, Role


def acts() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("action", flat=True))


def test_a_store_is_entered_changed_closed_and_opened_again(ana: Staff, coast: Region) -> None:
    pier = stores.create_store(code="PIER", name="Pier", region=coast, by=ana)
    assert pier.timezone == "Asia/Shanghai", "the chain's clock when none is given"
    stores.change_store(pier, name="The Pier", by=ana)
    stores.close_store(pier, by=ana)
    stores.reopen_store(pier, by=ana)
    pier.refresh_from_db()
    assert (pier.name, pier.is_active) == ("The Pier", True)
    assert acts() == ["store.create", "store.change", "store.close", "store.reopen"]
    assert Entry.objects.get(action="store.change").details == {"fields": ["name"]}


def test_changing_nothing_leaves_no_trace(ana: Staff, harbour: Store) -> None:
    stores.change_store(harbour, name="Harbour", by=ana)
    assert acts() == []


def test_a_stub_is_entered_by_changing_it(ana: Staff, chain: object) -> None:
    stub = Store.objects.create(code="77", name="77", is_stub=True)
    stores.change_store(stub, name="Station", by=ana)
    stub.refresh_from_db()
    assert not stub.is_stub


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"code": "HARB"}, "code"),
        ({"code": "two words"}, "code"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"name": ""}, "name"),
        ({"opening_hours": {"someday": []}}, "opening_hours"),
        ({"opening_hours": {"mon": [["9", "18:00"]]}}, "opening_hours"),
        ({"opening_hours": {"mon": [["09:00", "25:00"]]}}, "opening_hours"),
    ],
)
def test_a_wrong_store_is_refused(ana: Staff, harbour: Store, wrong: dict, field: str) -> None:
    with pytest.raises(records.InvalidRecord) as refusal:
        stores.create_store(**{"code": "PIER", "name": "Pier", "by": ana, **wrong})
    assert field in {fault.pointer for fault in refusal.value.faults}
    assert list(Store.objects.all()) == [harbour]
    assert acts() == []


def test_only_an_empty_region_goes(ana: Staff, harbour: Store, coast: Region) -> None:
    with pytest.raises(records.InvalidRecord):
        stores.remove_region(coast, by=ana)
    assert acts() == []
    empty = stores.create_region(code="isles", name="Isles", by=ana)
    stores.remove_region(empty, by=ana)
    assert list(Region.objects.all()) == [coast]


def test_somebody_is_hired_and_can_sign_in(ana: Staff, harbour: Store) -> None:
    wei = staffing.hire(
        code="E900",
        name="Wei",
        role=Role.CLERK,
        stores=[harbour],
        username="wei",
        password="long-enough-words",
        by=ana,
    )
    assert wei.user is not None
    assert wei.user.check_password("long-enough-words")
    assert wei.scope().store_ids == {harbour.pk}
    assert Entry.objects.get().details == {"role": "clerk", "stores": [harbour.pk], "region": None}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"password": "short"}, "password"),
        ({"username": "ana"}, "username"),
        ({"code": "no spaces"}, "code"),
        ({"role": "emperor"}, "role"),
        ({"stores": []}, "stores"),
        ({"role": Role.REGIONAL_MANAGER, "stores": []}, "region"),
    ],
)
def test_a_wrong_hire_is_refused_whole(ana: Staff, harbour: Store, wrong: dict, field: str) -> None:
    given = {
        "code": "E900", "name": "Wei", "role": Role.CLERK, "stores": [harbour], "username": "wei",
        "password": "long-enough-words", "by": ana,
    }  # fmt: skip
    with pytest.raises(records.InvalidRecord) as refusal:
        staffing.hire(**{**given, **wrong})
    assert field in {fault.pointer for fault in refusal.value.faults}
    assert Staff.objects.count() == 1
    assert get_user_model().objects.count() == 1
    assert acts() == []


def test_moving_somebody_moves_what_they_see(ana: Staff, chen: Staff, harbour: Store, uptown: Store) -> None:
    staffing.change_staff(chen, stores=[uptown], role=Role.STORE_MANAGER, by=ana)
    assert chen.scope().store_ids == {uptown.pk}
    assert chen.may(Permission.EXPORT_CUSTOMERS)
    assert acts() == ["staff.change", "staff.move"]
    assert Entry.objects.get(action="staff.move").details == {"added": [uptown.pk], "removed": [harbour.pk]}


def test_who_left_can_do_nothing(ana: Staff, chen: Staff) -> None:
    staffing.deactivate(chen, by=ana)
    gone = Staff.objects.get(pk=chen.pk)
    assert not gone.may(Permission.FIND_CUSTOMERS)
    assert gone.scope().store_ids == frozenset()
    assert gone.user is not None
    assert not gone.user.is_active
    staffing.reactivate(chen, by=ana)
    assert Staff.objects.get(pk=chen.pk).may(Permission.FIND_CUSTOMERS)


def test_the_last_administrator_stays(ana: Staff, harbour: Store) -> None:
    with pytest.raises(staffing.LastAdministrator):
        staffing.deactivate(ana, by="system:shell")
    with pytest.raises(staffing.LastAdministrator):
        staffing.change_staff(ana, role=Role.CLERK, stores=[harbour], by="system:shell")
    with pytest.raises(staffing.OwnAccount):
        staffing.deactivate(ana, by=ana)
    ana.refresh_from_db()
    assert (ana.is_active, ana.role) == (True, Role.ADMINISTRATOR)
    assert acts() == []
