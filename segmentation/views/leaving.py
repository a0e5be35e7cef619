"""Who is leaving: the model that serves and how good it was, and how many are likely to leave."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.org.permissions import Permission
from crm.org.scope import Viewer
from crm.ui import words
from crm.ui.views import StaffView
from customers.views.listing import COUNTED
from segmentation.churn import risks
from segmentation.churn.catalogue import CANDIDATES, FEATURES, REASONS
from segmentation.churn.risks import BINS, LIKELY, Spread, Tested
from segmentation.models import ChurnModel, ChurnNight
from segmentation.views.base import tabs
from segmentation.views.scope import StoreFilter, whole_chain

NOTABLE, OTHER, FEWEST = 0.1, 0.25, 1_000  # of drift (segmentation/churn/drift.py)
DRIFTED = 8  # features, and reasons, that the page names
_NAMES = {feature.code: feature.name for feature in FEATURES}


class Leaving(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        night, form = risks.serving(), StoreFilter(request.GET, self.staff)
        everybody, query = reverse("segmentation:leaving-people"), request.GET.urlencode()
        context: dict[str, Any] = {
            "scored": night, "form": form, "tabs": tabs(self, "leaving"), "title": _("Segments"),
            "everybody": everybody, "people": f"{everybody}?{query}" if query else everybody,
            "whole": whole_chain(form.viewer),
        }  # fmt: skip
        if night is not None:
            spread = risks.spread(form.viewer, night)
            context |= told(night, spread, likely(form.viewer, night, spread)) | quality(night.model)
        return self.render("segmentation/leaving.html", context)


def likely(viewer: Viewer, night: ChurnNight, spread: Spread) -> int:
    """As many as the list behind the number has; of very many, as many as the night counted."""
    counted = sum(spread.histogram[int(LIKELY * BINS) :])
    return counted if counted > COUNTED else risks.at_risk(viewer, night).order_by().count()


def told(night: ChurnNight, spread: Spread, likely: int) -> dict[str, Any]:
    """What the night found among the viewer's customers."""
    weights = sorted(night.weights.items(), key=lambda item: -item[1])[:DRIFTED]
    return {
        "spread": spread,
        "likely": likely,
        "least": LIKELY,
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
            "points": [
                {"x": part["told"], "y": part["true"], "size": part["customers"]} for part in model.curve
            ],
            "across": _("was told"),
            "up": _("came true"),
            "size": _("Customers"),
            "diagonal": _("as told"),
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
    """Which candidate serves, and why: only those that were asked on all of the days are compared."""
    first, days = tested[0], max(len(one.folds) for one in tested)
    compared = [one for one in tested if one.means["brier"] is not None and len(one.folds) == days]
    if not compared:
        return _("%(name)s: too little has come true yet for a back-test.") % {"name": first.name}
    said = _compared(first, compared, days)
    fewer = [str(one.name) for one in tested if one.folds and one not in compared]
    if not fewer:
        return said
    others = _("Not compared, for they could not be asked on all of these days: %(names)s.")
    return f"{said} {others % {'names': _(', ').join(fewer)}}"


def _compared(first: Tested, compared: list[Tested], days: int) -> str:
    """The sentence about those that were asked on all days; the lowest Brier score is the best."""
    best = min(compared, key=_score)
    if first not in compared or _score(first) > _score(best):
        told = {"name": first.name, "best": best.name, "score": words.number(_score(best), 4)}
        return _("%(name)s: “%(best)s” did best on past days (Brier score %(score)s), but there is too little yet to"
                 " learn it from.") % told  # fmt: skip
    told = {"name": first.name, "score": words.number(_score(first), 4), "days": words.number(days)}
    others = [one for one in compared if one is not first]
    if not others:
        return ngettext(
            "%(name)s: on %(days)s past day its Brier score was %(score)s.",
            "%(name)s: over %(days)s past days its Brier score was %(score)s.",
            days,
        ) % told  # fmt: skip
    told |= {"next": min(others, key=_score).name, "other": words.number(min(map(_score, others)), 4)}
    return ngettext(
        "%(name)s: on %(days)s past day its Brier score was lowest, %(score)s; then comes “%(next)s”, %(other)s.",
        "%(name)s: over %(days)s past days its Brier score was lowest, %(score)s; then comes “%(next)s”, %(other)s.",
        days,
    ) % told  # fmt: skip


def _score(one: Tested) -> float:
    return one.means["brier"] or 0.0
