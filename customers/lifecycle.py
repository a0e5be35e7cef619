"""The lifecycle step of the night (C9): find who changed stage, date the change, write the spells.

A night writes only about the days since the night before (`NightRun.writes_from`): what earlier nights told stays told.
Who may have changed is seen from the states alone; only for these customers the dates of purchases are looked up, so
that a night which follows skipped ones writes the same spells as if none had been skipped.
"""

from datetime import date
from typing import Any

import numpy as np
from django.db import connection

from crm.jobs.claim import StepProgress
from crm.lib import spells
from crm.lib.arrays import array_text
from crm.lib.copy import DATE, INT2, INT4, INT8, read_packed
from crm.lib.sidebyside import side_by_side
from crm.lib.spells import IDS, day_number
from crm.lib.statements import Statement
from crm.org.models import Chain
from customers import lives
from customers.lives import NEVER, STILL, Spells
from customers.models import Stage
from customers.nightrun import NightRun

TABLE = "customers_lifecycle"
CHUNK = 20_000
_WRITTEN = {"customer_id": INT8, "night_id": INT4, "stage": INT2, "began_on": DATE}
_WRITTEN_ENDED = _WRITTEN | {"ended_on": DATE, "ended_night": INT4}

# Two numbers travel in one: a home store takes 24 bits, a stage 4.
_CUSTOMERS = """
SELECT id * 16777216 + coalesce(home_store_id, 0)
FROM customers_customer
WHERE merged_into_id IS NULL AND erased_at IS NULL AND id >= %(low)s AND id < %(high)s
"""
_SINCE = """
SELECT id, (coalesce(enrolled_at, created_at) AT TIME ZONE %(zone)s)::date
FROM customers_customer WHERE id = ANY(%(ids)s)
"""
_OPEN = """
SELECT customer_id * 16 + stage FROM customers_lifecycle
WHERE ended_night IS NULL AND customer_id >= %(low)s AND customer_id < %(high)s
"""
_RUNS = """
SELECT customer_id, business_date, coalesce(before_on, DATE '1970-01-01'), last_on
FROM (SELECT customer_id, business_date,
             lag(business_date) OVER (PARTITION BY customer_id ORDER BY business_date) AS before_on,
             max(business_date) OVER (PARTITION BY customer_id) AS last_on
      FROM customers_purchase
      WHERE (returned = 0 OR returned < amount) AND business_date <= %(on)s AND customer_id = ANY(%(ids)s)) AS dated
WHERE before_on IS NULL OR business_date - before_on > %(dormant_days)s
"""
_RUN_TYPES = {"customer_id": INT8, "began_on": DATE, "before_on": DATE, "last_on": DATE}
_example = {"zone": "UTC", "low": 1, "high": 250_001, "on": date(2026, 3, 10), "ids": IDS, "dormant_days": 60}
STATEMENTS = [
    Statement("lifecycle.customers", _CUSTOMERS, _example),
    Statement("lifecycle.since", _SINCE, _example),
    Statement("lifecycle.open", _OPEN, _example),
    Statement("lifecycle.runs", _RUNS, _example),
    *spells.statements(TABLE, is_dated=True),
]


def customers_of(night_run: NightRun, number: int) -> dict[str, Any]:
    """Living customers of a slice, ordered by id: `id`, `home_store` (0: none)."""

    def load(number: int) -> dict[str, Any]:
        with connection.cursor() as cursor:
            packed = _read_sorted(cursor, _CUSTOMERS, *night_run.ranges[number])
        return {"id": packed >> 24, "home_store": packed & 0xFFFFFF}

    return night_run.columns.fetch("customers", number, load)


def step(night_run: NightRun, progress: StepProgress) -> None:
    """Bring every customer's spells up to the night's date."""

    def bring_up(number: int) -> tuple[int, int]:
        people, states = customers_of(night_run, number), night_run.states(number)
        with night_run.claim.part("lifecycle", number), connection.cursor() as cursor:
            return len(people["id"]), _bring_up(cursor, night_run, number, people, states)

    numbers = range(len(night_run.ranges))
    left = [number for number in numbers if not night_run.claim.is_part_done("lifecycle", number)]
    for looked_at, changed in side_by_side(bring_up, left):
        progress.counts["changed"] = progress.counts.get("changed", 0) + changed
        progress.advance(looked_at)


def take_back(night: int) -> None:
    with connection.cursor() as cursor:
        spells.take_back(cursor, TABLE, night, is_dated=True)


def _bring_up(cursor: Any, night_run: NightRun, number: int, people: Any, states: Any) -> int:
    opened = _open_spells(cursor, *night_run.ranges[number])
    floor = night_run.writes_from
    first_day = None if floor is None else day_number(floor)
    ids = _candidates(night_run, first_day, people, states, opened)
    found = _spells_of(cursor, night_run, ids, states)
    new, closed, ended = _since(found, first_day, ids, opened)
    gone = np.setdiff1d(opened["customer_id"], people["id"], assume_unique=True)  # merged away or erased
    closed = np.concatenate([closed, gone])
    ended = np.concatenate([ended, np.full(len(gone), first_day or day_number(night_run.on))])
    spells.close_dated(cursor, TABLE, closed, night_run.night.pk, ended)
    _write(cursor, night_run.night.pk, new)
    return len(np.unique(np.concatenate([closed, new.customer])))


