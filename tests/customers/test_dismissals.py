"""What is set aside can be put away with a reason, and opened again; nothing else changes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers import statehash
from customers.models import Arrival, ArrivalState, Dismissal
from customers.receiving import quarantine
from tests import cast
from tests.customers.test_receiving import give_back, post

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


@pytest.fixture
def aside(harbour: Store) -> Arrival:
    return cast.set_aside("R-1", at=harbour)


def counted(theirs: Client) -> int:
    """The number beside “Set aside”."""
    [count] = [
        count
        for _label, _address, _current, count in theirs.get("/imports/").context["tabs"]
        if count is not None
    ]
    return int(count)


def listed(theirs: Client, show: str = "") -> list[str]:
    rows = theirs.get("/quarantine/", {"show": show}).context["rows"]
    return [row[0].external_id for row in rows]


def notices(answer: Any) -> list[str]:
    return [str(notice) for notice in answer.context["messages"]]


def test_who_dismisses_says_why_and_the_list_is_shorter(
    ana: Staff, aside: Arrival, signed_in: Browser
) -> None:
    theirs, before = signed_in(ana), statehash.whole()
    assert (counted(theirs), listed(theirs), listed(theirs, "dismissed")) == (1, ["R-1"], [])
    answer = theirs.post(f"/quarantine/{aside.pk}/dismissal/", {"why": "Entered by hand"}, follow=True)
    assert notices(answer) == ["Dismissed."]
    assert (counted(theirs), listed(theirs), listed(theirs, "dismissed")) == (0, [], ["R-1"])
    page = theirs.get("/quarantine/?show=dismissed").content.decode()
    assert "Dismissed by Ana" in page
    assert "Entered by hand" in page
    row = Dismissal.objects.get()
    assert (row.arrival_id, row.why, row.dismissed_by, row.reopened_at) == (
        aside.pk,
        "Entered by hand",
        ana,
        None,
    )
    entry = Entry.objects.get(action="arrival.dismiss")
    assert (entry.actor, entry.subject, entry.store_id) == (
        f"staff:{ana.pk}", f"customers.arrival:{aside.pk}", aside.store_id
    )  # fmt: skip
    assert entry.details == {}
    assert statehash.whole() == before


def test_ids_of_four_digits_are_no_lists_of_selectors(ana: Staff, harbour: Store, signed_in: Browser) -> None:
    aside = cast.set_aside("R-1", at=harbour)
    Arrival.objects.filter(pk=aside.pk).update(id=1_234_567)
    page = signed_in(ana).get("/quarantine/").content.decode()
    for words in (
        'data-unfolds="#raw-1234567"',
        'id="raw-1234567"',
        'data-opens="#dismiss-1234567"',
        'id="dismiss-1234567"',
    ):
        assert words in page


def test_it_is_undone_and_the_row_stays(ana: Staff, aside: Arrival, signed_in: Browser) -> None:
    theirs = signed_in(ana)
    theirs.post(f"/quarantine/{aside.pk}/dismissal/", {"why": "Twice"})
    answer = theirs.post(f"/quarantine/{aside.pk}/dismissal/", {"_method": "DELETE"}, follow=True)
    assert notices(answer)[-1] == "It is on the list again."
    assert (counted(theirs), listed(theirs)) == (1, ["R-1"])
    row = Dismissal.objects.get()
    assert (row.why, row.reopened_by) == ("Twice", ana)
    assert row.reopened_at is not None
    assert Entry.objects.filter(action="arrival.reopen").count() == 1
    theirs.post(f"/quarantine/{aside.pk}/dismissal/", {"why": "After all"})
    assert Dismissal.objects.count() == 2


@pytest.mark.parametrize("why", ["", "   ", "x" * 201])
def test_without_a_reason_it_stays_and_the_dialog_says_so(
    ana: Staff, aside: Arrival, signed_in: Browser, why: str
) -> None:
    other = cast.set_aside("R-2", at=Store.objects.get())
    answer = signed_in(ana).post(f"/quarantine/{aside.pk}/dismissal/", {"why": why})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert page.count("data-open>") == 1
    assert 'class="errors"' in page
    assert f'id="dismiss-{other.pk}"' in page
    assert not Dismissal.objects.exists()
    assert not Entry.objects.filter(action="arrival.dismiss").exists()


def test_what_is_not_set_aside_is_not_dismissed_nor_reopened(
    ana: Staff, aside: Arrival, signed_in: Browser
) -> None:
    theirs = signed_in(ana)
    answer = theirs.post(f"/quarantine/{aside.pk}/dismissal/", {"_method": "DELETE"}, follow=True)
    assert notices(answer) == ["This event was not dismissed."]
    quarantine.dismiss(aside, why="Once", by=ana, at=NOON)
    for state in (ArrivalState.QUARANTINED, ArrivalState.APPLIED):
        Arrival.objects.filter(pk=aside.pk).update(state=state)
        with pytest.raises(quarantine.NothingToDismiss):
            quarantine.dismiss(aside, why="Twice", by=ana, at=NOON)
    assert Dismissal.objects.get().why == "Once"


def test_a_dismissed_return_that_is_set_aside_for_another_reason_is_open_again(
    irina, harbour, ana: Staff
) -> None:
    give_back("B1", "3", "10.00")
    waits = Arrival.objects.get(external_id="B1")
    assert waits.state == ArrivalState.WAITING
    quarantine.dismiss(waits, why="The old till", by=ana, at=NOON)
    assert not quarantine.listed(ana).exists()
    post()
    assert [arrival.reason for arrival in quarantine.listed(ana)] == ["return_exceeds_receipt"]
    assert not quarantine.listed(ana, dismissed=True).exists()
    quarantine.dismiss(waits, why="Counted wrong", by=ana, at=NOON)
    assert not quarantine.listed(ana).exists()
    [shown] = quarantine.dismissals(quarantine.listed(ana, dismissed=True)).values()
    assert shown.why == "Counted wrong"


def test_a_dismissed_return_is_applied_when_its_receipt_comes(irina, harbour, ana: Staff) -> None:
    give_back("B1")
    quarantine.dismiss(Arrival.objects.get(external_id="B1"), why="Lost", by=ana, at=NOON)
    post()
    assert Arrival.objects.get(external_id="B1").state == ArrivalState.APPLIED
    assert not quarantine.listed(ana, dismissed=True).exists()


def test_it_is_scoped_and_permitted_like_the_list(
    rosa: Staff, max_: Staff, aside: Arrival, mill: Store, ana: Staff, signed_in: Browser
) -> None:
    other = cast.set_aside("R-9", at=mill)
    for arrival in (aside, other):
        quarantine.dismiss(arrival, why="Seen", by=ana, at=NOON)
    assert listed(signed_in(rosa), "dismissed") == ["R-1"]
    assert "Reopen" not in signed_in(rosa).get("/quarantine/?show=dismissed").content.decode()
    for person in (rosa, max_):
        assert signed_in(person).post(f"/quarantine/{aside.pk}/dismissal/", {"why": "x"}).status_code == 403
        assert signed_in(person).delete(f"/quarantine/{aside.pk}/dismissal/").status_code == 403
    assert Dismissal.objects.filter(reopened_at=None).count() == 2


def test_a_page_of_fifty_takes_no_more_statements_than_one_of_three(
    ana: Staff, harbour: Store, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    for n in range(50):
        quarantine.dismiss(cast.set_aside(f"R-{n}", at=harbour), why="x", by=ana, at=NOON)
    theirs = signed_in(ana)
    with django_assert_max_num_queries(8):
        theirs.get("/quarantine/?show=dismissed")


def test_the_database_keeps_one_open_dismissal_an_event(ana: Staff, aside: Arrival) -> None:
    quarantine.dismiss(aside, why="x", by=ana, at=NOON)
    again = Dismissal(arrival_id=aside.pk, state=3, why="y", dismissed_by=ana, dismissed_at=NOON)
    with pytest.raises(IntegrityError, match="dismissal_open_once"), transaction.atomic():
        again.save()
