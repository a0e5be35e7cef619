"""Rows of synthetic customers and receipts, written through binary COPY straight into the tables."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from crm.demo.synthetic.process import DAY
from crm.lib.copy import (
    BYTES16,
    DATE,
    EMPTY,
    INT2,
    INT8,
    MILLI,
    MONEY,
    TIMESTAMPTZ,
    fixed_text,
    write_columns,
)
from customers.models import ArrivalKind, ArrivalState, Channel

ID_WIDTH = 12
EXTERNAL_ID = fixed_text(ID_WIDTH)
SECONDS = 1_000_000  # microseconds

PURCHASE = {
    "id": INT8, "customer_id": INT8, "store_id": INT8, "source_id": INT2, "channel": INT2, "business_date": DATE,
    "occurred_at": TIMESTAMPTZ, "recorded_at": TIMESTAMPTZ, "amount": MONEY, "discount": MONEY, "returned": MONEY,
    "external_id": EXTERNAL_ID, "staff_code": EMPTY,
}  # fmt: skip
LINE = {
    "customer_id": INT8, "purchase_id": INT8, "number": INT2, "product_id": INT8, "quantity": MILLI, "amount": MONEY,
    "discount": MONEY, "returned_quantity": MILLI, "returned_amount": MONEY,
}  # fmt: skip
ARRIVAL = {
    "kind": INT2, "source_id": INT2, "external_id": EXTERNAL_ID, "fingerprint": BYTES16, "state": INT2,
    "reason": EMPTY, "customer_id": INT8, "purchase_id": INT8, "store_id": INT8, "recorded_at": TIMESTAMPTZ,
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """The rows that receipts point to, and how the period lies in time."""

    source: int
    stores: np.ndarray  # ids
    products: np.ndarray  # ids
    first_customer: int
    first_day: int  # days since 1970-01-01
    utc_offset: int  # seconds by which the stores' clock is ahead of UTC
    lines: float  # on average, a receipt; 0 writes none
    has_arrivals: bool
    freeze: bool


def digits(numbers: np.ndarray, width: int) -> np.ndarray:
    """Numbers as text of `width` digits: an array (n, width) of character codes."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def texts(*parts: bytes | np.ndarray) -> np.ndarray:
    """Texts of one width from constant and changing parts, as an array of dtype S."""
    rows = next(len(part) for part in parts if isinstance(part, np.ndarray))
    columns = [
        part if isinstance(part, np.ndarray) else np.tile(np.frombuffer(part, np.uint8), (rows, 1))
        for part in parts
    ]
    joined = np.ascontiguousarray(np.concatenate(columns, axis=1))
    return joined.view(f"S{joined.shape[1]}").reshape(-1)


def write_receipts(
    cursor: Any, world: World, events: np.ndarray, first_id: int, rng: np.random.Generator
) -> None:
    """Purchases with their lines and arrivals. `events` are in the order of time; ids count from `first_id`."""
    rows = len(events)
    if not rows:
        return
    ids = np.arange(first_id, first_id + rows)
    day = world.first_day + events["at"].astype(np.int64) // DAY
    at = (world.first_day * DAY + events["at"].astype(np.int64) - world.utc_offset) * SECONDS
    columns: dict[str, Any] = {
        "id": ids,
        "purchase_id": ids,
        "customer_id": world.first_customer + events["customer"].astype(np.int64),
        "store_id": world.stores[events["store"]],
        "source_id": _all(world.source, rows),
        "channel": _all(Channel.STORE, rows),
        "business_date": day,
        "occurred_at": at,
        "recorded_at": at + 60 * SECONDS,
        "amount": events["cents"],
        "discount": events["discount"],
        "returned": _all(0, rows),
        "external_id": texts(b"S", digits(ids, ID_WIDTH - 1)),
        "staff_code": _all(0, rows),
        "kind": _all(ArrivalKind.RECEIPT, rows),
        "state": _all(ArrivalState.APPLIED, rows),
        "reason": _all(0, rows),
        "fingerprint": rng.integers(0, 256, (rows, 16), dtype=np.uint8).view("V16").reshape(-1),
    }
    write_columns(cursor, "customers_purchase", PURCHASE, columns, freeze=world.freeze)
    if world.lines:
        lines = _lines(world, columns, rng)
        write_columns(cursor, "customers_line", LINE, lines, freeze=world.freeze)
    if world.has_arrivals:
        write_columns(cursor, "customers_arrival", ARRIVAL, columns, freeze=world.freeze)


def _all(value: int, rows: int) -> Any:
    return np.broadcast_to(np.int64(value), rows)


def _lines(world: World, receipts: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Lines whose amounts and discounts sum to the receipt's."""
    counts = 1 + rng.poisson(world.lines - 1, len(receipts["id"]))
    of = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    products = (len(world.products) * rng.random(len(of)) ** 2).astype(np.int64)
    weights = rng.standard_exponential(len(of))
    return {
        "customer_id": receipts["customer_id"][of],
        "purchase_id": receipts["id"][of],
        "number": np.arange(len(of)) - first + 1,
        "product_id": world.products[products],
        "quantity": 1000 * (1 + rng.poisson(0.3, len(of))),
        "amount": split(receipts["amount"], of, weights),
        "discount": split(receipts["discount"], of, weights),
        "returned_quantity": _all(0, len(of)),
        "returned_amount": _all(0, len(of)),
    }


def split(totals: np.ndarray, of: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Whole parts of each total, in proportion to the weights of its rows; they sum to it exactly."""
    sums = np.bincount(of, weights, minlength=len(totals))
    running = np.cumsum(weights)
    before = np.concatenate([[0.0], np.cumsum(sums)[:-1]])
    is_last = np.append(of[1:] != of[:-1], True)
    share = np.where(is_last, 1.0, np.clip((running - before[of]) / sums[of], 0, 1))
    upto = np.floor(share * totals[of]).astype(np.int64)
    is_first = np.roll(is_last, 1)
    return upto - np.where(is_first, 0, np.roll(upto, 1))
