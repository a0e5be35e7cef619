"""BG/NBD: how often customers will buy, and whether they still will.

Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, Marketing
Science 24(2), 275-284. While a customer stays, purchases come at a rate λ of their own, λ ~ Gamma(r, α); after each
one they leave for good with a probability p of their own, p ~ Beta(a, b). Of a customer counts: x repeat purchases
(one a day at most), t_x the day of the last one and T the last day looked at, both in days since the first purchase.
Equations are numbered as in the paper. All times are in days.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.special import expit, gammaln, hyp2f1, psi

NEAR_ONE = (
    1e-5  # (10) has a hole at a = 1; there a is moved aside by this much, which changes the fifth digit
)


class Params(NamedTuple):
    """The four parameters. α is in days: a rate of r / α purchases a day on average."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True)
class Grouped:
    """Histories that differ, rising by (x, t_x, T), each with the number of customers who have it. Integers."""

    x: Any
    tx: Any
    T: Any
    customers: Any

    @classmethod
    def of(cls, x: Any, tx: Any, T: Any, customers: Any = None) -> Self:
        """`customers`: how many have each of the rows; left out: one."""
        packed = np.asarray(x, np.int64) << 40 | np.asarray(tx, np.int64) << 20 | np.asarray(T, np.int64)
        if customers is None:
            keys, counts = np.unique(packed, return_counts=True)
        else:
            keys, place = np.unique(packed, return_inverse=True)
            counts = np.bincount(place, weights=customers, minlength=len(keys)).astype(np.int64)
        return cls(keys >> 40, keys >> 20 & 0xFFFFF, keys & 0xFFFFF, counts)

    def sample(self, most: int) -> Self:
        """Every n-th customer, so that about `most` are left. The same ones each time."""
        total = int(self.customers.sum())
        if total <= most:
            return self
        places = np.linspace(0, total - 1, most).astype(np.int64)
        rows, counts = np.unique(
            np.searchsorted(np.cumsum(self.customers), places, side="right"), return_counts=True
        )
        return type(self)(self.x[rows], self.tx[rows], self.T[rows], counts)


