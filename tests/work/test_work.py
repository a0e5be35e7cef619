"""Follow-ups: who may have them, what becomes of them, and two people at one."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from crm.audit.models import Entry
from crm.notices.models import Notice
from crm.org.models import Staff, Store
from customers import work
from customers.models import Customer, Interaction, TouchChannel, WorkItem, WorkState

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(irina: Customer, marta: Staff, chen: Staff, noon: datetime) -> WorkItem:
    """Marta asks Chen to call Irina at four."""
    return make(irina, owner=chen, by=marta, at=noon)


def make(customer: Customer, *, by: Any, at: datetime, **more: Any) -> WorkItem:
    told = {"kind": "call", "title": "Ask about the cake", "due_at": at + timedelta(hours=4)} | more
    return work.create(customer, by=by, at=at, **told)


def test_a_new_item_is_open_at_the_customers_store_and_its_owner_is_told(
    call: WorkItem, chen: Staff, marta: Staff, harbour: Store, noon: datetime
) -> None:
    assert (call.state, call.owner, call.store_id, call.promised_at) == (
        WorkState.OPEN, chen, harbour.pk, noon + timedelta(hours=4),
    )  # fmt: skip
    told = Notice.objects.get()
    assert (told.staff, told.kind, told.params) == (chen, "work.given", {"by": marta.pk})
    entry = Entry.objects.get(action="work.create")
    assert entry.details == {"customer": call.customer_id, "kind": "call", "owner": chen.pk}


def test_what_one_gives_oneself_is_no_news(irina: Customer, chen: Staff, noon: datetime) -> None:
    make(irina, owner=chen, by=chen, at=noon)
    assert not Notice.objects.exists()


def test_nobody_gets_a_customer_whom_they_do_not_see(
    irina: Customer, marta: Staff, uma: Staff, uptown: Store, noon: datetime
) -> None:
    with pytest.raises(work.NotTheirs, match="Uma does not look after this customer"):
        make(irina, owner=uma, by=marta, at=noon)
    with pytest.raises(work.NotTheirs, match="Uptown is not this customer's store"):
        make(irina, store=uptown, by=marta, at=noon)
    assert not WorkItem.objects.exists()


def test_a_result_ends_it(call: WorkItem, chen: Staff, noon: datetime) -> None:
    done = work.finish(call, result="reached", note=" Strawberry. ", by=chen, at=noon)
    assert done.next is None
    call.refresh_from_db()
    assert (call.state, call.result.code, call.note, call.ended_by, call.ended_at) == (
        WorkState.DONE, "reached", "Strawberry.", f"staff:{chen.pk}", noon,
    )  # fmt: skip


def test_a_result_is_a_touch_of_the_customer_and_so_is_taking_it_back(
    call: WorkItem, chen: Staff, harbour: Store, noon: datetime
) -> None:
    work.finish(call, result="reached", by=chen, at=noon)
    work.reopen(call, by=chen, at=noon)
    touches = Interaction.objects.filter(customer=call.customer_id).order_by("pk")
    assert [(one.kind, one.channel, one.store_id, one.about, one.data) for one in touches] == [
        ("work.result", TouchChannel.PHONE, harbour.pk, f"customers.workitem:{call.pk}",
         {"kind": "call", "result": "reached"}),
        ("work.reopened", TouchChannel.PHONE, harbour.pk, f"customers.workitem:{call.pk}", {"kind": "call"}),
    ]  # fmt: skip


def test_the_second_to_finish_hears_who_was_first(
    call: WorkItem, chen: Staff, marta: Staff, noon: datetime
) -> None:
    work.finish(call, result="reached", by=chen, at=noon)
    with pytest.raises(work.EndedAlready, match="Chen has finished this already"):
        work.finish(call, result="no_answer", by=marta, at=noon)
    call.refresh_from_db()
    assert call.result.code == "reached"


def test_call_again_makes_the_next_one(call: WorkItem, chen: Staff, noon: datetime) -> None:
    tomorrow = noon + timedelta(days=1)
    after = work.finish(call, result="call_again", by=chen, at=noon, again_at=tomorrow).next
    assert after is not None
    assert (after.title, after.owner, after.due_at, after.about) == (
        call.title, chen, tomorrow, f"customers.workitem:{call.pk}",
    )  # fmt: skip


@pytest.mark.parametrize("hours", [None, 0, -1])
def test_call_again_needs_a_time_to_come(
    call: WorkItem, chen: Staff, noon: datetime, hours: int | None
) -> None:
    when = None if hours is None else noon + timedelta(hours=hours)
    with pytest.raises(work.InvalidWork) as refused:
        work.finish(call, result="call_again", by=chen, at=noon, again_at=when)
    assert refused.value.faults[0].pointer == "/again_at"
    assert WorkItem.objects.get().state == WorkState.OPEN


def test_taking_a_result_back_takes_its_next_one_along(call: WorkItem, chen: Staff, noon: datetime) -> None:
    after = work.finish(call, result="call_again", by=chen, at=noon, again_at=noon + timedelta(days=1)).next
    assert after is not None
    again = work.reopen(call, by=chen, at=noon)
    after.refresh_from_db()
    assert (again.state, again.result, again.ended_at, after.state) == (
        WorkState.OPEN, None, None, WorkState.CANCELLED,
    )  # fmt: skip
    with pytest.raises(work.NotEnded):
        work.reopen(call, by=chen, at=noon)


def test_what_is_anybodys_is_taken_once(
    irina: Customer, marta: Staff, chen: Staff, agnes: Staff, noon: datetime
) -> None:
    item = make(irina, by=marta, at=noon)
    assert work.take(item, by=chen, at=noon).owner == chen
    with pytest.raises(work.TakenAlready, match="Chen has taken this already"):
        work.take(item, by=agnes, at=noon)
    work.take(item, by=chen, at=noon)
    assert Entry.objects.filter(action="work.take").count() == 1


def test_handing_over(call: WorkItem, marta: Staff, agnes: Staff, uma: Staff, noon: datetime) -> None:
    assert work.hand_over(call, to=agnes, by=marta, at=noon).owner == agnes
    assert Notice.objects.filter(staff=agnes, kind="work.given").count() == 1
    with pytest.raises(work.NotTheirs):
        work.hand_over(call, to=uma, by=marta, at=noon)
    assert work.hand_over(call, to=None, by=marta, at=noon).owner is None


def test_snoozing_and_waking(call: WorkItem, chen: Staff, noon: datetime) -> None:
    tomorrow, promised = noon + timedelta(days=1), call.due_at
    slept = work.snooze(call, until=tomorrow, by=chen, at=noon)
    assert (slept.state, slept.due_at, slept.promised_at) == (WorkState.SNOOZED, tomorrow, promised)
    awake = work.wake(call, by=chen, at=noon)
    assert (awake.state, awake.due_at) == (WorkState.OPEN, promised)
    with pytest.raises(work.InvalidWork):
        work.snooze(call, until=noon, by=chen, at=noon)


def test_an_empty_title_is_refused(irina: Customer, marta: Staff, noon: datetime) -> None:
    with pytest.raises(work.InvalidWork):
        make(irina, title="  ", by=marta, at=noon)
    assert not WorkItem.objects.exists()
