"""Clusters in words and figures: values with their units, why there are so many, whether they still fit."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from crm.ui import words
from segmentation.clusters import drifting, kinds, limits
from segmentation.clusters.reading import Apart, Picture
from segmentation.models import ClusterFit

CLOSE = 0.01  # of silhouette: less than that is no difference


def value(trait: kinds.Trait, told: float, currency: str) -> str:
    if trait.unit == "money":
        return str(words.money(told / 100, currency, 2 if trait.code == "basket_amount" else 0))
    if trait.unit == "share":
        return words.percent(told)
    return words.number(told, 0 if trait.unit in ("days", "place") else 1)


def in_short(apart: Iterable[Apart]) -> str:
    """ "Weekend +1.2, Basket -0.4": labels with their distance in standard deviations."""
    return "; ".join(f"{one.trait.label} {one.away:+.2f}" for one in apart)


def numbers(fit: ClusterFit | None) -> list[tuple[int, float, float, bool]]:
    """(clusters, silhouette, stability, chosen) of each number that was tried."""
    if fit is None:
        return []
    return [
        (int(k), told, fit.stabilities.get(k, 0.0), int(k) == len(fit.clusters))
        for k, told in sorted(fit.silhouettes.items(), key=lambda one: int(one[0]))
    ]


def chart(fit: ClusterFit | None) -> dict[str, Any]:
    """The silhouette of each number, the chosen one in a colour of its own."""
    told = numbers(fit)
    chosen = len(fit.clusters) if fit else 0
    return {
        "labels": [str(k) for k, *_rest in told],
        "stacked": True,
        "decimals": 3,
        "series": [
            {"name": _("Chosen: %(k)s") % {"k": chosen}, "values": [s if is_it else None for _k, s, _r, is_it in told]},
            {
                "name": _("Other numbers"), "quiet": True,
                "values": [None if is_it else s for _k, s, _r, is_it in told],
            },
        ],
    }  # fmt: skip


def why(fit: ClusterFit | None) -> str:
    """What made that night learn."""
    told = {
        "first": _("the first time"),
        "asked": _("because somebody changed the settings or asked for it"),
        "due": _("because it was time again"),
        "drift": _("because customers did not fit any more"),
    }
    return told.get(fit.why, "") if fit else ""


def explained(fit: ClusterFit | None) -> str:
    """Why there are so many."""
    if fit is None:
        return ""
    k = len(fit.clusters)
    found = {
        "k": k, "silhouette": words.number(fit.silhouettes.get(str(k), 0), 3),
        "again": words.number(fit.stabilities.get(str(k), 0), 2),
    }  # fmt: skip
    if fit.settings.wanted == k:
        return (
            _("%(k)s clusters, as the settings want it. Silhouette %(silhouette)s, stability %(again)s.")
            % found
        )
    if fit.stabilities.get(str(k), 0) < limits.STABLE:
        told = (
            _("%(k)s clusters: the highest silhouette, %(silhouette)s. But no number gives the same groups twice"
              " (stability %(again)s), so take them with caution.") % found
        )  # fmt: skip
        return f"{told} {_near(fit, k)}".rstrip()
    told = (
        _("%(k)s clusters: the highest silhouette, %(silhouette)s, of the numbers whose groups come out again"
          " (stability %(again)s).") % found
    )  # fmt: skip
    return f"{told} {_near(fit, k)}".rstrip()


def _near(fit: ClusterFit, k: int) -> str:
    """Other numbers that would have served as well."""
    best = fit.silhouettes.get(str(k), 0)
    near = [str(n) for n, told, _again, is_it in numbers(fit) if not is_it and best - told < CLOSE]
    if not near:
        return ""
    return _("Nearly as good by their silhouette: %(numbers)s.") % {"numbers": _(", ").join(near)}


def drift(found: Picture) -> str:
    """Whether customers still fit what was learnt; nothing in the night that learnt it."""
    if found.fit is None or found.fit.night_id == found.night.pk:
        return ""
    worse, moved = drifting.drift(found.fit, found.night.pk + 1)
    told = {"worse": words.percent(max(worse - 1, 0), 0), "moved": words.percent(moved)}
    if drifting.has_drifted(worse, moved):
        return _("Customers no longer fit: %(worse)s further from their centres, %(moved)s in other clusters. The next"
                 " night learns anew.") % told  # fmt: skip
    return (
        _("Since then customers are %(worse)s further from their centres, %(moved)s are in other clusters.")
        % told
    )
