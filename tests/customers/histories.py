"""Random histories of a chain: receipts, returns before and after, late tills, the same thing said twice.

Each history has a source of its own; customers, stores and days are shared, so that appliers get in each other's way.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

START = datetime(2026, 3, 1, tzinfo=UTC)
STORES = ("HARB", "UPTN", "MILL")
Event = dict[str, Any]


@dataclass(frozen=True)
class History:
    source: str
    events: list[Event]  # without repetitions


def histories(count: int, *, seed: int, people: int = 200) -> list[History]:
    chance = Random(seed)
    return [_history(f"h{seed}-{number}", chance, people) for number in range(count)]


def _history(source: str, chance: Random, people: int) -> History:
    receipts = [_receipt(source, f"r{i}", chance, people) for i in range(chance.randint(1, 4))]
    returns = [_return(source, f"b{i}", chance, receipts) for i in range(chance.choice((0, 0, 1, 2, 4)))]
    return History(source, receipts + returns)


def _at(chance: Random) -> str:
    """Often the same moment, so that ties must be broken; sometimes a month late."""
    days = chance.choice((0, 0, 1, 30))
    return (START + timedelta(days=days, minutes=chance.choice((0, 15, 930, 960)))).isoformat()


def _receipt(source: str, key: str, chance: Random, people: int) -> Event:
    lines = [
        {
            "line": number,
            "product": f"SKU{chance.randrange(40)}",
            "quantity": str(chance.randint(1, 3)),
            "amount": f"{chance.randint(0, 30)}.{chance.randrange(100):02}",
            "discount": chance.choice(("0", "1.50")),
        }
        for number in range(1, chance.randint(1, 4) + 1)
    ]
    who = chance.randrange(people * 5 // 4)
    return {
        "source": source,
        "external_id": key,
        "store": chance.choice(STORES),
        "occurred_at": _at(chance),
        "customer": {"kind": "phone", "value": f"+86138{who:08}"} if who < people else None,
        "staff": chance.choice(("", "E1")),
        "lines": lines,
        "payments": [{"method": "card", "amount": "1.00"}] if chance.random() < 0.5 else [],
    }


def _return(source: str, key: str, chance: Random, receipts: Sequence[Event]) -> Event:
    of = chance.choice(receipts)
    chosen = chance.sample(of["lines"], k=chance.randint(1, len(of["lines"])))
    lines = [
        {"line": line["line"], "quantity": str(chance.randint(1, 2)), "amount": f"{chance.randrange(12)}.00"}
        for line in chosen
    ]
    if chance.random() < 0.05:
        lines[0]["line"] = 99
    receipt = {"source": source, "external_id": of["external_id"] if chance.random() < 0.95 else "never"}
    return {
        "source": source,
        "external_id": key,
        "store": chance.choice(STORES),
        "occurred_at": _at(chance),
        "receipt": receipt,
        "lines": lines,
    }


def is_return(event: Event) -> bool:
    return "receipt" in event


def body(event: Event) -> bytes:
    return json.dumps(event).encode()


def shuffled(told: Iterable[History], chance: Random) -> list[Event]:
    """All events in random order, a third of them said twice."""
    events = [event for history in told for event in history.events]
    events += [event for event in events if chance.random() < 0.33]
    chance.shuffle(events)
    return events


COLUMNS = (
    "source", "external_id", "store", "occurred_at", "customer_kind", "customer_value", "staff", "line", "product",
    "quantity", "amount", "discount", "payments", "receipt_source", "receipt_external_id",
)  # fmt: skip


def write_csv(path: Path, events: Iterable[Event], chance: Random) -> int:
    """As an import file, its rows in any order; the number of rows."""
    rows = [row for event in events for row in _rows(event)]
    chance.shuffle(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _rows(event: Event) -> Iterable[dict[str, str]]:
    head = {name: event[name] for name in ("source", "external_id", "store", "occurred_at")}
    if is_return(event):
        head |= {
            "receipt_source": event["receipt"]["source"], "receipt_external_id": event["receipt"]["external_id"]
        }  # fmt: skip
    else:
        who = event["customer"] or {"kind": "", "value": ""}
        paid = ";".join(f"{p['method']}:{p['amount']}" for p in event["payments"])
        head |= {
            "customer_kind": who["kind"],
            "customer_value": who["value"],
            "staff": event["staff"],
            "payments": paid,
        }
    for line in event["lines"]:
        yield head | line


def returned_by_hand(told: Iterable[History]) -> dict[tuple[str, str], int]:
    """Cents brought back by (source, receipt), worked out without any of our code."""
    back: dict[tuple[str, str], int] = defaultdict(int)
    for history in told:
        receipts = {e["external_id"]: e for e in history.events if not is_return(e)}
        left = {
            (key, line["line"]): [int(line["quantity"]), _cents(line["amount"])]
            for key, receipt in receipts.items()
            for line in receipt["lines"]
        }
        returns = sorted(
            filter(is_return, history.events), key=lambda e: (e["occurred_at"], e["external_id"])
        )
        for event in returns:
            key = event["receipt"]["external_id"]
            wanted = [((key, n["line"]), int(n["quantity"]), _cents(n["amount"])) for n in event["lines"]]
            if all(place in left and left[place][0] >= q and left[place][1] >= c for place, q, c in wanted):
                for place, quantity, cents in wanted:
                    left[place][0] -= quantity
                    left[place][1] -= cents
                    back[history.source, key] += cents
    return dict(back)


def _cents(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part)
