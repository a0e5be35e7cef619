"""The BG/NBD model, as far as a baseline needs it: Fader, Hardie & Lee 2005, "Counting Your Customers the Easy Way".

Purchases come at a rate of each customer's own (gamma r, α); after each the customer leaves with a probability of their
own (beta a, b). x: repeat purchases; tx: when the last was; T: how long they have been here. Times in days.
"""

from typing import Any

import numpy as np

SAMPLE = 20_000  # customers that the fit looks at
SCALE = 7.0  # the fit works in weeks, where its numbers are near 1
LEAST = 1e-3


def fitted(x: Any, tx: Any, t: Any) -> tuple[float, float, float, float]:
    """r, α (days), a, b by maximum likelihood, on evenly taken customers."""
    from scipy.optimize import minimize

    step = max(1, len(x) // SAMPLE)
    told = np.stack([x[::step], tx[::step] / SCALE, t[::step] / SCALE]).astype(np.float64)
    rows, counts = np.unique(told, axis=1, return_counts=True)
    loss = lambda logs: -float(np.average(_likelihood(np.exp(logs), *rows), weights=counts))  # noqa: E731
    found = minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=[(-6.0, 6.0)] * 4)
    r, alpha, a, b = np.exp(found.x)
    return float(r), float(alpha * SCALE), float(a), float(b)


def _likelihood(params: Any, x: Any, tx: Any, t: Any) -> Any:
    """Log-likelihood of each customer: equation (6) of the paper, in its form that does not overflow."""
    from scipy.special import betaln, gammaln

    r, alpha, a, b = params
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    alive = -(r + x) * np.log(alpha + t)
    gone = np.where(
        x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + tx), -np.inf
    )
    return shared + np.logaddexp(alive, gone)


def probability_of_no_purchase(params: Any, x: Any, tx: Any, t: Any, horizon: float) -> Any:
    """That nothing is bought within the horizon: gone already, or alive and silent.

    Alive with probability 1 ÷ (1 + a ÷ (b + x − 1) · ((α + T) ÷ (α + tx))^(r + x)), 1 without a repeat purchase.
    Whoever lives is silent with ((α + T) ÷ (α + T + H))^(r + x), the rate being gamma (r + x, α + T).
    """
    r, alpha, a, b = params
    odds = np.exp(np.minimum((r + x) * np.log((alpha + t) / (alpha + tx)), 700.0))
    gone = np.where(x > 0, a / np.maximum(b + x - 1, LEAST) * odds, 0)
    silent = ((alpha + t) / (alpha + t + horizon)) ** (r + x)
    return 1 - (1 - silent) / (1 + gone)
