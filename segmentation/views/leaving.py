"""Who is leaving: the model that serves and how good it was, and how many are likely to leave."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.org.permissions import Permission
from crm.ui import words
from crm.ui.views import StaffView
from segmentation.churn import risks
from segmentation.churn.catalogue import CANDIDATES, FEATURES, REASONS
from segmentation.churn.risks import BINS, LIKELY, Spread, Tested
from segmentation.models import ChurnModel, ChurnNight
from segmentation.views.base import tabs
from segmentation.views.scope import whole_chain

NOTABLE, OTHER, FEWEST = 0.1, 0.25, 1_000  # of drift (segmentation/churn/drift.py)
DRIFTED = 8  # features, and reasons, that the page names
_NAMES = {feature.code: feature.name for feature in FEATURES}


class Leaving(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        night = risks.serving()
        context: dict[str, Any] = {
            "scored": night,
            "tabs": tabs(self, "leaving"),
            "title": _("Segments"),
            "people": reverse("segmentation:leaving-people"),
            "whole": whole_chain(self.staff),
        }
        if night is not None:
            context |= told(night, risks.spread(self.staff, night)) | quality(night.model)
        return self.render("segmentation/leaving.html", context)


def told(night: ChurnNight, spread: Spread) -> dict[str, Any]:
    """What the night found among the viewer's customers."""
    likely = sum(spread.histogram[int(LIKELY * BINS) :])
    weights = sorted(night.weights.items(), key=lambda item: -item[1])[:DRIFTED]
    return {
        "spread": spread,
        "likely": likely,
        "spread_chart": {
            "labels": [f"{100 * place // BINS}–{100 * (place + 1) // BINS}%" for place in range(BINS)],
            "series": [{"name": _("Customers"), "values": spread.histogram}],
        },
        "weights": [
            (REASONS[code].name, words.number(100 * each, 1))
            for code, each in weights
            if code in REASONS and each
        ],
        "drift": [(_NAMES[code], psi, _tone(psi, night.customers)) for code, psi in _largest(night.drift)],
    }


def _largest(drift: dict[str, float]) -> list[tuple[str, float]]:
    known = [(code, psi) for code, psi in drift.items() if code in _NAMES]
    return sorted(known, key=lambda item: -item[1])[:DRIFTED]


def _tone(psi: float, customers: int) -> tuple[Any, str]:
    if customers < FEWEST:
        return _("too few to tell"), ""
    if psi >= OTHER:
        return _("other people than then"), "alert"
    return (_("has moved"), "warn") if psi >= NOTABLE else (_("as then"), "good")


def quality(model: ChurnModel) -> dict[str, Any]:
    """How the candidates did on past days, and the serving one's calibration and lift."""
    tested = risks.tested(model)
    days = sorted({fold["on"] for one in tested for fold in one.folds}, reverse=True)
    by_day = [(one, [_on(one, day) for day in days]) for one in tested]
    return {
        "model": model,
        "why": why(tested),
        "tested": by_day,
        "days": [date.fromisoformat(day) for day in days],
        "curve_chart": {
            "labels": [words.percent(part["told"], 0) for part in model.curve],
            "percent": True,
            "series": [
                {"name": _("came true"), "values": [part["true"] for part in model.curve]},
                {"name": _("was told"), "values": [part["told"] for part in model.curve]},
            ],
        },
        "lift_chart": {
            "labels": [str(place) for place in range(1, len(model.deciles) + 1)],
            "series": [{"name": _("Lift"), "values": model.deciles}],
        },
        "models": [(one, CANDIDATES.get(one.serves, one.serves), _means(one)) for one in risks.models()],
    }


def _on(one: Tested, day: str) -> dict[str, Any]:
    """Its figures of that day."""
    return next((fold for fold in one.folds if fold["on"] == day), {})


def _means(model: ChurnModel) -> dict[str, float | None]:
    return risks.tested(model)[0].means


def why(tested: list[Tested]) -> str:
    """Which candidate serves, and why."""
    first, *others = tested
    score, days = first.means["brier"], len(first.folds)
    if score is None:
        return _("%(name)s: too little has come true yet for a back-test.") % {"name": first.name}
    said = {"name": first.name, "score": words.number(score, 4), "days": words.number(days)}
    beaten = [one for one in others if one.means["brier"] is not None]
    if not beaten:
        return (
            ngettext(
                "%(name)s: on %(days)s past day its Brier score was %(score)s.",
                "%(name)s: over %(days)s past days its Brier score was %(score)s.",
                days,
            )
            % said
        )
    said |= {"next": beaten[0].name, "other": words.number(beaten[0].means["brier"], 4)}
    return ngettext(
        "%(name)s: on %(days)s past day its Brier score was lowest, %(score)s; then comes “%(next)s”, %(other)s.",
        "%(name)s: over %(days)s past days its Brier score was lowest, %(score)s; then comes “%(next)s”, %(other)s.",
        days,
    ) % said  # fmt: skip
