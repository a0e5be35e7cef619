"""The pages of follow-ups and notes, as their users meet them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from crm.org.models import Staff
from customers import notes, work
from customers.models import Customer, Note, WorkItem, WorkState

pytestmark = pytest.mark.django_db
SignedIn = Callable[[Staff], Client]


def make(customer: Customer, title: str, hours: float, **more: Any) -> WorkItem:
    at = now()
    told = {"kind": "call", "title": title, "due_at": at + timedelta(hours=hours), "at": at} | more
    return work.create(customer, **told)


def test_my_day_shows_the_next_thing_first_and_opens_it(
    signed_in: SignedIn, irina: Customer, chen: Staff, marta: Staff
) -> None:
    make(irina, "Later", 50, owner=chen, by=chen)
    make(irina, "Late", -3, owner=chen, by=chen)
    make(irina, "Anybody", -1, by=marta)
    make(irina, "Marta's", -2, owner=marta, by=marta)
    page = signed_in(chen).get("/work/")
    assert [(len(rows)) for _label, rows in page.context["parts"]] == [2, 1]
    assert [one.item.title for _label, rows in page.context["parts"] for one in rows] == [
        "Late",
        "Anybody",
        "Later",
    ]
    assert page.context["item"].title == "Late"
    text = page.content.decode()
    assert "Greet them by name" in text
    assert "+86 138****8000" in text


def test_a_result_is_one_click_and_can_be_taken_back(
    signed_in: SignedIn, irina: Customer, chen: Staff
) -> None:
    item, browser = make(irina, "Late", -3, owner=chen, by=chen), signed_in(chen)
    answer = browser.post(f"/work/{item.public_id}/result/", {"result": "reached"}, follow=True)
    item.refresh_from_db()
    assert item.state == WorkState.DONE
    assert f'action="/work/{item.public_id}/result/"' in answer.content.decode()  # the undo
    browser.post(f"/work/{item.public_id}/result/", {"_method": "DELETE"})
    item.refresh_from_db()
    assert item.state == WorkState.OPEN


def test_call_again_tomorrow_is_at_ten_by_the_stores_clock(
    signed_in: SignedIn, irina: Customer, chen: Staff
) -> None:
    item = make(irina, "Late", -3, owner=chen, by=chen)
    signed_in(chen).post(f"/work/{item.public_id}/result/", {"result": "call_again:tomorrow"})
    after = WorkItem.objects.open().get()
    local = after.due_at.astimezone(irina.home_store.zone)
    tomorrow = now().astimezone(irina.home_store.zone).date() + timedelta(days=1)
    assert (local.date(), local.hour, local.minute) == (tomorrow, 10, 0)


def test_call_again_is_taken_back_with_what_it_made(
    signed_in: SignedIn, irina: Customer, chen: Staff
) -> None:
    """The notice of the act undoes it: one open follow-up as before, and none for tomorrow."""
    item, browser = make(irina, "Late", -3, owner=chen, by=chen), signed_in(chen)
    page = browser.post(f"/work/{item.public_id}/result/", {"result": "call_again:tomorrow"}, follow=True)
    undo = f"/work/{item.public_id}/result/"
    assert f'action="{undo}"' in page.content.decode()
    browser.post(undo, {"_method": "DELETE"})
    item.refresh_from_db()
    assert (item.state, item.result, item.next_id) == (WorkState.OPEN, None, None)
    assert [one.pk for one in WorkItem.objects.open()] == [item.pk]


def test_who_comes_second_is_told(signed_in: SignedIn, irina: Customer, chen: Staff, agnes: Staff) -> None:
    item = make(irina, "Late", -3, by=chen)
    signed_in(chen).post(f"/work/{item.public_id}/result/", {"result": "reached"})
    answer = signed_in(agnes).post(f"/work/{item.public_id}/result/", {"result": "no_answer"}, follow=True)
    assert "Chen has finished this already." in answer.content.decode()


def test_a_clerk_gives_nothing_to_others(
    signed_in: SignedIn, irina: Customer, chen: Staff, agnes: Staff
) -> None:
    item = make(irina, "Late", -3, owner=chen, by=chen)
    answer = signed_in(chen).post(f"/work/{item.public_id}/owner/", {"owner": agnes.pk}, follow=True)
    assert "Your role does not give follow-ups to others." in answer.content.decode()
    item.refresh_from_db()
    assert item.owner == chen


def test_a_follow_up_from_the_customers_page(signed_in: SignedIn, irina: Customer, chen: Staff) -> None:
    browser = signed_in(chen)
    told = {
        "kind": "visit",
        "title": "Bring the sample",
        "due": "2030-05-01T10:00",
        "owner": chen.pk,
        "priority": 2,
    }
    browser.post(f"/customers/{irina.public_id}/work/", told)
    item = WorkItem.objects.get()
    assert (item.kind.code, item.owner, item.due_at.isoformat()) == (
        "visit",
        chen,
        "2030-05-01T02:00:00+00:00",
    )
    page = browser.get(f"/customers/{irina.public_id}/").content.decode()
    assert "Bring the sample" in page


def test_my_store_hands_over_many_and_takes_it_back(
    signed_in: SignedIn, irina: Customer, chen: Staff, agnes: Staff, marta: Staff
) -> None:
    items = [make(irina, f"Call {n}", -n, owner=chen, by=chen) for n in range(1, 4)]
    browser = signed_in(marta)
    page = browser.get("/work/store/")
    assert page.context["count"] == 3
    assert [(one["owner"], one["open"], one["overdue"]) for one in page.context["people"]] == [
        (chen.pk, 3, 3)
    ]
    ids = [one.public_id for one in items[:2]]
    answer = browser.post("/work/store/handing/", {"item": ids, "to": agnes.pk}, follow=True)
    assert "2 follow-ups are Agnes's now." in answer.content.decode().replace("&#x27;", "'")
    assert WorkItem.objects.filter(owner=agnes).count() == 2
    from customers.models import WorkBatch

    browser.post(f"/work/batches/{WorkBatch.objects.get().pk}/", {"_method": "DELETE"})
    assert WorkItem.objects.filter(owner=chen).count() == 3


def test_my_store_is_found_as_it_was_left(signed_in: SignedIn, irina: Customer, marta: Staff) -> None:
    browser = signed_in(marta)
    browser.get("/work/store/", {"due": "overdue"})
    assert browser.get("/work/store/")["Location"] == "/work/store/?due=overdue"
    assert browser.get("/work/store/", {"all": "1"}).status_code == 200
    assert browser.get("/work/store/").status_code == 200


def test_notes_on_the_customers_page(signed_in: SignedIn, irina: Customer, chen: Staff, marta: Staff) -> None:
    browser = signed_in(chen)
    browser.post(f"/customers/{irina.public_id}/notes/writing/", {"text": "Likes tea. @Marta please look"})
    note = Note.objects.get()
    assert note.mentions == [marta.pk]
    bell = signed_in(marta).get("/notices/").content.decode()
    assert "Chen mentions you in a note on Irina Petrova" in bell
    assert 'class="bell-count"' in bell
    browser.post(f"/customers/{irina.public_id}/notes/{note.public_id}/removal/")
    assert "Likes tea" not in browser.get(f"/customers/{irina.public_id}/notes/").content.decode()
    browser.post(f"/customers/{irina.public_id}/notes/{note.public_id}/removal/", {"_method": "DELETE"})
    assert "Likes tea" in browser.get(f"/customers/{irina.public_id}/").content.decode()


def test_a_refused_note_comes_back_with_its_words(
    signed_in: SignedIn, irina: Customer, chen: Staff, uma: Staff
) -> None:
    answer = signed_in(chen).post(
        f"/customers/{irina.public_id}/notes/writing/", {"text": "Ask @Uma about it"}
    )
    assert answer.status_code == 422
    assert "Uma may not see this customer, so cannot be mentioned here." in answer.content.decode()
    assert "Ask @Uma about it" in answer.content.decode()
    assert not Note.objects.exists()


def test_suggestions_are_people_who_may_see_the_customer(
    signed_in: SignedIn, irina: Customer, chen: Staff, marta: Staff, uma: Staff
) -> None:
    found = signed_in(chen).get(f"/customers/{irina.public_id}/notes/people/", {"q": ""}).context["people"]
    assert {one.name for one in found} == {"Chen", "Marta"}


@pytest.mark.parametrize(("address", "most"), [("/work/", 17), ("/work/store/?all=1", 15)])
def test_queries_do_not_grow_with_the_list(
    signed_in: SignedIn, irina: Customer, chen: Staff, marta: Staff, address: str, most: int
) -> None:
    browser = signed_in(marta)
    counts = []
    for _round in range(2):
        for n in range(5):
            make(irina, f"Call {n}", n - 2, owner=marta, by=chen)
        browser.get(address)
        with CaptureQueriesContext(connection) as told:
            assert browser.get(address).status_code == 200
        counts.append(len(told))
    assert counts[0] == counts[1]
    assert counts[1] <= most


def test_the_panels_cost_one_statement_each(irina: Customer, marta: Staff, chen: Staff) -> None:
    from customers import panels

    make(irina, "Call", 3, owner=chen, by=chen)
    notes.write(irina, "Likes tea", by=chen, at=now())
    assert irina.public_id  # the key of public ids is read once a process
    for panel in (panels.notes, panels.follow_ups):
        with CaptureQueriesContext(connection) as told:
            panel(marta, irina)
        assert len(told) == 1
