"""An opt-out against ten thousand reads: after its commit no read says yes, over several connections at once."""

import threading
import time

import pytest
from django.db import connection, connections, transaction

from customers import consents
from customers.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)

READS, READERS, BEFORE = 10_000, 4, 2_000


class Race:
    """Readers who ask again and again; each notes when it began to ask and what it heard."""

    def __init__(self, customer_id: int) -> None:
        self.customer_id = customer_id
        self.heard: list[tuple[float, bool]] = []
        self.faults: list[BaseException] = []

    def read(self) -> None:
        try:
            for place in range(READS // READERS):
                began = time.perf_counter()
                if place % 2:
                    said = consents.allows(self.customer_id, "email", "marketing")
                else:
                    said = bool(consents.allowed([self.customer_id], "email", "marketing"))
                self.heard.append((began, said))
        except BaseException as fault:  # noqa: BLE001  told by the test
            self.faults.append(fault)
        finally:
            connections.close_all()


def say(customer: Customer, word: bool) -> None:
    consents.record(customer, channel="email", purpose="marketing", is_given=word, wording="unknown/test",
                    source="race", by="system:test", at=None)  # fmt: skip


@pytest.mark.parametrize("how", ["no", "do not contact"])
def test_after_the_commit_no_read_says_yes(how: str, irina: Customer) -> None:
    say(irina, True)
    race = Race(irina.pk)
    readers = [threading.Thread(target=race.read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    while len(race.heard) < BEFORE and not race.faults:
        time.sleep(0.001)
    if how == "no":
        say(irina, False)
    else:
        consents.record(irina, channel=None, purpose="contact", is_given=False, wording=None, source="race",
                        by="system:test", at=None)  # fmt: skip
    committed = time.perf_counter()
    for reader in readers:
        reader.join()
    assert race.faults == []
    assert len(race.heard) == READS
    before = [said for began, said in race.heard if began < committed]
    after = [said for began, said in race.heard if began >= committed]
    assert True in before
    assert len(after) > READS // 4  # it was a race
    assert not any(after)


def test_a_word_waits_for_a_merge_and_goes_to_the_survivor(irina: Customer, yusuf: Customer) -> None:
    """Recorded while a merge holds both: it must not be left with who is nobody any more."""
    done: list[int] = []

    def speak() -> None:
        try:
            say(irina, True)
            done.append(1)
        finally:
            connections.close_all()

    with transaction.atomic():
        list(Customer.objects.select_for_update().order_by("pk"))
        Customer.objects.filter(pk=irina.pk).update(merged_into=yusuf)
        speaker = threading.Thread(target=speak)
        speaker.start()
        _until_somebody_waits()
        assert done == []
    speaker.join()
    assert done == [1]
    assert consents.allows(yusuf.pk, "email", "marketing")


def _until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _try in range(2000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.005)
    raise AssertionError("nobody waits")
