"""Many at once: a worked example of sharing out, taking back, what the clock tells, and mentions."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from crm.notices import telling
from crm.notices.models import Notice
from crm.org.models import Staff, Store
from crm.org.permissions import Role
from customers import mentions, notes, sharing, work, workdue, workkinds
from customers.models import Customer, NoteVersion, WorkItem, WorkState
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(harbour: Store, uptown: Store) -> list[Customer]:
    """Seven of Harbour, three of Uptown."""
    here = [cast.customer(f"H{n}", of=harbour) for n in range(7)]
    return here + [cast.customer(f"U{n}", of=uptown) for n in range(3)]


def test_seven_for_two_is_four_and_three(
    crowd: list[Customer], marta: Staff, chen: Staff, agnes: Staff
) -> None:
    share = sharing.share_out(marta, Customer.objects.all(), [chen, agnes], workkinds.named("call"))
    assert share.by_owner == {chen.pk: 4, agnes.pk: 3}  # Uptown's three are not Marta's to give


def test_a_store_without_chosen_people_keeps_its_own(
    crowd: list[Customer], rosa: Staff, chen: Staff, agnes: Staff, uptown: Store
) -> None:
    share = sharing.share_out(rosa, Customer.objects.all(), [chen, agnes], workkinds.named("call"))
    assert share.by_owner == {chen.pk: 4, agnes.pk: 3, None: 3}
    luis = cast.staff("Luis", Role.CLERK, stores=[uptown])
    share = sharing.share_out(rosa, Customer.objects.all(), [chen, luis], workkinds.named("call"))
    assert share.by_owner == {chen.pk: 7, luis.pk: 3}


def test_who_is_to_be_called_already_is_left_out(
    crowd: list[Customer], marta: Staff, chen: Staff, noon: datetime
) -> None:
    work.create(crowd[0], kind="call", title="Call", due_at=noon, by=marta, at=noon)
    work.create(crowd[1], kind="visit", title="See", due_at=noon, by=marta, at=noon)
    share = sharing.share_out(marta, Customer.objects.all(), [chen], workkinds.named("call"))
    assert (share.by_owner, share.left_out) == ({chen.pk: 6}, 1)


def test_making_many_and_taking_them_back(
    crowd: list[Customer], marta: Staff, chen: Staff, agnes: Staff, noon: datetime
) -> None:
    kind = workkinds.named("call")
    share = sharing.share_out(marta, Customer.objects.all(), [chen, agnes], kind)
    batch = sharing.create_many(share, kind=kind, title="Call", due_at=noon, by=marta, at=noon)
    assert (batch.count, WorkItem.objects.open().count()) == (7, 7)
    told = Notice.objects.order_by("staff").values_list("staff", "kind", "params")
    assert list(told) == [
        (chen.pk, "work.given", {"by": marta.pk, "count": 4}),
        (agnes.pk, "work.given", {"by": marta.pk, "count": 3}),
    ]
    first = WorkItem.objects.filter(owner=chen).order_by("pk").first()
    assert first is not None
    work.finish(first, result="reached", by=chen, at=noon)
    assert sharing.undo(batch, by=marta, at=noon) == 6
    assert WorkItem.objects.filter(state=WorkState.CANCELLED).count() == 6
    with pytest.raises(sharing.UndoneAlready):
        sharing.undo(batch, by=marta, at=noon)


def test_nobody_to_call_is_refused(marta: Staff, chen: Staff, noon: datetime) -> None:
    kind = workkinds.named("call")
    share = sharing.share_out(marta, Customer.objects.all(), [chen], kind)
    with pytest.raises(sharing.Nobody):
        sharing.create_many(share, kind=kind, title="Call", due_at=noon, by=marta, at=noon)


def test_handing_many_leaves_what_the_person_may_not_have(
    crowd: list[Customer], rosa: Staff, marta: Staff, chen: Staff, noon: datetime
) -> None:
    items = [work.create(one, kind="call", title="Call", due_at=noon, by=rosa, at=noon) for one in crowd]
    batch = sharing.hand_many(rosa, [one.pk for one in items], to=chen, by=rosa, at=noon)
    assert (batch.count, WorkItem.objects.filter(owner=chen).count()) == (7, 7)
    assert sharing.undo(batch, by=rosa, at=noon) == 7
    assert WorkItem.objects.filter(owner=None).count() == 10


def test_what_is_due_is_told_once_a_stage(irina: Customer, chen: Staff, noon: datetime) -> None:
    def kinds() -> list[Any]:
        return list(Notice.objects.order_by("pk").values_list("kind", flat=True))

    item = work.create(irina, kind="call", title="Call", due_at=noon, owner=chen, by=chen, at=noon)
    assert workdue.tell_due(noon - timedelta(minutes=1)) == 0
    assert [workdue.tell_due(noon + timedelta(minutes=n)) for n in (0, 2, 4)] == [1, 0, 0]
    assert workdue.tell_due(noon + timedelta(days=1)) == 1
    assert kinds() == ["work.due", "work.overdue"]
    later = noon + timedelta(days=3)
    work.snooze(item, until=later, by=chen, at=noon)
    assert workdue.tell_due(later) == 1
    work.finish(item, result="reached", by=chen, at=later)
    assert not Notice.objects.filter(read_at=None).exists()
    assert workdue.tell_due(later + timedelta(days=1)) == 0


def test_a_clock_that_stood_still_over_night_loses_nothing(
    irina: Customer, chen: Staff, noon: datetime
) -> None:
    """What fell due since the last look that told something is told, and nothing twice."""

    def call(due_at: datetime) -> WorkItem:
        return work.create(irina, kind="call", title="Call", due_at=due_at, owner=chen, by=chen, at=noon)

    last, night, morning = call(noon), call(noon + timedelta(hours=3)), noon + timedelta(hours=20)
    assert workdue.tell_due(noon) == 1
    Notice.objects.update(made_at=noon)
    assert workdue.tell_due(morning) == 1
    assert sorted(Notice.objects.values_list("about", flat=True)) == sorted(
        f"customers.workitem:{one.pk}" for one in (last, night)
    )
    Notice.objects.update(made_at=morning)
    assert workdue.tell_due(noon + timedelta(days=9)) == 2  # both are late by now
    assert workdue.tell_due(noon + timedelta(days=9)) == 0


def test_a_kind_that_is_off_is_not_told(irina: Customer, chen: Staff, noon: datetime) -> None:
    telling.listen(chen, ["note.mention"])
    work.create(irina, kind="call", title="Call", due_at=noon, owner=chen, by=chen, at=noon)
    assert workdue.tell_due(noon) == 0


def test_items_follow_customers_who_moved(
    irina: Customer, uptown: Store, chen: Staff, noon: datetime
) -> None:
    item = work.create(irina, kind="call", title="Call", due_at=noon, by=chen, at=noon)
    assert workdue.follow_customers() == 0
    Customer.objects.filter(pk=irina.pk).update(home_store=uptown)
    assert workdue.follow_customers() == 1
    item.refresh_from_db()
    assert item.store == uptown


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Marta please", ["Marta"]),
        ("请@Marta看一下，谢谢@chen", ["Marta", "Chen"]),
        ("@Martab and @Mart", []),
        ("write to irina@Marta.example", []),
        ("@Marta @Marta", ["Marta"]),
    ],
)
def test_who_is_mentioned(text: str, found: list[str], irina: Customer, marta: Staff, chen: Staff) -> None:
    names = {marta.pk: "Marta", chen.pk: "Chen"}
    assert [names[pk] for pk in mentions.found_in(text, irina)] == found


def test_the_longest_name_is_meant_and_twins_need_a_number(irina: Customer, harbour: Store) -> None:
    cast.staff("Ana", Role.CLERK, stores=[harbour])
    lopez = cast.staff("Ana Lopez", Role.CLERK, stores=[harbour])
    assert mentions.found_in("@Ana Lopez?", irina) == [lopez.pk]
    other = Staff.objects.create(code="E77", name="Ana Lopez", role=Role.CLERK)
    other.stores.add(harbour)
    with pytest.raises(mentions.CannotMention, match="Several people are called Ana Lopez"):
        mentions.found_in("@Ana Lopez?", irina)


def test_a_note_keeps_what_it_said(irina: Customer, chen: Staff, marta: Staff, noon: datetime) -> None:
    note = notes.write(irina, "Likes tea", by=chen, at=noon)
    notes.edit(note, "Likes green tea", by=chen, at=noon)
    assert NoteVersion.objects.get().text == "Likes tea"
    with pytest.raises(notes.NotYours):
        notes.edit(note, "Hates tea", by=marta, at=noon)
    with pytest.raises(notes.ChangedMeanwhile):
        notes.edit(note, "Likes black tea", by=chen, at=noon, seen="Likes tea")
    note.refresh_from_db()
    assert note.text == "Likes green tea"
