"""Any order, any way in, any number of appliers: one end.

2,000 random histories are told twice in different orders to four appliers at once, who mix single posts, batches and
import files. Each history must end in the same state both times, and what came back must be what paper and pencil say.
"""

import threading
from pathlib import Path
from random import Random

from django.db import connection

from customers import imports, receiving, statehash
from customers.receiving import payloads
from tests.customers import histories
from tests.customers.histories import Event, body, is_return

APPLIERS = 4
TABLES = (
    "customers_line, customers_payment, customers_returnline, customers_return, customers_purchase, customers_arrival, "
    "customers_guestday, customers_identity, customers_customertag, customers_namekey, customers_stalestate, "
    "customers_customer, customers_product, customers_importfile, customers_source"
)


def test_two_thousand_histories_end_alike_in_any_order(
    transactional_db, harbour, uptown, mill, tmp_path
) -> None:
    told = histories.histories(2_000, seed=7)
    ends = []
    for turn in (1, 2):
        _forget_everything()
        _tell(histories.shuffled(told, Random(turn)), tmp_path, seed=turn)
        ends.append((statehash.by_source(), statehash.shared()))
    assert len(ends[0][0]) == 2_000
    different = [source for source, end in ends[0][0].items() if ends[1][0].get(source) != end]
    assert not different
    assert ends[0][1] == ends[1][1]
    assert _returned() == {
        place: cents
        for place, cents in histories.returned_by_hand(told).items()
        if cents and _is_owned(told, place)
    }


def _is_owned(told: list[histories.History], place: tuple[str, str]) -> bool:
    events = _events_of(told)
    return events[place]["customer"] is not None


_known: dict[int, dict[tuple[str, str], Event]] = {}


def _events_of(told: list[histories.History]) -> dict[tuple[str, str], Event]:
    if id(told) not in _known:
        _known[id(told)] = {
            (h.source, e["external_id"]): e for h in told for e in h.events if not is_return(e)
        }
    return _known[id(told)]


def _returned() -> dict[tuple[str, str], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.code, p.external_id, (p.returned * 100)::bigint FROM customers_purchase p "
            "JOIN customers_source s ON s.id = p.source_id WHERE p.returned > 0"
        )
        return {(source, key): cents for source, key, cents in cursor.fetchall()}


def _forget_everything() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")


def _tell(events: list[Event], folder: Path, *, seed: int) -> None:
    """Four appliers, each with a share of the events and ways of its own."""
    failures: list[BaseException] = []

    def apply(number: int) -> None:
        try:
            _apply(events[number::APPLIERS], folder, Random(seed * 100 + number), f"{seed}-{number}")
        except BaseException as failure:  # noqa: BLE001
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=apply, args=[number]) for number in range(APPLIERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _apply(events: list[Event], folder: Path, chance: Random, name: str) -> None:
    files = 0
    while events:
        way = chance.choices((_post, _batch, None), weights=(6, 4, 1))[0]
        size = {_post: 20, _batch: 250, None: 500}[way]
        some, events = events[:size], events[size:]
        if way is None:
            files += 1
            path = folder / f"{name}-{files}.csv"
            histories.write_csv(path, some, chance)
            assert imports.run_now(path, "receipts", by="test").job.counts["rows"] > 0
        else:
            way(some)


def _post(events: list[Event]) -> None:
    for event in events:
        if is_return(event):
            receiving.receive_return(payloads.return_of(body(event)), by="test")
        else:
            receiving.receive_receipt(payloads.receipt_of(body(event)), by="test")


def _batch(events: list[Event]) -> None:
    outcome = receiving.receive_batch([body(e) for e in events if not is_return(e)], by="test")
    assert outcome.rejected == 0, outcome.errors
    _post([event for event in events if is_return(event)])
