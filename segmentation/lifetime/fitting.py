"""Which model may speak: BG/NBD and Gamma-Gamma where the data carry them, else the chain's averages.

Averages are the fallback of a small or young chain: everybody's own rate and value, drawn towards those of the whole
chain. They know nothing of leaving, so there is no probability that somebody is still a customer. No model tells of a
span that is longer than the chain has been seen.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from segmentation.lifetime import HORIZONS, bgnbd, gammagamma, search, tracking
from segmentation.lifetime.bgnbd import Params
from segmentation.lifetime.gammagamma import Spending
from segmentation.lifetime.grouping import LEAST_REPEATERS, Crowd, Lives

LEAST_DAYS = 56  # seen; before that nobody can be missed
DRAWN = 1.0  # averages: the chain's mean weighs as much as so many purchases of one's own
MOST_CENTS = 10**13  # of one customer; a guard for the column


@dataclass(frozen=True)
class Fitted:
    """A night's fit, of the purchases up to `until`.

    `why`: the reason for averages, "" where BG/NBD speaks; `why_value` the same of Gamma-Gamma.

    `rate`: purchases a day, `value`: of a purchase, of the whole chain. `search` and `tracking` are for the page.
    """

    until: date
    customers: int
    repeaters: int
    days: int
    rate: float
    value: float
    params: Params | None = None
    spending: Spending | None = None
    why: str = ""
    why_value: str = ""
    histories: int = 0
    log_likelihood: float | None = None
    correlation: float | None = None
    search: dict[str, Any] = field(default_factory=dict)
    tracking: dict[str, Any] = field(default_factory=dict)

    @property
    def horizons(self) -> list[int]:
        """The spans that it may tell of."""
        return [days for days in HORIZONS if days <= self.days]


def fit(crowd: Crowd) -> Fitted | None:
    """None on the first day: nobody could have come again yet."""
    grouped = crowd.whole
    at_risk = int(grouped.T @ grouped.customers)
    if at_risk == 0:
        return None
    # Half a purchase more: where nobody has come again the next one is not impossible.
    rate = (int(grouped.x @ grouped.customers) + 0.5) / at_risk
    visits = int(crowd.visits.sum())
    value = float(crowd.cents.sum()) / 100 / visits if visits else 0.0
    found: dict[str, Any] = {"histories": len(grouped.x)}
    found |= _purchases(crowd) | _spending(crowd)
    return Fitted(crowd.until, crowd.customers, crowd.repeaters, crowd.days, rate, value, **found)


def _purchases(crowd: Crowd) -> dict[str, Any]:
    if crowd.repeaters < LEAST_REPEATERS:
        return {"why": "few"}
    if crowd.days < LEAST_DAYS:
        return {"why": "young"}
    found = search.fit(crowd.whole)
    told = {"search": found.search.as_dict(), "log_likelihood": found.log_likelihood}
    if not found.search.is_converged:
        return told | {"why": "limit" if found.search.at_limit else "unsettled"}
    return told | {"params": found.params, "tracking": tracking.tracked(crowd)}


def _spending(crowd: Crowd) -> dict[str, Any]:
    if len(crowd.visits) < LEAST_REPEATERS:
        return {"why_value": "few"}
    found = gammagamma.fit(crowd.visits, crowd.cents / (100 * crowd.visits))
    if found is None:
        return {"why_value": "same"}
    told: dict[str, Any] = {"correlation": found.correlation}
    if not found.is_converged:
        return told | {"why_value": "unsettled"}
    return told | {"spending": found.spending}


@dataclass(frozen=True)
class Predicted:
    """`alive`: thousandths, None by averages. By horizon: hundredths of purchases, and cents."""

    alive: Any
    purchases: dict[int, Any]
    cents: dict[int, Any]


def predict(fitted: Fitted, lives: Lives) -> Predicted:
    """What is expected of each, for the horizons that the fit may tell of."""
    x, tx, T = lives.x, lives.tx, lives.T
    each = _value_of_a_purchase(fitted, x + 1, lives.cents / (100 * (x + 1)))
    alive = None if fitted.params is None else bgnbd.probability_alive(fitted.params, x, tx, T)
    purchases, cents = {}, {}
    for days in fitted.horizons:
        expected = _expected(fitted, x, T, days) * (1 if alive is None else alive)
        purchases[days] = np.rint(100 * expected).astype(np.int64)
        cents[days] = np.minimum(np.rint(100 * expected * each), MOST_CENTS).astype(np.int64)
    return Predicted(None if alive is None else np.rint(1000 * alive).astype(np.int64), purchases, cents)


def _expected(fitted: Fitted, x: Any, T: Any, days: int) -> Any:
    """Purchases in the next days of somebody who is still a customer."""
    params = fitted.params
    if params is None:
        return days * (DRAWN + x) / (DRAWN / fitted.rate + T)
    return bgnbd.once_each(lambda x, T: bgnbd.expected_while_alive(params, x, T, days), x, T)


def _value_of_a_purchase(fitted: Fitted, visits: Any, mean: Any) -> Any:
    if fitted.spending is None:
        return (DRAWN * fitted.value + visits * mean) / (DRAWN + visits)
    return gammagamma.expected_value(fitted.spending, visits, mean)
