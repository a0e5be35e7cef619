"""The back-test of the model that serves, for `manage.py score_report`."""

from typing import Any

from segmentation.churn import risks


def report() -> dict[str, Any] | None:
    """None: no night has scored yet."""
    night = risks.serving()
    if night is None:
        return None
    model = night.model
    return {
        "night": night.night.on.isoformat(),
        "trained_on": model.trained_on.isoformat(),
        "horizon_days": model.horizon_days,
        "learnt_at": model.learnt_at,
        "calibrated_at": model.proved_on.isoformat(),
        "serves": model.serves,
        "means": {one.kind: one.means for one in risks.tested(model) if one.folds},
        "back_test": model.tested,
        "calibration": model.curve,
        "lift_by_decile": model.deciles,
        "customers": night.customers,
        "expected_to_leave": night.expected,
    }
