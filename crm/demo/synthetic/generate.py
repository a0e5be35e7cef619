"""The whole run: plan, customers, receipts in the order of time, indexes, and the truth in a file beside."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection, transaction

from crm.audit import trail
from crm.demo.synthetic import members
from crm.demo.synthetic.process import DAY, EVENT, Block, Plan, Truth, draw, solve_alpha, time_of_day
from crm.demo.synthetic.rebuild import without_indexes
from crm.demo.synthetic.spill import Spill
from crm.demo.synthetic.tables import World, write_receipts
from crm.lib.copy import DATE, INT8, write_columns
from crm.lib.refusals import Refusal
from crm.org.models import Chain, Region, Store
from customers.catalogue import CategoryStep, ProductRow, load_products
from customers.models import Customer, Product, Purchase, Source

SOURCE = "synthetic"
ZONE, UTC_OFFSET = "Asia/Shanghai", 8 * 3600  # no summer time: one offset for all rows
REGIONS = 8
PRODUCTS = 5_000
SURPLUS = 1.004  # drawn above what is wanted, then thinned evenly to the exact number
TRIES = 8
EPOCH = date(1970, 1, 1)
TABLES = [
    "customers_customer", "customers_identity", "customers_namekey", "customers_purchase", "customers_line",
    "customers_arrival", "customers_stalestate",
]  # fmt: skip

Progress = Callable[[str, int], None]  # what is being done, and how many rows of it are done now


class NoSuchDraw(Refusal):
    """The wanted numbers do not go together."""

    code = "synthetic_impossible"


@dataclass(frozen=True)
class Wanted:
    customers: int
    receipts: int
    seed: int = 1
    lines: float = 1.0
    days: int = 730
    stores: int = 200
    until: date = EPOCH
    has_arrivals: bool = True


@dataclass(frozen=True)
class Drawn:
    """What was drawn and waits to be written: the people in blocks, their receipts on disk."""

    wanted: Wanted
    plan: Plan
    spill: Spill
    blocks: list[Block]


def generate(wanted: Wanted, directory: Path, progress: Progress) -> dict[str, Any]:
    """Write it all in one transaction; returns the truth, which is also put into `directory`."""
    if wanted.customers < 1 or wanted.receipts < 0 or wanted.days < 1:
        raise NoSuchDraw("At least one customer and one day, and no negative number of receipts.")
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        progress("draw", 0)
        drawn = _draw_all(wanted, Path(scratch), progress)
        with transaction.atomic(), connection.cursor() as cursor:
            world = _world(cursor, wanted)
            if world.freeze:
                cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
                with without_indexes(cursor, TABLES):
                    cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
                    _write(cursor, world, drawn, progress)
                    progress("indexes", 0)
            else:
                _write(cursor, world, drawn, progress)
            trail.record(
                "synthetic.create", "org.chain:1", by="system:create_synthetic", details={"seed": wanted.seed}
            )
    progress("statistics", 0)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")
    return _save_truth(drawn, world, directory)


def _draw_all(wanted: Wanted, scratch: Path, progress: Progress) -> Drawn:
    """Draw until there are enough receipts. Small draws vary: each further try aims higher."""
    buyers = min(wanted.customers, wanted.receipts)
    aim = float(wanted.receipts) * SURPLUS
    for attempt in range(TRIES):
        truth = Truth()
        if buyers:
            expected = max(aim, buyers * 1.000001)
            alpha = solve_alpha(
                truth, customers=buyers, receipts=expected, days=wanted.days, seed=wanted.seed
            )
            truth = replace(truth, alpha=alpha)
        else:
            truth = replace(truth, alpha=1.0)
        plan = Plan(wanted.customers, buyers, wanted.days, wanted.stores, wanted.seed, truth)
        place = scratch / str(attempt)
        place.mkdir()
        spill, blocks = Spill(place, days=wanted.days, expected=wanted.receipts), []
        for number in range(plan.blocks()):
            block = draw(plan, number)
            spill.add(block.events)
            blocks.append(replace(block, events=np.empty(0, EVENT)))
            progress("draw", int(spill.counts.sum()))
        if spill.counts.sum() >= wanted.receipts:
            return Drawn(wanted, plan, spill, blocks)
        aim *= 1.02 + wanted.receipts / max(int(spill.counts.sum()), 1) - 1
    raise NoSuchDraw(
        f"{wanted.customers} customers do not make {wanted.receipts} receipts in {wanted.days} days."
    )


def _write(cursor: Any, world: World, drawn: Drawn, progress: Progress) -> None:
    wanted, plan = drawn.wanted, drawn.plan
    rng = np.random.default_rng([wanted.seed, 3 << 30])
    pool = members.name_pool(wanted.seed, wanted.customers)
    first = world.first_customer
    for number, block in enumerate(drawn.blocks):
        start = first + number * plan.block
        members.write_customers(cursor, world, block, first_id=start, pool=pool, rng=rng)
        progress("customers", min((number + 1) * plan.block, plan.customers))
    next_id, bought = _next_id(cursor, "customers_purchase"), np.zeros(plan.customers, dtype=bool)
    done = 0
    for events in drawn.spill.in_order(wanted.receipts, wanted.seed):
        write_receipts(cursor, world, events, next_id + done, rng)
        bought[events["customer"]] = True
        done += len(events)
        progress("receipts", done)
    _queue_stale(cursor, first + np.flatnonzero(bought), world.first_day)
    _advance(cursor, "customers_customer", first + plan.customers)
    _advance(cursor, "customers_purchase", next_id + done)


def _world(cursor: Any, wanted: Wanted) -> World:
    """The chain around the receipts; what is there already is used."""
    is_empty = not (Customer.objects.exists() or Purchase.objects.exists())
    Chain.current()
    Region.objects.bulk_create(
        [Region(code=f"SYN{n}", name=f"Region {n}") for n in range(1, REGIONS + 1)], ignore_conflicts=True
    )
    regions = list(Region.objects.filter(code__startswith="SYN").order_by("pk").values_list("pk", flat=True))
    stores = [
        Store(code=f"S{n:04d}", name=f"Store {n}", timezone=ZONE, region_id=regions[n % len(regions)])
        for n in range(1, wanted.stores + 1)
    ]
    Store.objects.bulk_create(stores, ignore_conflicts=True)
    load_products(
        ProductRow(
            f"SYN{n:05d}",
            f"Item {n}",
            (CategoryStep(f"syn-{n % 40}", f"Category {n % 40}"),),
            f"Brand {n % 97}",
        )
        for n in range(PRODUCTS)
    )
    codes = [store.code for store in stores]
    return World(
        source=Source.objects.get_or_create(code=SOURCE)[0].pk,
        stores=_ids(Store.objects.filter(code__in=codes)),
        products=_ids(Product.objects.filter(sku__startswith="SYN")),
        first_customer=_next_id(cursor, "customers_customer"),
        first_day=(wanted.until - EPOCH).days - wanted.days + 1,
        utc_offset=UTC_OFFSET,
        lines=wanted.lines,
        has_arrivals=wanted.has_arrivals,
        freeze=is_empty and _are_plain(cursor),
    )


def _ids(rows: Any) -> np.ndarray:
    return np.array(rows.order_by("pk").values_list("pk", flat=True), dtype=np.int64)


def _are_plain(cursor: Any) -> bool:
    """FREEZE and dropping keys are for ordinary tables, not for partitioned or distributed ones."""
    cursor.execute("SELECT bool_and(relkind = 'r') FROM pg_class WHERE oid = ANY(%s::regclass[])", [TABLES])
    return bool(cursor.fetchone()[0])


def _next_id(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")  # noqa: S608
    return int(cursor.fetchone()[0])


def _advance(cursor: Any, table: str, next_id: int) -> None:
    cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [table, next_id])


def _queue_stale(cursor: Any, customers: np.ndarray, since: int) -> None:
    columns = {"customer_id": customers, "since": np.full(len(customers), since)}
    write_columns(cursor, "customers_stalestate", {"customer_id": INT8, "since": DATE}, columns)


def _save_truth(drawn: Drawn, world: World, directory: Path) -> dict[str, Any]:
    wanted, plan, total = drawn.wanted, drawn.plan, int(drawn.spill.counts.sum())
    truth = {
        "customers": wanted.customers,
        "first_customer": world.first_customer,
        "receipts": wanted.receipts,
        "kept_share": wanted.receipts / total if total else 1.0,
        "seed": wanted.seed,
        "days": wanted.days,
        "until": wanted.until.isoformat(),
        "parameters": plan.truth.as_dict(),
        "units": {"alpha": "days", "spend_v": "chain currency"},
    }
    (directory / f"{SOURCE}-{wanted.seed}.json").write_text(json.dumps(truth, indent=2) + "\n")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(block, name) for block in drawn.blocks])
        for name in ("rate", "leave", "spend", "home", "first_day", "is_alive")
    }
    np.savez(directory / f"{SOURCE}-{wanted.seed}.npz", **columns)
    return truth


def add_days(wanted: Wanted, directory: Path, *, days: int) -> date:
    """Append `wanted.receipts` receipts on the `days` days after the last, by customers who are still alive.

    Goes into the indexed tables as they are, as a day's load does. Returns the last day.
    """
    truth = json.loads((directory / f"{SOURCE}-{wanted.seed}.json").read_text())
    people = np.load(directory / f"{SOURCE}-{wanted.seed}.npz")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT max(business_date) FROM customers_purchase")
        last: date = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM customers_purchase")
        rng = np.random.default_rng([wanted.seed, 4 << 30, cursor.fetchone()[0]])
        events = _later_events(people, wanted.receipts, days, rng)
        world = replace(
            _world(cursor, wanted),
            first_customer=truth["first_customer"],
            first_day=(last - EPOCH).days + 1,
            freeze=False,
        )
        next_id = _next_id(cursor, "customers_purchase")
        write_receipts(cursor, world, events, next_id, rng)
        buyers = world.first_customer + np.unique(events["customer"]).astype(np.int64)
        _queue_stale(cursor, buyers, world.first_day)
        _advance(cursor, "customers_purchase", next_id + len(events))
    return date.fromordinal(last.toordinal() + days)


def _later_events(people: Any, receipts: int, days: int, rng: np.random.Generator) -> np.ndarray:
    weight = people["rate"] * people["is_alive"]
    events = np.zeros(receipts, EVENT)
    events["customer"] = rng.choice(len(weight), receipts, p=weight / weight.sum())
    events["at"] = rng.integers(0, days, receipts) * DAY + time_of_day(rng, receipts)
    shape = Truth.spend_p
    events["cents"] = np.maximum(np.rint(rng.gamma(shape, people["spend"][events["customer"]] / shape)), 1)
    events["store"] = people["home"][events["customer"]]
    return events[np.lexsort((events["customer"], events["at"]))]
