"""Finding the parameters: several starts on a sample of the customers, then all of them from the best one."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from segmentation.lifetime.bgnbd import Grouped, Likelihood, Params

SAMPLE = 20_000  # customers for the first look
# Shapes to start from, as (r, a, b); α follows from r so that the mean rate fits.
STARTS = ((1.0, 1.0, 3.0), (0.3, 0.8, 2.5), (2.0, 0.5, 20.0), (0.8, 3.0, 60.0))
LOWEST, HIGHEST = np.log(1e-4), np.log(1e4)  # of the parameters, times in units of the mean age
EDGE = 0.01  # in logarithms: so near to a limit is at it
STEEPEST = 1e-5  # gradient of the mean log-likelihood by the logarithms where the search may end
NAMES = ("r", "alpha", "a", "b")


@dataclass(frozen=True)
class Search:
    """How a search went.

    `agreeing`: of the `starts`, how many came to the best place. `steepness`: the largest entry of the gradient at the
    end, of those that did not run away (`at_limit`). `errors`: standard errors of the parameters.
    """

    starts: int
    agreeing: int
    evaluations: int
    steepness: float
    at_limit: tuple[str, ...]
    errors: tuple[float, ...]

    @property
    def is_converged(self) -> bool:
        """a and b may run away: then the same share leaves after each purchase, or nobody, and the model still holds.
        It does not where the rates themselves cannot be told.
        """
        return self.steepness <= STEEPEST and not {"r", "alpha"} & set(self.at_limit)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"at_limit": list(self.at_limit), "errors": list(self.errors)}


@dataclass(frozen=True)
class Found:
    """`log_likelihood` in days; `params.alpha` in days."""

    params: Params
    log_likelihood: float
    search: Search


def fit(data: Grouped) -> Found:
    """The parameters with the highest likelihood. Asks for one customer at least."""
    whole, first = Likelihood(data), Likelihood(data.sample(SAMPLE))
    tries = [_descend(first, _start(first, *shape)) for shape in STARTS]
    best = min(tries, key=lambda one: float(one.fun))
    agreeing = sum(bool(abs(one.fun - best.fun) <= 1e-6 * max(abs(best.fun), 1)) for one in tries)
    hessian = _hessian(first, best.x)
    end = _descend(whole, whole.logs(first.params(best.x)), hessian)
    inside = (end.x > LOWEST + EDGE) & (end.x < HIGHEST - EDGE)
    at_limit = tuple(name for name, is_inside in zip(NAMES, inside, strict=True) if not is_inside)
    steepness = float(np.abs(end.jac[inside]).max(initial=0))
    params = whole.params(end.x)
    spent = sum(one.nfev for one in tries) + end.nfev
    errors = () if at_limit else _errors(hessian * whole.total, params)
    search = Search(len(tries), agreeing, spent, steepness, at_limit, errors)
    return Found(params, whole.log_likelihood(end.x), search)


def _start(likelihood: Likelihood, r: float, a: float, b: float) -> Any:
    mean_rate = max(likelihood.repeats, 1) / max(float(likelihood.by_age @ likelihood.times), 1e-9)
    return np.clip(np.log((r, r / mean_rate, a, b)), LOWEST, HIGHEST)


def _descend(likelihood: Likelihood, logs: Any, hessian: Any = None) -> Any:
    """Towards the nearest best place. `hessian`: about how bent it is there, if that is known."""
    if hessian is not None and np.linalg.eigvalsh(hessian)[0] > 0:
        inverse = np.linalg.inv(hessian)
        inside = minimize(
            likelihood, logs, jac=True, method="BFGS",
            options={"gtol": STEEPEST / 10, "hess_inv0": (inverse + inverse.T) / 2, "maxiter": 100},
        )  # fmt: skip
        if np.all((inside.x > LOWEST) & (inside.x < HIGHEST)) and np.abs(inside.jac).max() <= STEEPEST:
            return inside
    return minimize(
        likelihood, logs, jac=True, method="L-BFGS-B", bounds=[(LOWEST, HIGHEST)] * len(logs),
        options={"gtol": STEEPEST / 10, "ftol": 1e-15, "maxiter": 500},
    )  # fmt: skip


def _hessian(likelihood: Likelihood, logs: Any, width: float = 1e-4) -> Any:
    """By central differences of the gradient."""
    rows = [
        (likelihood(logs + step)[1] - likelihood(logs - step)[1]) / (2 * width) for step in width * np.eye(4)
    ]
    return (np.array(rows) + np.array(rows).T) / 2


def _errors(information: Any, params: Params) -> tuple[float, ...]:
    """Standard errors from the information by the logarithms (delta method); () where it is not definite."""
    if np.linalg.eigvalsh(information)[0] <= 0:
        return ()
    spread = np.sqrt(np.diag(np.linalg.inv(information)))
    return tuple(float(error) for error in spread * np.array(params))
