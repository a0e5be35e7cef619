"""The plain facts of two customers: what the survivor will have, and why. Pure rules over JSON values by column.

| rule | holds for |
|---|---|
| a person's choice | whatever the person who merges decided |
| the earlier one | member since, first seen |
| enrolled if either is | `is_stub` |
| with the first sight | the home store of two whom only receipts named |
| an enrolled one's word | the home store, where only the loser is enrolled |
| own value kept, blank filled | everything else, each custom field for itself |

The columns are those of the model, so a column that is added takes part (by the last rule).
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from customers.models import Customer

Facts = dict[str, Any]

_NO_FACTS = frozenset({"id", "merged_into_id", "erased_at", "created_at", "updated_at"})
EARLIER = ("enrolled_at", "first_seen_at")
SIGHT = ("first_seen_at", "home_store_id")
CUSTOM = "custom"
PREFIX = "custom."  # custom.shoe_size: one custom field
SURVIVOR, LOSER = "survivor", "loser"
BLANKS: tuple[Any, ...] = (None, "", [], {})


class Why(Enum):
    """Why the survivor has a value."""

    SAME = "same"  # both had it
    OWN = "own"  # theirs was kept
    FILLED = "filled"  # theirs was blank
    EARLIER = "earlier"
    CHOSEN = "chosen"
    ENROLLED = "enrolled"  # told at the enrolment, over what receipts alone had told


def columns() -> list[str]:
    """The columns of a customer that are facts."""
    return [str(f.column) for f in Customer._meta.concrete_fields if f.column not in _NO_FACTS]


def read(cur: Any, customer_ids: Iterable[int]) -> dict[int, Facts]:
    """The facts of these customers, custom fields one by one."""
    cur.execute("SELECT id, to_jsonb(c) FROM customers_customer c WHERE id = ANY(%s)", [list(customer_ids)])
    wanted = columns()
    return {pk: spread({name: row[name] for name in wanted}) for pk, row in cur.fetchall()}


def write(cur: Any, customer_id: int, before: Facts, after: Facts) -> None:
    """Write what differs. `updated_at` is the caller's."""
    if before == after:
        return
    row = gathered(after)
    changed = sorted(name for name, value in row.items() if gathered(before).get(name) != value)
    listed = ", ".join(f'"{name}"' for name in changed)
    cur.execute(
        f"UPDATE customers_customer SET ({listed}) = (SELECT {listed} "  # noqa: S608  our own columns
        "FROM jsonb_populate_record(NULL::customers_customer, %s::jsonb)) WHERE id = %s",
        [json.dumps({name: row[name] for name in changed}), customer_id],
    )


def spread(row: Facts) -> Facts:
    """{"custom": {"shoe": 42}} as {"custom.shoe": 42}."""
    values = row.get(CUSTOM) or {}
    return {k: v for k, v in row.items() if k != CUSTOM} | {f"{PREFIX}{k}": v for k, v in values.items()}


def gathered(facts: Facts) -> Facts:
    """The reverse of `spread`."""
    row = {name: value for name, value in facts.items() if not name.startswith(PREFIX)}
    if CUSTOM in columns():
        row[CUSTOM] = {k.removeprefix(PREFIX): v for k, v in facts.items() if k.startswith(PREFIX)}
    return row


def united(mine: Facts, theirs: Facts, choices: Mapping[str, str]) -> dict[str, tuple[Any, Why]]:
    """By field: what the survivor (`mine`) will have, and why."""
    found = {name: _one(name, mine, theirs, choices) for name in mine | theirs}
    return {name: one for name, one in found.items() if name in mine or one[0] is not None}


def after(mine: Facts, theirs: Facts, choices: Mapping[str, str]) -> Facts:
    return {name: value for name, (value, _why) in united(mine, theirs, choices).items()}


def _one(name: str, mine: Facts, theirs: Facts, choices: Mapping[str, str]) -> tuple[Any, Why]:
    own, other = mine.get(name), theirs.get(name)
    if own == other:
        return own, Why.SAME
    if name in EARLIER:
        return _earlier(own, other)
    if name in choices:
        return (other if choices[name] == LOSER else own), Why.CHOSEN
    if mine.get("is_stub") and name in ("is_stub", "home_store_id"):
        return _of_a_stub(name, mine, theirs)
    is_filled = own in BLANKS and other not in BLANKS
    return (other, Why.FILLED) if is_filled else (own, Why.OWN)


def _earlier(own: Any, other: Any) -> tuple[Any, Why]:
    if own is None or (other is not None and moment(other) < moment(own)):
        return other, Why.EARLIER if own is not None else Why.FILLED
    return own, Why.OWN


def _of_a_stub(name: str, mine: Facts, theirs: Facts) -> tuple[Any, Why]:
    """`is_stub` and the home store of somebody whom only receipts have named; the two have different ones."""
    own, other = mine.get(name), theirs.get(name)
    if other is None:
        return own, Why.OWN
    if not theirs.get("is_stub"):
        return other, Why.ENROLLED
    if own is None:
        return other, Why.FILLED
    _value, why = _earlier(mine.get("first_seen_at"), theirs.get("first_seen_at"))
    return (own, why) if why is Why.OWN else (other, why)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def followed(was: Facts, now: Facts, seen: Facts) -> Facts:
    """`seen`, where what came before it is no longer `was` but `now`: fields that were edited in between stay."""
    moved = dict(seen)
    for name in was.keys() | now.keys():
        is_edited = (name in seen, seen.get(name)) != (name in was, was.get(name))
        if not is_edited and name in now:
            moved[name] = now[name]
        elif not is_edited:
            moved.pop(name, None)
    return moved
