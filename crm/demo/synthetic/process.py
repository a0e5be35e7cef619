"""How synthetic customers buy.

When: BG/NBD (Fader, Hardie & Lee 2005, "Counting Your Customers" the Easy Way). A customer's purchases after
the first come at rate λ ~ Gamma(r, α) a day; after each of them the customer leaves for good with probability
p ~ Beta(a, b). How much: Gamma-Gamma (Fader & Hardie 2013): z ~ Gamma(p, ν), ν ~ Gamma(q, v).

α is not given but solved, so that the expected number of receipts is the wanted one: given λ, p and the days T
under observation, E[receipts] = 1 + (1 − e^(−λTp)) / p.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

DAY = 86_400
EVENT = np.dtype(
    [("at", "<u4"), ("customer", "<u4"), ("cents", "<u4"), ("discount", "<u4"), ("store", "<u2")]
)
HOME_SHARE = 0.85  # of a customer's receipts come from the home store
DISCOUNT_SHARE = 0.3  # of receipts carry a discount
LARGEST_DISCOUNT = 0.2
EARLY = 2.0  # first purchases crowd towards the beginning: (uniform)^EARLY of the period
MOST_REPEATS = 5_000  # of one customer; a guard against the far tail of λ
# Share of receipts by hour of the day, from midnight.
HOURS = np.array([0, 0, 0, 0, 0, 0, 1, 2, 4, 5, 6, 7, 8, 7, 6, 6, 7, 9, 11, 9, 6, 4, 2, 0], dtype=float)


@dataclass(frozen=True)
class Truth:
    """The population's parameters. α is in days."""

    r: float = 1.1
    alpha: float = 0.0
    a: float = 0.9
    b: float = 40.0
    spend_p: float = 6.25
    spend_q: float = 3.74
    spend_v: float = 15.44

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Block:
    """The truth about consecutive customers, and their receipts in no order."""

    rate: np.ndarray  # λ, a day
    leave: np.ndarray  # p
    spend: np.ndarray  # mean of a receipt, cents
    home: np.ndarray  # index of the home store
    first_day: np.ndarray
    is_alive: np.ndarray  # at the end of the period
    events: np.ndarray  # of EVENT; `customer` counts from the first customer of all


@dataclass(frozen=True)
class Plan:
    """What to draw: customers 0 … `customers` - 1, days 0 … `days` - 1. Blocks are drawn independently."""

    customers: int
    buyers: int
    days: int
    stores: int
    seed: int
    truth: Truth
    block: int = 25_000

    def blocks(self) -> int:
        return -(-self.customers // self.block)


def solve_alpha(truth: Truth, *, customers: int, receipts: float, days: int, seed: int) -> float:
    """α with which `customers` have `receipts` receipts on average. Bisection over one large sample."""
    rng = np.random.default_rng([seed, 1 << 30])
    sample = 100_000
    unit = rng.gamma(truth.r, 1, sample)
    leave = np.maximum(rng.beta(truth.a, truth.b, sample), 1e-9)
    observed = days - _first_days(rng, sample, days)
    low, high = 1e-6, 1e9
    for _ in range(100):
        alpha = (low * high) ** 0.5
        mean = 1 + float(np.mean(-np.expm1(-unit / alpha * observed * leave) / leave))
        low, high = (alpha, high) if mean * customers > receipts else (low, alpha)
    return (low * high) ** 0.5


def draw(plan: Plan, number: int) -> Block:
    """Block `number` of the plan; always the same for the same plan."""
    rng = np.random.default_rng([plan.seed, number])
    start = number * plan.block
    size = min(plan.block, plan.customers - start)
    truth = plan.truth
    rate = rng.gamma(truth.r, 1 / truth.alpha, size)
    leave = np.maximum(rng.beta(truth.a, truth.b, size), 1e-9)
    # ν ~ Gamma(q, rate v), z ~ Gamma(p, rate ν): the mean of z is p / ν
    spend = 100 * truth.spend_p / rng.gamma(truth.spend_q, 1 / truth.spend_v, size)
    home = np.minimum(plan.stores * rng.random(size) ** 1.5, plan.stores - 1).astype(np.int64)
    first_day = _first_days(rng, size, plan.days)
    buys = start + np.arange(size) < plan.buyers
    customer, day, left = _purchases(
        rng, rate=rate, leave=leave, first_day=first_day, days=plan.days, buys=buys
    )
    events = _events(rng, plan, customer=customer, day=day, spend=spend, home=home)
    events["customer"] += start
    return Block(rate, leave, spend, home, first_day, buys & ~left, events)


def _first_days(rng: np.random.Generator, size: int, days: int) -> Any:
    return np.minimum(days * rng.random(size) ** EARLY, days - 1).astype(np.int64)


def _purchases(
    rng: np.random.Generator, *, rate: Any, leave: Any, first_day: Any, days: int, buys: Any
) -> tuple[Any, Any, Any]:
    """(customer, day) of every purchase, and who has left. Given how many arrivals a Poisson process has in an
    interval, they are uniform in it; leaving after the G-th cuts off those behind it.
    """
    observed = days - first_day
    arrivals = np.minimum(rng.poisson(rate * observed), MOST_REPEATS) * buys
    stays = rng.geometric(leave)  # repeats until leaving
    who = np.repeat(np.arange(len(rate)), arrivals)
    # one sort: the whole part is the customer, the fraction where in the customer's interval it falls
    place = np.sort(who + rng.random(len(who)) * (1 - 1e-9))
    rank = np.arange(len(who)) - np.repeat(np.cumsum(arrivals) - arrivals, arrivals)
    kept = rank < stays[who]
    who, share = who[kept], (place - who)[kept]
    day = first_day[who] + (share * observed[who]).astype(np.int64)
    firsts = np.flatnonzero(buys)
    return np.concatenate([firsts, who]), np.concatenate([first_day[firsts], day]), stays <= arrivals


def _events(rng: np.random.Generator, plan: Plan, *, customer: Any, day: Any, spend: Any, home: Any) -> Any:
    size = len(customer)
    events = np.empty(size, EVENT)
    events["customer"] = customer
    events["at"] = day * DAY + time_of_day(rng, size)
    shape = plan.truth.spend_p
    cents = np.rint(rng.gamma(shape, spend[customer] / shape))
    events["cents"] = np.clip(cents, 1, 10_000_000)
    has_discount = rng.random(size) < DISCOUNT_SHARE
    events["discount"] = events["cents"] * rng.random(size) * LARGEST_DISCOUNT * has_discount
    away = rng.random(size) >= HOME_SHARE
    events["store"] = np.where(away, rng.integers(0, plan.stores, size), home[customer])
    return events


def time_of_day(rng: np.random.Generator, size: int) -> Any:
    """Seconds after midnight."""
    share = np.cumsum(HOURS) / HOURS.sum()
    hour = np.searchsorted(share, rng.random(size), side="right")
    return hour * 3600 + rng.integers(0, 3600, size)