class Likelihood:
    """The mean log-likelihood of a customer and its gradient by the logarithms of the parameters.

    Equation (6) in logarithms: ln L = A1 + A2 + ln(e^A3 + [x > 0] e^A4)
        A1 = ln Γ(r+x) − ln Γ(r) + r ln α          A3 = −(r+x) ln(α+T)
        A2 = ln B(a, b+x) − ln B(a, b)             A4 = ln a − ln(b+x−1) − (r+x) ln(α+t_x)
    A1 and A2 are looked up by x and A3 by T; only ln(1 + e^(A4 − A3)) is worked out for each history of a buyer who
    came again. Times are in units of `scale` days, so that no parameter is far from the others.
    """

    def __init__(self, data: Grouped) -> None:
        self.scale = max(float(data.T @ data.customers) / max(int(data.customers.sum()), 1), 1.0)
        self.total = int(data.customers.sum())
        self.repeats = int(data.x @ data.customers)
        self.counts, self.place = np.unique(data.x, return_inverse=True)
        self.by_count = np.bincount(self.place, data.customers)
        days = int(data.T.max(initial=0)) + 1
        self.times = np.arange(days) / self.scale
        self.by_age = np.bincount(data.T, data.customers, days)
        self.repeats_by_age = np.bincount(data.T, data.customers * data.x, days)
        again = data.x > 0
        self.x, self.place = data.x[again].astype(float), self.place[again]
        self.tx, self.T = data.tx[again].astype(np.int32), data.T[again].astype(np.int32)
        self.weight = data.customers[again].astype(float)

    def __call__(self, logs: Any) -> tuple[float, Any]:
        """Minus the mean log-likelihood (times in `scale` days), and its gradient."""
        r, alpha, a, b = np.exp(logs)
        known, slopes = self._known(r, alpha, a, b)
        log_time, by_time = np.log(alpha + self.times), 1 / (alpha + self.times)
        leaving = np.log(a) - np.log(np.maximum(b + self.counts - 1, 1e-300))
        apart = log_time[self.T] - log_time[self.tx]
        power = r + self.x
        gap = leaving[self.place] + power * apart  # A4 − A3
        value = known + _dot(self.weight, np.logaddexp(0, gap))
        share = self.weight * expit(gap)
        by_count = np.bincount(self.place, share, len(self.counts))
        slopes += (
            _dot(share, apart),
            _dot(share, power * (by_time[self.T] - by_time[self.tx])),
            by_count.sum() / a,
            -by_count[self.counts > 0] @ (1 / (b + self.counts[self.counts > 0] - 1)),
        )
        return -value / self.total, -slopes * (r, alpha, a, b) / self.total

    def _known(self, r: float, alpha: float, a: float, b: float) -> tuple[float, Any]:
        """A1 + A2 + A3 of all customers, and its gradient."""
        x, n = self.counts, self.by_count
        a1 = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        a2 = gammaln(a + b) - gammaln(a + b + x) + gammaln(b + x) - gammaln(b)
        powers = r * self.by_age + self.repeats_by_age
        value = n @ (a1 + a2) - powers @ np.log(alpha + self.times)
        both = psi(a + b) - psi(a + b + x)
        slopes = np.array(
            [
                n @ (psi(r + x) - psi(r) + np.log(alpha)) - self.by_age @ np.log(alpha + self.times),
                self.total * r / alpha - powers @ (1 / (alpha + self.times)),
                n @ both,
                n @ (both + psi(b + x) - psi(b)),
            ]
        )
        return float(value), slopes

    def logs(self, params: Params) -> Any:
        """The parameters as they are searched for."""
        return np.log(params) - (0, np.log(self.scale), 0, 0)

    def params(self, logs: Any) -> Params:
        r, alpha, a, b = np.exp(logs)
        return Params(float(r), float(alpha * self.scale), float(a), float(b))

    def log_likelihood(self, logs: Any) -> float:
        """Of all customers, in days: in units of u days it is higher by (repeat purchases) · ln u."""
        return float(-self(logs)[0] * self.total - self.repeats * np.log(self.scale))


def _dot(one: Any, other: Any) -> float:
    """Without BLAS: for vectors its threads wait for each other longer than they work."""
    return float(np.einsum("i,i->", one, other))


def log_likelihood(params: Params, data: Grouped) -> float:
    """Of all customers, in days."""
    found = Likelihood(data)
    return found.log_likelihood(found.logs(params))


def probability_alive(params: Params, x: Any, tx: Any, T: Any) -> Any:
    """That a customer has not left by T (Fader, Hardie & Lee 2008, "Computing P(alive) using the BG/NBD model").

    1 / (1 + [x > 0] · a/(b+x−1) · ((α+T)/(α+t_x))^(r+x)); 1 for who never came again: one leaves after a repeat
    purchase only.
    """
    r, alpha, a, b = params
    x = np.asarray(x, dtype=float)
    odds = np.log(a) - np.log(np.maximum(b + x - 1, 1e-300))
    odds = odds + (r + x) * (np.log(alpha + np.asarray(T, float)) - np.log(alpha + np.asarray(tx, float)))
    return np.where(x > 0, expit(-odds), 1.0)


def expected_purchases(params: Params, x: Any, tx: Any, T: Any, days: float) -> Any:
    """Purchases (days with one) expected in the `days` after T, equation (10)."""
    return probability_alive(params, x, tx, T) * once_each(
        lambda x, T: expected_while_alive(params, x, T, days), x, T
    )


