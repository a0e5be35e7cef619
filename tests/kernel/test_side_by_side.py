"""Slices done side by side: in order, on connections of their own, each noted once, nothing left open."""

import threading
from typing import Any

import pytest
from django.db import connection

from crm.jobs import queue
from crm.jobs.claim import Claim, LeaseLost
from crm.jobs.models import Job, State
from crm.lib.sidebyside import AT_ONCE, side_by_side
from crm.org.models import Region

apart = pytest.mark.django_db(transaction=True)


def a_claim() -> Claim:
    found = queue.claim(Job.objects.create(kind="test.sliced", key="parts").pk)
    assert found is not None
    return Claim(*found)


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def connections_open(pids: set[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [list(pids)])
        return int(cursor.fetchone()[0])


@apart
def test_results_come_in_order_from_connections_that_are_closed_afterwards() -> None:
    both = threading.Barrier(AT_ONCE, timeout=20)  # passes only when two calls are at work at the same time

    def call(number: int) -> tuple[int, int]:
        if number < AT_ONCE:
            both.wait()
        return number, backend()

    found = list(side_by_side(call, range(7)))
    assert [number for number, _ in found] == list(range(7))
    pids = {pid for _, pid in found}
    assert len(pids) == AT_ONCE
    assert backend() not in pids


@pytest.mark.django_db
def test_inside_a_transaction_the_callers_connection_does_it() -> None:
    assert set(side_by_side(lambda _: backend(), range(3))) == {backend()}


@apart
def test_a_failure_comes_out_in_its_place_and_what_has_not_begun_is_not_done() -> None:
    begun: list[int] = []

    def call(number: int) -> int:
        begun.append(number)
        if number == 2:
            raise ValueError("two")
        return number

    results = side_by_side(call, range(50))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert max(begun) <= 2 + AT_ONCE + 1


@apart
def test_parts_that_commit_at_the_same_time_keep_each_others_notes() -> None:
    claim = a_claim()
    both = threading.Barrier(AT_ONCE, timeout=20)

    def part(number: int) -> None:
        with claim.part("step", number):
            Region.objects.create(code=f"R{number}", name=f"Region {number}")
            if number < AT_ONCE:
                both.wait()  # both are in the middle of their transactions

    list(side_by_side(part, range(6)))
    stored = Job.objects.get(pk=claim.job.pk).checkpoint
    assert stored == {f"step:{number}": True for number in range(6)} == claim.checkpoint
    assert Region.objects.filter(code__startswith="R").count() == 6
    assert claim.is_part_done("step", 3)
    assert not claim.is_part_done("step", 6)
    assert not claim.is_part_done("other", 3)


@apart
def test_a_part_without_a_lease_leaves_nothing() -> None:
    claim = a_claim()
    Job.objects.filter(pk=claim.job.pk).update(state=State.CANCELLED)

    def part(number: int) -> Any:
        with claim.part("step", number):
            Region.objects.create(code="R1", name="Region 1")

    with pytest.raises(LeaseLost):
        list(side_by_side(part, [1]))
    assert not Region.objects.filter(code="R1").exists()
    assert not claim.is_part_done("step", 1)
