"""Gamma-Gamma: how much customers spend at a purchase.

Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, brucehardie.com/notes/025. What a customer spends at
each purchase varies around a mean of their own, z ~ Gamma(p, ν) with ν ~ Gamma(q, v), whatever their number of
purchases is. Of a customer counts: x purchases and their mean value m. x is the number of purchases *averaged*, not
that of repeat purchases. Values are in the chain's currency.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, psi

SAMPLE = 20_000
STARTS = ((6.0, 4.0), (1.5, 2.5), (20.0, 3.0))  # as (p, q); v follows from the mean
LOWEST, HIGHEST = np.log(1e-3), np.log(1e5)  # of the parameters, money in units of the mean value
EDGE = 0.01
STEEPEST = 1e-5


class Spending(NamedTuple):
    """v is in the chain's currency. The mean of all customers is p v / (q − 1), for q > 1."""

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        return self.p * self.v / (self.q - 1)


@dataclass(frozen=True)
class Found:
    """`is_converged`: the search ended inside the limits, and the population has a mean (q > 1)."""

    spending: Spending
    log_likelihood: float
    customers: int
    correlation: float  # of the number of purchases with their mean value; the model takes it for 0
    steepness: float
    is_converged: bool


class Likelihood:
    """The mean log-likelihood of a customer, equation (1a), and its gradient by the logarithms of p, q and v.

    ln f(m | x) = ln Γ(px+q) − ln Γ(px) − ln Γ(q) + q ln v + (px−1) ln m + px ln x − (px+q) ln(v + x m)
    The Γ are looked up by x. Money is in units of the mean value, so that no parameter is far from the others.
    """

    def __init__(self, x: Any, m: Any) -> None:
        self.scale = float(m.mean())
        self.total = len(x)
        self.x, m = x.astype(float), m / self.scale
        self.spent = self.x * m
        self.log_m = float(np.log(m).sum())
        self.x_log = float((self.x * np.log(self.spent)).sum())
        self.counts, self.by_count = (column.astype(float) for column in np.unique(x, return_counts=True))

    def __call__(self, logs: Any) -> tuple[float, Any]:
        """Minus the mean log-likelihood (money in units of `scale`), and its gradient."""
        p, q, v = np.exp(logs)
        n, px = self.by_count, p * self.counts
        log_all, power = np.log(v + self.spent), p * self.x + q
        total_log, total_x_log = float(log_all.sum()), float((self.x * log_all).sum())
        value = (
            n @ (gammaln(px + q) - gammaln(px) - gammaln(q)) + self.total * q * np.log(v)
            + p * self.x_log - self.log_m - p * total_x_log - q * total_log
        )  # fmt: skip
        both = psi(px + q)
        slopes = np.array(
            [
                n @ (self.counts * (both - psi(px))) + self.x_log - total_x_log,
                n @ (both - psi(q)) + self.total * np.log(v) - total_log,
                self.total * q / v - float((power / (v + self.spent)).sum()),
            ]
        )
        return -float(value) / self.total, -slopes * (p, q, v) / self.total

    def logs(self, spending: Spending) -> Any:
        return np.log(spending) - (0, 0, np.log(self.scale))

    def spending(self, logs: Any) -> Spending:
        p, q, v = np.exp(logs)
        return Spending(float(p), float(q), float(v * self.scale))

    def log_likelihood(self, logs: Any) -> float:
        return float(-self(logs)[0] * self.total - self.total * np.log(self.scale))


def fit(x: Any, m: Any) -> Found | None:
    """The parameters with the highest likelihood, of the customers with a purchase and a value above 0.

    None where there are fewer than two of them or all spend the same: there is nothing to tell then.
    """
    x, m = np.asarray(x), np.asarray(m, dtype=float)
    counts = (x > 0) & (m > 0)
    x, m = x[counts], m[counts]
    if len(x) < 2 or np.ptp(m) == 0:
        return None
    every = -(-len(x) // SAMPLE)
    whole, first = Likelihood(x, m), Likelihood(x[::every], m[::every])
    tries = [_descend(first, np.log((p, q, (q - 1) / p))) for p, q in STARTS]
    best = min(tries, key=lambda one: float(one.fun))
    end = _descend(whole, whole.logs(first.spending(best.x))) if every > 1 else best
    spending, steepness = whole.spending(end.x), float(np.abs(end.jac).max())
    inside = bool(np.all((end.x > LOWEST + EDGE) & (end.x < HIGHEST - EDGE)))
    is_converged = steepness <= STEEPEST and inside and spending.q > 1
    return Found(
        spending, whole.log_likelihood(end.x), whole.total, correlation(x, m), steepness, is_converged
    )


def _descend(likelihood: Likelihood, logs: Any) -> Any:
    return minimize(
        likelihood, np.clip(logs, LOWEST, HIGHEST), jac=True, method="L-BFGS-B", bounds=[(LOWEST, HIGHEST)] * 3,
        options={"gtol": STEEPEST / 10, "ftol": 1e-15, "maxiter": 500},
    )  # fmt: skip


def correlation(x: Any, m: Any) -> float:
    """Pearson's, of the number of purchases with their mean value; 0 where one of them does not vary."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(m) == 0:
        return 0.0
    return float(np.corrcoef(x, m)[0, 1])


def expected_value(spending: Spending, x: Any, m: Any) -> Any:
    """What a customer is expected to spend at a purchase, equation (5): p (v + x m) / (p x + q − 1).

    It lies between their own mean and that of all customers, nearer to their own the more purchases are known.
    """
    p, q, v = spending
    x = np.asarray(x, dtype=float)
    return p * (v + x * np.asarray(m, dtype=float)) / (p * x + q - 1)