def once_each(call: Any, x: Any, T: Any) -> Any:
    """`call(x, T)` of integers, worked out once for each pair that differs."""
    x, T = np.broadcast_arrays(np.asarray(x, np.int64), np.asarray(T, np.int64))
    width = int(T.max(initial=0)) + 1
    keys = (x * width + T).ravel()
    size = (int(x.max(initial=0)) + 1) * width
    if size > max(
        4 * keys.size, 1 << 20
    ):  # few rows and wide numbers: a table of all pairs would be larger than they
        pairs, place = np.unique(keys, return_inverse=True)
        return call(pairs // width, pairs % width)[place].reshape(x.shape)
    is_there = np.zeros(size, dtype=bool)
    is_there[keys] = True
    pairs = np.flatnonzero(is_there)
    table = np.empty(size)
    table[pairs] = call(pairs // width, pairs % width)
    return table[keys].reshape(x.shape)


def expected_while_alive(params: Params, x: Any, T: Any, days: Any) -> Any:
    """Equation (10) without its denominator: purchases in the `days` after T of a customer who is there at T.

    (a+b+x−1)/(a−1) · [1 − ((α+T)/(α+T+t))^(r+x) ₂F₁(r+x, b+x; a+b+x−1; z)], z = t/(α+T+t). By Euler's transformation
    the bracket's product is (1−z)^(a−1) ₂F₁(a+b−1−r, a−1; a+b+x−1; z): its first two parameters do not grow with x, so
    it neither overflows nor takes long for somebody with hundreds of purchases. Where a is so large that this form is
    lost, the paper's own holds.
    """
    r, alpha, a, b = params
    if abs(a - 1) < NEAR_ONE:
        a = 1 + NEAR_ONE
    x, z = np.broadcast_arrays(np.asarray(x, dtype=float), days / (alpha + np.asarray(T, dtype=float) + days))
    with np.errstate(invalid="ignore", over="ignore"):
        kept = np.asarray((1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z))
    if (lost := ~np.isfinite(kept)).any():
        some, at = x[lost], z[lost]
        kept[lost] = (1 - at) ** (r + some) * hyp2f1(r + some, b + some, a + b + some - 1, at)
    return (a + b + x - 1) / (a - 1) * (1 - kept)


def expected_of_new(params: Params, days: Any) -> Any:
    """Repeat purchases of a new customer in their first `days`, equation (9): (10) with x = T = 0."""
    days = np.asarray(days, dtype=float)
    return expected_while_alive(params, np.zeros_like(days), 0.0, days)


def probability_of_no_purchase(params: Params, x: Any, tx: Any, T: Any, H: float) -> Any:
    """That a customer buys nothing in the H days after T: they have left, or they stay and it just does not happen.

    While they stay, λ ~ Gamma(r+x, α+T), so that nothing happens with ((α+T)/(α+T+H))^(r+x).
    """
    r, alpha, _a, _b = params
    at = alpha + np.asarray(T, dtype=float)
    silent = np.exp((r + np.asarray(x, float)) * np.log(at / (at + H)))
    return 1 - probability_alive(params, x, tx, T) * (1 - silent)


def probability_of_count(params: Params, most: int, days: Any) -> Any:
    """That a new customer has 0, 1, … `most` repeat purchases in their first `days`, equation (8).

    An array of (len(days), most + 1).
    """
    r, alpha, a, b = params
    days = np.atleast_1d(np.asarray(days, dtype=float))[:, None]
    x = np.arange(most + 1, dtype=float)[None, :]
    poisson = np.exp(
        gammaln(r + x) - gammaln(r) - gammaln(x + 1)
        + r * np.log(alpha / (alpha + days)) + x * np.log(np.maximum(days / (alpha + days), 1e-300))
    )  # fmt: skip
    fewer = np.cumsum(poisson, axis=1) - poisson
    stays = np.exp(gammaln(b + x) + gammaln(a + b) - gammaln(b) - gammaln(a + b + x))
    leaves = np.where(
        x > 0,
        np.exp(gammaln(a + 1) + gammaln(np.maximum(b + x - 1, 1e-300)) + gammaln(a + b) - gammaln(a) - gammaln(b)
               - gammaln(a + b + x)),
        0.0,
    )  # fmt: skip
    return stays * poisson + leaves * np.maximum(1 - fewer, 0)
