"""Anonymous events become the customer's exactly once, in whatever order all of it arrives; nobody is joined."""

import random
import threading
from datetime import datetime, timedelta
from itertools import pairwise, permutations
from typing import Any

import msgspec
import pytest
from django.db import connection, transaction
from django.utils.timezone import now

from customers import merging
from customers.events import inbox, stitching
from customers.events.stitching import Mark
from customers.models import Customer, Event, EventState, Interaction, VisitorMark
from tests import cast

NOON = (now() - timedelta(days=1)).replace(hour=4, minute=0, second=0, microsecond=0)
PHONES = {"irina": "+8613800138000", "yusuf": "+8613900139000", "lin": "+8613700137000"}


def seen(number: int, minute: int, who: str = "", visitor: str = "visitor-1", **other: Any) -> bytes:
    """An event at so many minutes past noon; `who` says whom it names."""
    event: dict[str, Any] = {
        "id": f"e{number}", "kind": "sign_in" if who else "product", "visitor": visitor,
        "occurred_at": (NOON + timedelta(minutes=minute)).isoformat(),
        "data": {} if who else {"product": f"SKU{number}"},
    }  # fmt: skip
    if who:
        event["customer"] = {"kind": "phone", "value": PHONES[who]}
    return msgspec.json.encode(event | other)


def send(*events: bytes) -> inbox.Outcome:
    return inbox.receive("shop", events, by="system:test")


def touches(*people: Customer) -> dict[str, list[str]]:
    """The external ids of each person's interactions."""
    return {
        person.name.split()[0].lower(): sorted(
            Interaction.objects.filter(customer=person).values_list("external_id", flat=True)
        )
        for person in people
    }


# The rule ------------------------------------------------------------------------------------------------------------


def test_the_owner_is_a_function_of_the_marks(noon: datetime) -> None:
    at = lambda minutes: noon + timedelta(minutes=minutes)  # noqa: E731
    marks = [Mark(at(10), 1), Mark(at(20), 2)]
    assert [stitching.owner(marks, at(minute)) for minute in (0, 10, 19, 20, 99)] == [1, 1, 1, 2, 2]
    assert stitching.owner([], noon) is None
    assert stitching.owner([Mark(noon, 7), Mark(noon, 9)], noon) == 7


# What happens --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_who_signs_up_gets_what_they_looked_at_before(irina: Customer) -> None:
    send(seen(1, 0), seen(2, 1))
    assert not Interaction.objects.exists()
    send(seen(3, 5, "irina"))
    send(seen(4, 9))
    assert touches(irina) == {"irina": ["e1", "e2", "e3", "e4"]}
    assert [touch.data for touch in Interaction.objects.filter(external_id="e1")] == [{"product": "SKU1"}]
    assert set(Event.objects.values_list("state", flat=True)) == {EventState.APPLIED}
    again = send(seen(1, 0), seen(3, 5, "irina"), seen(4, 9))
    assert (again.applied, again.duplicates) == (0, 3)
    assert Interaction.objects.count() == 4


@pytest.mark.django_db
def test_on_a_shared_computer_each_keeps_their_own(irina: Customer, yusuf: Customer) -> None:
    send(seen(1, 0), seen(2, 5, "irina"), seen(3, 6), seen(4, 20, "yusuf"), seen(5, 21))
    assert touches(irina, yusuf) == {"irina": ["e1", "e2", "e3"], "yusuf": ["e4", "e5"]}
    assert Customer.objects.filter(merged_into__isnull=False).count() == 0


@pytest.mark.django_db
def test_a_late_mark_takes_what_is_its_own(irina: Customer, yusuf: Customer) -> None:
    send(seen(1, 0), seen(2, 5, "irina"), seen(3, 10), seen(4, 15))
    assert touches(irina, yusuf) == {"irina": ["e1", "e2", "e3", "e4"], "yusuf": []}
    numbers = dict(Interaction.objects.values_list("external_id", "pk"))
    send(seen(5, 12, "yusuf"))
    assert touches(irina, yusuf) == {"irina": ["e1", "e2", "e3"], "yusuf": ["e4", "e5"]}
    assert Interaction.objects.get(customer=yusuf, external_id="e4").pk == numbers["e4"]


@pytest.mark.django_db
def test_another_visitors_events_stay_where_they_are(irina: Customer) -> None:
    send(seen(1, 0), seen(2, 0, visitor="visitor-2"), seen(3, 5, "irina"))
    assert touches(irina) == {"irina": ["e1", "e3"]}
    assert Event.objects.get(external_id="e2").state == EventState.ANONYMOUS


