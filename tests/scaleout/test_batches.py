"""Batches beside the night: the sweep, retention and erasure name their customers or work on every machine alone."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from crm.jobs import runner
from crm.jobs.models import State
from crm.org.models import Store
from crm.privacy import erasing, retention
from crm.scaleout import pushdown
from customers import interactions
from customers.matching import jobs
from customers.models import Customer, DuplicatePair, Interaction, TouchChannel
from tests import cast

pytestmark = [pytest.mark.twin, pytest.mark.django_db]


@pytest.fixture
def crowd(harbour: Store) -> list[Customer]:
    """Customers in every partition, some of them twice, with a receipt and a touch of the web each."""
    crowd = []
    for n in range(24):
        name, born = f"Guest {'ABCDEFGHIJKL'[n // 2]}son", date(1980, 1 + n // 2, 9)
        one = cast.customer(name, of=harbour, phone=f"+86138001381{n:02}", birthday=born)
        cast.purchase(one, at=harbour, on=date(2026, 3, 1), amount="9.00")
        old = now() - timedelta(days=900)
        interactions.record(one.pk, "page", channel=TouchChannel.WEB, at=old, data={"path": "/"})
        crowd.append(one)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("ANALYZE")
    return crowd


def test_a_sweep_pushes_down(crowd: list[Customer]) -> None:
    """What it reads of all customers, and its write of the pairs that it found."""
    with pushdown.every_machine_alone() as proof:
        job = runner.run_until_ended(jobs.ask(on=date(2026, 3, 10), by="system:test"))
    assert job.state == State.DONE, job.error
    assert DuplicatePair.objects.count() >= 12
    assert proof.faults == []


def test_retention_pushes_down(crowd: list[Customer]) -> None:
    retention.choose("web", is_on=True, days=400, by="system:test")
    retention.choose("arrivals", is_on=True, days=400, by="system:test")
    with pushdown.every_machine_alone() as proof:
        job = runner.run_until_ended(retention.ask(now()))
    assert job.state == State.DONE, job.error
    assert not Interaction.objects.exists()
    assert proof.faults == []


def test_an_erasure_pushes_down(crowd: list[Customer]) -> None:
    with pushdown.every_machine_alone() as proof:
        erasing.erase(crowd[0].pk, by="system:test", at=now())
    assert proof.faults == []
    said = " ".join(map(str, proof.examined))
    for table in ("customers_customer", "customers_interaction", "customers_identity", "customers_matchkey"):
        assert table in said
