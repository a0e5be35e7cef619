"""What a replay comes to: sums that add up slice by slice, kept as JSON.

    {"receipts": 0, "customers": 0, "live": SIDE, "draft": SIDE, "months": {"2026-03": [live, draft]},
     "stores": {"12": PART}, "groups": {"champions": PART}, "tiers": {"silver>gold": 3}}

SIDE: {"issued": as earned, "kept": after what came back, "growth": growth points kept, "outstanding": not spent and not
ended now}. PART: [live, draft, winners, losers, unchanged], points kept and customers.

What members would have spent of other points nobody knows. Outstanding of a draft assumes that of each receipt's points
the same share is unspent as it is of the live ones; what has ended by the draft's rules has ended.
"""

from datetime import date, datetime
from typing import Any

import numpy as np

from loyalty import endings
from loyalty.accrual.loading import EPOCH
from loyalty.models import Ending
from loyalty.simulation import groups
from loyalty.simulation.drafts import DraftBook
from loyalty.simulation.replay import Replayed

SIDES = ("live", "draft")


def empty() -> dict[str, Any]:
    side = {"issued": 0, "kept": 0, "growth": 0, "outstanding": 0}
    return {
        "receipts": 0, "customers": 0, "live": dict(side), "draft": dict(side), "months": {}, "stores": {},
        "groups": {}, "tiers": {},
    }  # fmt: skip


def add(sums: dict[str, Any], found: Replayed, book: DraftBook, zones: dict[int, Any], at: datetime) -> None:
    """Add a slice: customers come in one slice only."""
    there = np.flatnonzero(found.is_counted)
    customer, store, live = found.customer[there], found.store[there], found.live["kept"][there]
    draft = found.kept[there]
    sums["receipts"] += len(there)
    sums["customers"] += len(np.unique(customer))
    standing = _standing(found, book, zones, at)[there]
    issued = ((found.live["points"][there], live, found.live["growth_kept"][there], found.live["left"][there]),
              (found.points[there], draft, found.growth_kept[there], standing))  # fmt: skip
    for name, columns in zip(SIDES, issued, strict=True):
        for key, column in zip(("issued", "kept", "growth", "outstanding"), columns, strict=True):
            sums[name][key] += int(column.sum())
    for month, part in _parts(_months(found.day[there])):
        pair = sums["months"].setdefault(f"{month // 12}-{month % 12 + 1:02}", [0, 0])
        pair[0] += int(live[part].sum())
        pair[1] += int(draft[part].sum())
    for code, part in _parts(store):
        _add_part(sums["stores"], str(code), customer[part], live[part], draft[part])
    code_of = groups.of(np.unique(customer).tolist())
    codes = np.array([code_of.get(pk, "") for pk in customer.tolist()], dtype=object).astype(str)
    for code, part in _parts(codes):
        _add_part(sums["groups"], str(code), customer[part], live[part], draft[part])


def _add_part(parts: dict[str, list[int]], key: str, customer: Any, live: Any, draft: Any) -> None:
    """Points, and how many customers have more, less, as much as before."""
    ids, place = np.unique(customer, return_inverse=True)
    change = np.zeros(len(ids), dtype=np.int64)
    np.add.at(change, place, draft - live)
    these = [int(live.sum()), int(draft.sum()), *(int(n) for n in ((change > 0).sum(), (change < 0).sum()))]
    these.append(len(ids) - these[2] - these[3])
    parts[key] = [a + b for a, b in zip(parts.get(key, [0] * 5), these, strict=True)]


def _parts(values: Any) -> list[tuple[Any, Any]]:
    return [(value, np.flatnonzero(values == value)) for value in np.unique(values).tolist()]


def _months(day: Any) -> Any:
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12


def _standing(found: Replayed, book: DraftBook, zones: dict[int, Any], at: datetime) -> Any:
    """What of the draft's points is neither spent nor ended."""
    live, kept = found.live, found.kept
    there = live["kept"] > 0
    unspent = np.where(there, live["left"] + live["expired"], 1)
    whole = np.where(there, live["kept"], 1)
    left = np.where(there, np.minimum(kept, -(-kept * unspent // whole)), kept)
    over: dict[tuple[int, int], bool] = {}
    for place, key in enumerate(zip(found.day.tolist(), found.store.tolist(), strict=True)):
        if key not in over:
            over[key] = _is_over(book, date.fromordinal(EPOCH + key[0]), zones[key[1]], at)
        if over[key]:
            left[place] = 0
    return left


def _is_over(book: DraftBook, on: date, zone: Any, at: datetime) -> bool:
    """Whether points of a day have ended. Those that live by activity count as alive."""
    rules = book.on(on)
    if rules is None or rules.programme.ending == Ending.ACTIVITY:
        return False
    ends = endings.expires_at(rules.programme.ending, rules.programme.ending_count, on, zone)
    return ends is not None and ends <= at