@pytest.mark.django_db
def test_an_event_that_is_set_aside_marks_nobody(irina: Customer) -> None:
    send(seen(1, 0), seen(2, 5, "irina", kind="teleport"))
    assert not VisitorMark.objects.exists()
    assert touches(irina) == {"irina": []}


# Any order, any repetition -------------------------------------------------------------------------------------------

HISTORY = [
    seen(1, 0), seen(2, 5, "irina"), seen(3, 6), seen(4, 20, "yusuf"), seen(5, 21), seen(6, 30, "irina"), seen(7, 31),
]  # fmt: skip
ENDS = {"irina": ["e1", "e2", "e3", "e6", "e7"], "yusuf": ["e4", "e5"]}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(40))
def test_the_end_does_not_depend_on_the_order(seed: int, irina: Customer, yusuf: Customer) -> None:
    """Shuffled, some sent twice, in batches of any size."""
    chance = random.Random(seed)
    sent = HISTORY + chance.choices(HISTORY, k=4)
    chance.shuffle(sent)
    cuts = [0, *sorted(chance.sample(range(1, len(sent)), 3)), len(sent)]
    for start, end in pairwise(cuts):
        send(*sent[start:end])
    assert touches(irina, yusuf) == ENDS
    assert Interaction.objects.count() == 7


@pytest.mark.django_db
@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_one_at_a_time_in_every_order(order: tuple[int, ...], irina: Customer, yusuf: Customer) -> None:
    few = [seen(1, 0), seen(2, 5, "irina"), seen(3, 6), seen(4, 6, "yusuf")]
    for place in order:
        send(few[place])
    assert touches(irina, yusuf) == {"irina": ["e1", "e2"], "yusuf": ["e3", "e4"]}


# Merging -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def twin(irina: Customer) -> Customer:
    return cast.customer("Twin Petrova", of=irina.home_store)


@pytest.mark.django_db
def test_after_a_merge_events_go_to_the_survivor(irina: Customer, twin: Customer, noon: datetime) -> None:
    send(seen(1, 0), seen(2, 5, "irina"))
    merging.merge(twin, irina, by="system:test", at=noon)
    send(seen(3, 9))
    assert touches(irina, twin) == {"irina": [], "twin": ["e1", "e2", "e3"]}


@pytest.mark.django_db
def test_a_late_mark_finds_interactions_that_a_merge_moved(
    irina: Customer, twin: Customer, lin: Customer, noon: datetime
) -> None:
    send(seen(1, 0), seen(2, 5, "irina"), seen(3, 15))
    merging.merge(twin, irina, by="system:test", at=noon)
    send(seen(4, 12, "lin"))
    assert touches(twin, lin) == {"twin": ["e1", "e2"], "林小雨": ["e3", "e4"]}
    assert Interaction.objects.count() == 4


# At the same moment --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_looking_around_and_signing_up_at_the_same_moment(irina: Customer) -> None:
    """Eight senders of one visitor's events, one of them with the sign-in: nothing is lost, nothing twice."""
    send(seen(500, 0, visitor="visitor-9"))  # the source is known: its numbering holds nobody up
    failures: list[BaseException] = []

    def run(events: list[bytes]) -> None:
        try:
            send(*events)
        except BaseException as failure:  # noqa: BLE001
            failures.append(failure)
        finally:
            connection.close()

    batches = [[seen(10 * sender + n, n) for n in range(5)] for sender in range(8)]
    batches[3].append(seen(99, 3, "irina"))
    batches.append(batches[0])  # and one comes twice at once
    threads = [threading.Thread(target=run, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Interaction.objects.filter(customer=irina).count() == 41 == Interaction.objects.count()


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_waits_for_what_the_visitor_just_did(irina: Customer) -> None:
    """One transaction has taken an event and not committed; the sign-in must not look past it."""
    send(seen(9, 0, visitor="visitor-9"))  # the source is known: its numbering holds nobody up
    taken, signing = threading.Event(), threading.Event()

    def look_around() -> None:
        try:
            with transaction.atomic():
                send(seen(1, 0))
                taken.set()
                signing.wait(1)  # the other is on its way; without the lock it is through by then
        finally:
            connection.close()

    def sign_in() -> None:
        try:
            taken.wait(10)
            send(seen(2, 5, "irina"))
            signing.set()
        finally:
            connection.close()

    threads = [threading.Thread(target=look_around), threading.Thread(target=sign_in)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert touches(irina) == {"irina": ["e1", "e2"]}
