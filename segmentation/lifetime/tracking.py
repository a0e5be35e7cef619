"""Does what the model expects come? It is fitted on what was known some time ago and compared with what followed.

As in section 5 of Fader, Hardie & Lee (2005): repeat purchases of the people known at the end of the calibration, week
by week, before and after it; and of the held-out time the mean purchases by how many somebody had before.
"""

from datetime import date, timedelta
from typing import Any

import numpy as np

from segmentation.lifetime import bgnbd, search
from segmentation.lifetime.bgnbd import Params
from segmentation.lifetime.grouping import LEAST_REPEATERS, Crowd, Held

EPOCH = date(1970, 1, 1)
MOST = 7  # repeat purchases told apart; the last one stands for itself and all above


def tracked(crowd: Crowd) -> dict[str, Any]:
    """For the page, as JSON; {} where too little can be held out or the earlier time carries no fit."""
    held = crowd.held
    if held is None or int(held.known.customers[held.known.x > 0].sum()) < LEAST_REPEATERS:
        return {}
    found = search.fit(held.known)
    if not found.search.is_converged:
        return {}
    weeks = by_week(crowd, held, found.params)
    return {
        "until": _day(held.until),
        "customers": int(held.known.customers.sum()),
        "params": list(found.params),
        "weeks": weeks,
        "holdout": holdout(held, found.params, crowd.on - held.until),
        "counts": by_count(held, found.params),
    }


def by_week(crowd: Crowd, held: Held, params: Params) -> list[list[Any]]:
    """[last day, repeat purchases, expected ones] of each week up to the night's date; the calibration ends a week."""
    days = np.arange(crowd.days)
    reach = bgnbd.expected_of_new(params, days)  # of one customer, by days since the first purchase
    expected = np.convolve(held.arrivals, reach)[: len(days)]  # sums up to each day
    actual = np.cumsum(held.repeats)
    ends = np.arange((crowd.days - 1) % 7, crowd.days, 7)
    rows = zip(ends, np.diff(actual[ends], prepend=0), np.diff(expected[ends], prepend=0), strict=True)
    return [[_day(crowd.begins + int(end)), int(n), round(float(m), 2)] for end, n, m in rows]


def holdout(held: Held, params: Params, days: int) -> dict[str, Any]:
    """What was expected of the people of the calibration in the held-out days, and what came."""
    known = held.known
    expected = bgnbd.expected_purchases(params, known.x, known.tx, known.T, days) * known.customers
    place = np.minimum(known.x, MOST)
    people = np.bincount(place, known.customers, MOST + 1)
    due = np.bincount(place, expected, MOST + 1)
    came = np.bincount(np.minimum(np.arange(len(held.later)), MOST), held.later, MOST + 1)
    rows = [
        [x, int(n), round(float(c), 2), round(float(d), 2)]
        for x, (n, c, d) in enumerate(zip(people, came, due, strict=True))
        if n
    ]
    return {"days": days, "actual": int(came.sum()), "expected": round(float(due.sum()), 2), "by_count": rows}


def by_count(held: Held, params: Params) -> list[list[Any]]:
    """[repeat purchases, customers, customers expected] in the calibration."""
    known = held.known
    ages, place = np.unique(known.T, return_inverse=True)
    chances = bgnbd.probability_of_count(params, MOST - 1, ages)
    expected = np.bincount(place, known.customers, len(ages)) @ chances
    expected = np.append(expected, known.customers.sum() - expected.sum())
    people = np.bincount(np.minimum(known.x, MOST), known.customers, MOST + 1)
    return [[x, int(n), round(float(m), 1)] for x, (n, m) in enumerate(zip(people, expected, strict=True))]


def _day(number: int) -> str:
    return (EPOCH + timedelta(days=int(number))).isoformat()
