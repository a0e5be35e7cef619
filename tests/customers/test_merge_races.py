"""Merges at the same time as receipts and other merges; a merge that is killed in the middle."""

import contextlib
import threading
from typing import Any

import pytest
from django.db import connection

from customers import merging, receiving
from customers.merging import contenthash, followers, joining, moves, undoing
from customers.models import Arrival, Customer, CustomerTag, Line, Merge, Purchase, Tag
from customers.receiving import payloads
from tests import cast
from tests.customers.histories import body

TILL = {"source": "pos-1", "store": "HARB", "occurred_at": "2026-03-10T12:00:00+08:00"}


def in_threads(*works: Any) -> None:
    """Runs all at once, each with a connection of its own; the first failure is raised."""
    failures: list[BaseException] = []

    def run(work: Any) -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "they wait for each other"
    if failures:
        raise failures[0]


def buy(key: str, phone: str) -> None:
    receipt = TILL | {
        "external_id": key, "customer": {"kind": "phone", "value": phone},
        "lines": [{"line": 1, "product": "TEA", "quantity": "1", "amount": "1.00"}],
    }  # fmt: skip
    receiving.receive_receipt(payloads.receipt_of(body(receipt)), by="test")


def test_receipts_that_come_while_a_merge_is_done_and_undone(transactional_db, harbour, ana, noon) -> None:
    """Whatever comes in between, each receipt ends at whom its phone belongs to, with its lines and in the inbox."""
    phones = ["+8613800000001", "+8613800000002"]
    people = [cast.customer(f"P{n}", of=harbour, phone=phone) for n, phone in enumerate(phones)]

    def till(which: int) -> None:
        for number in range(40):
            buy(f"{which}-{number}", phones[number % 2])

    def office() -> None:
        for _n in range(4):
            merging.unmerge(merging.merge(people[0], people[1], by=ana, at=noon), by=ana, at=noon)

    in_threads(lambda: till(1), lambda: till(2), office)
    for which, person in enumerate(people):
        bought = Purchase.objects.filter(customer=person)
        assert {int(key.split("-")[1]) % 2 for key in bought.values_list("external_id", flat=True)} == {which}
        assert bought.count() == Line.objects.filter(customer=person).count() == 40
        assert Arrival.objects.filter(customer_id=person.pk).count() == 40


def test_merges_over_the_same_people_do_not_wait_in_a_circle(transactional_db, harbour, ana, noon) -> None:
    people = [cast.customer(f"P{n}", of=harbour, phone=f"+861380000001{n}") for n in range(4)]
    circle = [(people[n], people[(n + 1) % 4]) for n in range(4)]

    def office(survivor: Customer, loser: Customer) -> None:
        with contextlib.suppress(merging.CannotMerge):  # somebody was quicker with one of the two
            merging.merge(survivor, loser, by=ana, at=noon)

    in_threads(*(lambda pair=pair: office(*pair) for pair in circle))
    signposts = Customer.objects.filter(merged_into__isnull=False)
    assert signposts.count() == Merge.objects.count() >= 2
    assert not signposts.filter(merged_into__merged_into__isnull=False).exists()


class Killed(BaseException):
    """The process ends here."""


def _kill(*_args: Any, **_more: Any) -> Any:
    raise Killed


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (joining.identifiers, "carry"), (joining.facts, "write"), (followers, "tell_merged"),
        (joining.trail, "record"), (moves, "rows_of"),
    ],
)  # fmt: skip
def test_a_merge_that_is_killed_leaves_nothing_half(
    where: Any, name: str, irina, yusuf, ana, noon, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.purchase(yusuf, at=yusuf.home_store, on="2026-03-02")
    CustomerTag.objects.create(customer=yusuf, tag=Tag.objects.create(name="tea"))
    before = contenthash.whole(), Merge.objects.count()
    with monkeypatch.context() as broken:
        broken.setattr(where, name, _kill)
        with pytest.raises(Killed):
            merging.merge(irina, yusuf, by=ana, at=noon, is_confirmed=True, reason="one person")
    assert (contenthash.whole(), Merge.objects.count()) == before


@pytest.mark.parametrize(
    ("where", "name"),
    [(undoing.identifiers, "give_back"), (undoing.facts, "write"), (followers, "tell_unmerged"), (moves, "put"),
     (undoing.later, "stitch")],
)  # fmt: skip
def test_an_undoing_that_is_killed_leaves_the_merge_as_it_was(
    where: Any, name: str, irina, yusuf, ana, noon, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.purchase(yusuf, at=yusuf.home_store, on="2026-03-02")
    CustomerTag.objects.create(customer=yusuf, tag=Tag.objects.create(name="tea"))
    done = merging.merge(irina, yusuf, by=ana, at=noon, is_confirmed=True, reason="one person")
    before = contenthash.whole()
    with monkeypatch.context() as broken:
        broken.setattr(where, name, _kill)
        with pytest.raises(Killed):
            merging.unmerge(done, by=ana, at=noon)
    assert contenthash.whole() == before
    done.refresh_from_db()
    assert done.undone_at is None
    merging.unmerge(done, by=ana, at=noon)
    assert contenthash.whole() != before
