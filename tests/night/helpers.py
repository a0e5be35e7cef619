"""Running nights in tests, and telling whether two ended alike."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import count
from typing import Any

import pandas as pd
from django.db import connection

from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.org.models import Store
from customers import nights, stateproof
from customers.models import Customer, Purchase, StaleState
from tests import cast

_numbers = count(1)

WRITTEN = {
    "state": "SELECT s.* FROM customers_purchasestate s ORDER BY customer_id",
    "basis": """
        SELECT b.on, b.window_days, b.lost_days, b.won_back_days, n.on FROM customers_statebasis b
        LEFT JOIN customers_night n ON n.id = b.night""",
    "lifecycle": """
        SELECT l.customer_id, l.stage, l.began_on, l.ended_on, n.on, e.on FROM customers_lifecycle l
        JOIN customers_night n ON n.id = l.night_id LEFT JOIN customers_night e ON e.id = l.ended_night
        ORDER BY l.customer_id, l.began_on, l.night_id""",
    "standing": """
        SELECT s.customer_id, r, f, m, x, group_id, value_class, n.on, e.on FROM segmentation_standing s
        JOIN customers_night n ON n.id = s.night_id LEFT JOIN customers_night e ON e.id = s.ended_night
        ORDER BY s.customer_id, s.night_id""",
    "cuts": """
        SELECT n.on, recency, frequency, monetary, value, customers FROM segmentation_nightcuts c
        JOIN customers_night n ON n.id = c.night_id ORDER BY n.id""",
    "cells": """
        SELECT n.on, store_id, r, x, customers, revenue FROM segmentation_cellcount c
        JOIN customers_night n ON n.id = c.night_id ORDER BY n.id, store_id, r, x""",
    "classes": """
        SELECT n.on, store_id, value_class, customers, revenue FROM segmentation_classcount c
        JOIN customers_night n ON n.id = c.night_id ORDER BY n.id, store_id, value_class""",
    "persona": """
        SELECT p.customer_id, p.digest, n.on, e.on FROM customers_persona p
        JOIN customers_night n ON n.id = p.night_id LEFT JOIN customers_night e ON e.id = p.ended_night
        ORDER BY p.customer_id, p.night_id""",
    "clusters": """
        SELECT m.customer_id, m.cluster_id - (SELECT min(id) FROM segmentation_cluster), n.on, e.on
        FROM segmentation_clustermember m
        JOIN customers_night n ON n.id = m.night_id LEFT JOIN customers_night e ON e.id = m.ended_night
        ORDER BY m.customer_id, m.night_id""",
    "lifetime": """
        SELECT customer_id, alive, purchases_90, value_90, n.on FROM segmentation_lifetimescore s
        JOIN customers_night n ON n.id = s.night_id
        WHERE n.id = (SELECT max(night_id) FROM segmentation_lifetimefit WHERE night_id <=
            (SELECT night_id FROM customers_publishednight)) ORDER BY customer_id""",
    "lifetimes": """
        SELECT n.on, customers, repeaters, rate FROM segmentation_lifetimefit f
        JOIN customers_night n ON n.id = f.night_id ORDER BY n.id""",
    "published": "SELECT n.on FROM customers_publishednight p JOIN customers_night n ON n.id = p.night_id",
}


def run_night(on: date, *, rebuild: bool = False, steps: tuple[str, ...] = ()) -> Job:
    """Run the night of a date in this process, to its end, and expect it to be done."""
    job = runner.run_until_ended(nights.start(on, "system:test", rebuild=rebuild, steps=steps))
    assert job.state == State.DONE, job.error
    return job


def fingerprint() -> dict[str, str]:
    """What nights have written, hashed by kind. Numbers of nights do not matter, their dates do."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in WRITTEN.items():
            cursor.execute(query)
            found[name] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()[:16]
    return found


def forget_nights() -> None:
    """As if no night had ever run."""
    with connection.cursor() as cursor:
        for table in (
            "segmentation_basketpair", "segmentation_recommendation", "segmentation_duegood",
            "segmentation_stockfigure", "segmentation_productfit", "segmentation_segmentnight",
            "segmentation_segmentspell", "segmentation_shelfpointer", "segmentation_changed",
            "segmentation_touched", "segmentation_targetcount", "segmentation_targetnight",
            "segmentation_lifetimescore", "segmentation_lifetimesum", "segmentation_lifetimefit",
            "segmentation_churnscore", "segmentation_churnnight", "segmentation_churnmodel",
            "segmentation_standing", "segmentation_cellcount", "segmentation_classcount", "segmentation_nightcuts",
            "segmentation_clustermember", "segmentation_clustercount", "segmentation_clusterfit",
            "segmentation_cluster", "customers_lifecycle", "customers_persona", "customers_personadue",
            "customers_personabasis",
            "customers_purchasestate", "customers_statebasis", "customers_publishednight",
            "customers_night", "jobs_step", "jobs_job",
        ):  # fmt: skip
            cursor.execute(f"DELETE FROM {table}")


def proven() -> bool:
    """Whether the stored states are what a rebuild gives."""
    basis = stateproof.basis_of_states()
    assert basis is not None
    return not any(found for _, found in stateproof.faults(basis))


def people(n: int, store: Store | None, since: date = date(2024, 1, 1)) -> list[Customer]:
    at = datetime.combine(since, time(12), tzinfo=UTC)
    rows = [Customer(name=f"Customer {i}", home_store=store, enrolled_at=at) for i in range(n)]
    return Customer.objects.bulk_create(rows)


def buy(rows: Iterable[tuple[int, date, int, int]], store: Store) -> None:
    """Purchases (customer, day, cents, returned cents) with their rows in the stale queue."""
    till = cast.source()
    purchases = [
        Purchase(
            customer_id=who, store=store, source_id=till.pk, business_date=day, external_id=f"B{next(_numbers)}",
            occurred_at=datetime.combine(day, time(12), tzinfo=UTC), amount=_money(cents), returned=_money(returned),
        )
        for who, day, cents, returned in rows
    ]  # fmt: skip
    Purchase.objects.bulk_create(purchases)
    StaleState.objects.bulk_create(
        [StaleState(customer_id=p.customer_id, since=p.business_date) for p in purchases]
    )


def purchases_frame() -> pd.DataFrame:
    """All purchases in the database, as the reference wants them."""
    rows: list[dict[str, Any]] = [
        {"customer": c, "day": d, "cents": int(a * 100), "returned": int(r * 100)}
        for c, d, a, r in Purchase.objects.values_list("customer_id", "business_date", "amount", "returned")
    ]
    return pd.DataFrame(rows, columns=["customer", "day", "cents", "returned"])


def _money(cents: int) -> Decimal:
    return Decimal(cents) / 100
