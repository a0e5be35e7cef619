"""The page of lifetime value: what is expected, by which model, and whether what was expected came."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from crm.org.permissions import Permission
from crm.ui import words
from crm.ui.staff import chain_of
from crm.ui.views import StaffView
from segmentation.lifetime import HORIZONS, reading
from segmentation.models import LifetimeFit
from segmentation.views.base import tabs
from segmentation.views.scope import StoreFilter, whole_chain
from segmentation.views.valuable import rows_of_scores

TOP = 10
CORRELATED = 0.3  # of purchases with their value; from here on the page says what it does to the values
MOST_COUNT = 7  # the last number of purchases of the tracking stands for all above, too


class LifetimeValue(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = StoreFilter(request.GET, self.staff)
        found = reading.expected(form.viewer)
        context: dict[str, Any] = {
            "form": form,
            "expected": found,
            "tabs": tabs(self, "lifetime"),
            "title": _("Lifetime value"),
        }
        if found:
            fit, query = found.fit, request.GET.urlencode()
            best = reading.ranked(form.viewer, fit).select_related("customer__home_store")
            context |= {
                "fit": fit,
                "whole": whole_chain(form.viewer),
                "spans": [(days, found.values.get(days)) for days in HORIZONS],
                "top": rows_of_scores(self.staff, best.order_by(reading.order(fit), "-customer_id")[:TOP]),
                "list": f"{reverse('segmentation:valuable')}{'?' if query else ''}{query}",
                "said": in_words(fit, chain_of(request).currency),
                "parameters": parameters(fit),
                "tracked": tracked(fit.tracking),
                "fits": [(one, _off(one.tracking)) for one in reading.history()],
                "correlated": abs(fit.correlation or 0) >= CORRELATED,
            }
        return self.render("segmentation/lifetime.html", context)


def in_words(fit: LifetimeFit, currency: str) -> list[str]:
    """What the parameters say of the chain's customers."""
    if fit.r is None or fit.alpha is None or fit.a is None or fit.b is None:
        every = words.number(1 / fit.rate, 0)
        return [
            _("A customer bought every %(n)s days on average.") % {"n": every},
            _("A purchase was worth %(money)s.") % {"money": words.money(fit.value, currency, 2)},
        ]
    between, leaving = fit.alpha / fit.r, fit.a / (fit.a + fit.b)
    days = words.number(between, 0 if between >= 10 else 1)
    told = [
        _("Whoever is a customer buys every %(n)s days on average.") % {"n": days},
        _("After a purchase %(share)s leave for good.") % {"share": words.percent(leaving)},
    ]
    if fit.search.get("at_limit"):
        told.append(_("Whether customers differ in that cannot be told from their purchases yet."))
    return [*told, _alike(fit.r), _worth(fit, currency)]


def _alike(r: float) -> str:
    """The rates' coefficient of variation is 1 / √r."""
    if r < 1:
        return _("How often they buy differs much: few come often, many seldom.")
    return _("How often they buy differs moderately.") if r < 4 else _("They buy about equally often.")


def _worth(fit: LifetimeFit, currency: str) -> str:
    if fit.spend_p is None or fit.spend_q is None or fit.spend_v is None:
        return _("A purchase was worth %(money)s.") % {"money": words.money(fit.value, currency, 2)}
    mean = fit.spend_p * fit.spend_v / (fit.spend_q - 1)
    return _("A purchase is worth %(money)s on average of the customers.") % {
        "money": words.money(mean, currency, 2)
    }


def parameters(fit: LifetimeFit) -> list[tuple[str, str, str, str]]:
    """(name, value, standard error, what it is)."""
    if fit.r is None:
        return []
    errors = dict(zip(("r", "alpha", "a", "b"), fit.search.get("errors") or (), strict=False))
    told = [
        ("r", "r", fit.r, _("how alike the rates of purchase are; small: very unlike")),
        ("α", "alpha", fit.alpha, _("days; r purchases in α days are the mean rate")),
        ("a", "a", fit.a, _("leaving: a / (a + b) leave after a purchase")),
        ("b", "b", fit.b, _("leaving: the larger a and b, the more alike people are in it")),
    ]
    if fit.spend_p is not None:
        told += [
            ("p", "p", fit.spend_p, _("how alike the purchases of one customer are in value")),
            ("q", "q", fit.spend_q, _("how alike customers are in value")),
            ("v", "v", fit.spend_v, _("scale of the values; p · v / (q − 1) is their mean")),
        ]
    return [
        (sign, _digits(value), f"± {_digits(errors[name])}" if name in errors else "", meaning)
        for sign, name, value, meaning in told
    ]  # fmt: skip


def _digits(value: float | None) -> str:
    return words.number(value, 3 if (value or 0) < 100 else 1)


def _off(tracking: dict[str, Any]) -> float | None:
    """By how much what was expected of the held-out time was off, as a share of what came."""
    held = tracking.get("holdout") or {}
    return held["expected"] / held["actual"] - 1 if held.get("actual") else None


def tracked(tracking: dict[str, Any]) -> dict[str, Any] | None:
    """The charts of what was expected and what came, with their tables."""
    if not tracking:
        return None
    weeks, held = tracking["weeks"], tracking["holdout"]
    until = parse_date(tracking["until"])
    days = [parse_date(day) for day, _n, _m in weeks]
    sums = zip(accumulate(n for _day, n, _m in weeks), accumulate(m for _day, _n, m in weeks), strict=True)
    labels = [words.day(day) for day in days if day]
    mark = {
        "at": labels[next(at for at, day in enumerate(days) if day == until)],
        "name": _("held out from here"),
    }
    return {
        "until": until,
        "customers": tracking["customers"],
        "held": held,
        "weeks": list(zip(days, weeks, strict=True)),
        "weekly": _two_lines(labels, [row[1:] for row in weeks], mark),
        "summed": _two_lines(labels, list(sums), mark),
        **_counted(held["by_count"], tracking["counts"]),
    }


def _counted(held: list[list[Any]], counts: list[list[Any]]) -> dict[str, Any]:
    """By how many purchases somebody had: what the held-out time brought of each, and how many people they are."""
    each = [(x, came / people, due / people) for x, people, came, due in held]
    return {
        "by_count": [(_count(row[0]), row[1], *pair[1:]) for row, pair in zip(held, each, strict=True)],
        "counts": [(_count(x), people, due) for x, people, due in counts],
        "by_count_chart": _two_bars(each),
        "counts_chart": _two_bars(counts),
    }


def _two_lines(labels: list[str], rows: list[Any], mark: dict[str, str]) -> dict[str, Any]:
    return {"labels": labels, "series": _series(rows), "mark": mark}


def _two_bars(rows: Sequence[Any]) -> dict[str, Any]:
    return {"labels": [_count(x) for x, *_pair in rows], "series": _series([pair for _x, *pair in rows])}


def _series(rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {"name": _("What came"), "values": [row[0] for row in rows]},
        {"name": _("What was expected"), "values": [row[1] for row in rows]},
    ]


def _count(x: int) -> str:
    number = words.number(x)
    return f"{number}+" if x >= MOST_COUNT else number
