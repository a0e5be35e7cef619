"""How far the fit that serves came true, for `manage.py score_report`."""

from typing import Any

from segmentation import generations
from segmentation.models import LifetimeFit


def report() -> dict[str, Any] | None:
    """None: no night has fitted yet. `hold_out`: what was expected of the held-out days, and what came."""
    fit: LifetimeFit | None = generations.serving(LifetimeFit)
    if fit is None:
        return None
    return {
        "night": fit.night.on.isoformat(),
        "customers": fit.customers,
        "repeaters": fit.repeaters,
        "averages_because": fit.why or None,
        "bgnbd": {name: getattr(fit, name) for name in ("r", "alpha", "a", "b", "log_likelihood")},
        "gamma_gamma": {"p": fit.spend_p, "q": fit.spend_q, "v": fit.spend_v, "correlation": fit.correlation},
        "calibrated_until": fit.tracking.get("until"),
        "hold_out": _named(fit.tracking.get("holdout")),
    }


def _named(holdout: dict[str, Any] | None) -> dict[str, Any] | None:
    """The rows by the number of purchases before, with names."""
    if holdout is None:
        return None
    names = ("purchases_before", "customers", "actual", "expected")
    return holdout | {"by_count": [dict(zip(names, row, strict=True)) for row in holdout["by_count"]]}
