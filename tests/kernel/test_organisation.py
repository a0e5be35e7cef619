"""Regions, stores, departments and staff: every act leaves a trace, and the chain never locks itself out."""

import pytest

from crm.audit.models import Entry
from crm.org import administration
from crm.org.models import Department, Region, Staff, Store
from crm.org.permissions import Permission, Role


def acts() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("action", flat=True))


def test_a_store_is_entered_changed_closed_and_opened_again(ana: Staff, coast: Region) -> None:
    pier = administration.keep(Store(), {"code": "PIER", "name": "Pier", "region": coast}, by=ana)
    administration.keep(pier, {"name": "The Pier", "code": "PIER"}, by=ana)
    administration.close(pier, by=ana)
    administration.close(pier, by=ana)
    administration.reopen(pier, by=ana)
    pier.refresh_from_db()
    assert (pier.name, pier.is_active) == ("The Pier", True)
    assert acts() == ["store.create", "store.change", "store.close", "store.reopen"]
    assert Entry.objects.get(action="store.change").details == {"fields": ["name"]}


def test_keeping_what_is_there_leaves_no_trace(ana: Staff, harbour: Store) -> None:
    administration.keep(harbour, {"name": "Harbour"}, by=ana)
    assert acts() == []


def test_only_an_empty_region_goes(ana: Staff, harbour: Store, coast: Region, inland: Region) -> None:
    with pytest.raises(administration.StillInUse):
        administration.remove(coast, by=ana)
    assert acts() == []
    administration.remove(inland, by=ana)
    assert list(Region.objects.all()) == [coast]


def test_only_an_empty_department_goes(ana: Staff, chen: Staff) -> None:
    desk = administration.keep(Department(), {"code": "desk", "name": "Service desk"}, by=ana)
    administration.keep(chen, {"department": desk}, by=ana)
    with pytest.raises(administration.StillInUse):
        administration.remove(desk, by=ana)
    assert acts() == ["department.create", "staff.change"]


def test_somebody_is_hired_and_can_sign_in(ana: Staff, harbour: Store) -> None:
    values = {"code": "E900", "name": "Wei", "role": Role.CLERK, "stores": [harbour]}
    wei, password = administration.hire(values, "wei", by=ana)
    assert wei.user is not None
    assert wei.user.check_password(password)
    assert Staff.objects.get(pk=wei.pk).scope().store_ids == {harbour.pk}
    assert acts() == ["staff.create"]
    assert password not in str(Entry.objects.get().details)


def test_moving_somebody_moves_what_they_see(ana: Staff, chen: Staff, uptown: Store) -> None:
    administration.keep(chen, {"stores": [uptown], "role": Role.STORE_MANAGER}, by=ana)
    moved = Staff.objects.get(pk=chen.pk)
    assert moved.scope().store_ids == {uptown.pk}
    assert moved.may(Permission.EXPORT_CUSTOMERS)
    assert Entry.objects.get().details == {"fields": ["role", "stores"]}


def test_who_left_can_do_nothing(ana: Staff, chen: Staff) -> None:
    administration.let_go(chen, by=ana)
    gone = Staff.objects.get(pk=chen.pk)
    assert not gone.may(Permission.FIND_CUSTOMERS)
    assert gone.scope().store_ids == frozenset()
    assert gone.user is not None
    assert not gone.user.is_active
    administration.take_back(chen, by=ana)
    assert Staff.objects.get(pk=chen.pk).may(Permission.FIND_CUSTOMERS)
    assert acts() == ["staff.leave", "staff.return"]


def test_a_new_password_replaces_the_old(ana: Staff, chen: Staff) -> None:
    assert chen.user is not None
    password = administration.new_password(chen, by=ana)
    assert chen.user.check_password(password)
    assert acts() == ["staff.password"]


def test_the_last_administrator_stays(ana: Staff, harbour: Store) -> None:
    with pytest.raises(administration.LastAdministrator):
        administration.let_go(ana, by=ana)
    with pytest.raises(administration.LastAdministrator):
        administration.keep(Staff.objects.get(pk=ana.pk), {"role": Role.CLERK, "stores": [harbour]}, by=ana)
    kept = Staff.objects.get(pk=ana.pk)
    assert (kept.is_active, kept.role) == (True, Role.ADMINISTRATOR)
    assert acts() == []