def _open_spells(cursor: Any, low: int, high: int) -> dict[str, Any]:
    """The stages of the open spells of a slice, ordered by customer."""
    packed = _read_sorted(cursor, _OPEN, low, high)
    return {"customer_id": packed >> 4, "stage": packed & 15}


def _read_sorted(cursor: Any, query: str, low: int, high: int) -> Any:
    return np.sort(read_packed(cursor, query, {"packed": INT8}, {"low": low, "high": high})["packed"])


def _candidates(night_run: NightRun, first_day: int | None, people: Any, states: Any, opened: Any) -> Any:
    """Customers whose open spell may not be the right one any more, or who have none."""
    day = day_number(night_run.on)
    ids = people["id"]
    stage = np.full(len(ids), Stage.POTENTIAL.value, dtype=np.int16)
    began = np.zeros(len(ids), dtype=np.int64)
    last = np.zeros(len(ids), dtype=np.int64)
    here, there = _matched(ids, states["customer_id"])
    stage[here], began[here] = (
        values[there] for values in lives.stages_on(day, night_run.night.rules, states)
    )
    last[here] = states["last_on"][there]
    was, known = np.zeros(len(ids), dtype=np.int16), np.zeros(len(ids), dtype=bool)
    here, there = _matched(ids, opened["customer_id"])
    was[here], known[here] = opened["stage"][there], True
    differs = ~known | (was != stage)
    if first_day is not None:
        anew = (stage != Stage.POTENTIAL) & (began >= first_day)  # the same stage, but another spell of it
        if day > first_day:  # nights were skipped: somebody may have left the stage and come back
            anew |= last >= first_day
        differs |= anew
    return ids[differs]


def _spells_of(cursor: Any, night_run: NightRun, ids: Any, states: Any) -> Spells:
    """The whole lives of these customers.

    Purchases that came in since the states were computed are in it. So nothing here may rest on the states: a life must
    agree with itself, and the next night brings the states up to it.
    """
    day, rules = day_number(night_run.on), night_run.night.rules
    since = _enrolled(cursor, ids)
    here, there = _matched(ids, states["customer_id"])
    buyers = ids[here][states["last_on"][there] != NEVER]
    has_life, parts = np.zeros(len(ids), dtype=bool), []
    for start in range(0, len(buyers), CHUNK):
        ids_text = array_text(buyers[start : start + CHUNK])
        values = {"on": night_run.on, "ids": ids_text, "dormant_days": rules.dormant_days}
        runs = read_packed(cursor, _RUNS, _RUN_TYPES, values)
        order = np.lexsort((runs["began_on"], runs["customer_id"]))
        runs = {name: column[order] for name, column in runs.items()}
        place = np.searchsorted(ids, runs["customer_id"])
        has_life[place] = True
        parts.append(lives.lives(day, rules, runs, since[place]))
    return lives.joined(lives.without_purchases(day, ids[~has_life], since[~has_life]), *parts)


def _enrolled(cursor: Any, ids: Any) -> Any:
    """The day of enrolment (else of the record) of each customer, in the chain's zone."""
    values = {"zone": Chain.current().timezone, "ids": array_text(ids)}
    found = read_packed(cursor, _SINCE, {"id": INT8, "since": DATE}, values)
    since = np.zeros(len(ids), dtype=np.int64)
    since[np.searchsorted(ids, found["id"])] = found["since"]
    return since


def _since(found: Spells, first_day: int | None, ids: Any, opened: Any) -> tuple[Spells, Any, Any]:
    """What to write of the lives found: new spells, and which open spells end when.

    Of a customer with an open spell only the days from `first_day` on are written; a life that merely goes on in the
    open spell's stage adds nothing.
    """
    here, there = _matched(found.customer, opened["customer_id"])
    was = np.zeros(len(found.customer), dtype=np.int64)
    was[here] = opened["stage"][there]
    known = was != 0
    if first_day is None:
        first_day = NEVER
    late = found.of(~known | (found.ended > first_day))
    was, known = (column[~known | (found.ended > first_day)] for column in (was, known))
    began = np.where(known, np.maximum(late.began, first_day), late.began)
    is_first = np.append(True, late.customer[1:] != late.customer[:-1])[: len(began)]
    goes_on = known & is_first & (late.stage == was) & (late.began <= first_day)
    late = Spells(late.customer, late.stage, began, late.ended)
    # The open spell ends where the first spell that is not its own continuation begins.
    new = late.of(~goes_on)
    heads = np.append(True, new.customer[1:] != new.customer[:-1])[: len(new.customer)] & known[~goes_on]
    return new, new.customer[heads], new.began[heads]


def _write(cursor: Any, night: int, new: Spells) -> None:
    still = new.ended == STILL
    for rows, types in ((new.of(still), _WRITTEN), (new.of(~still), _WRITTEN_ENDED)):
        n = np.full(len(rows.customer), night)
        values = {"customer_id": rows.customer, "night_id": n, "stage": rows.stage, "began_on": rows.began}
        spells.write(cursor, TABLE, types, values | {"ended_on": rows.ended, "ended_night": n})


def _matched(left: Any, right: Any) -> tuple[Any, Any]:
    """Places of equal values: `left[here] == right[there]`. `right` is sorted and has every value once."""
    if len(right) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    place = np.minimum(np.searchsorted(right, left), len(right) - 1)
    here = np.flatnonzero(right[place] == left)
    return here, place[here]
