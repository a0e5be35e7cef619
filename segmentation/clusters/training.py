"""Learning: when it is due, from whom, and what becomes of the clusters that there are."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from customers.models import Night
from segmentation.clusters import choosing, drifting, kinds, matching, naming
from segmentation.clusters.measuring import Measured
from segmentation.clusters.scaling import Scaling
from segmentation.models import Cluster, ClusterFit, ClusterSettings

SAMPLE = 100_000
COLOURS = (
    "#0f766e", "#b45309", "#4f46e5", "#be185d", "#4d7c0f", "#0369a1", "#a16207", "#7e22ce", "#475569", "#b91c1c",
    "#0891b2", "#65a30d",
)  # fmt: skip


def latest(before: int) -> ClusterFit | None:
    """What was learnt last, by a night up to this one."""
    return ClusterFit.objects.filter(night__lte=before).select_related("night").order_by("-night_id").first()


def due(night: Night, fit: ClusterFit | None, settings: ClusterSettings) -> str | None:
    """Why this night should learn, or None."""
    if fit is None:
        return "first"
    if fit.settings_id != settings.pk:
        return "asked"
    if (night.on - fit.night.on).days >= settings.relearn_days:
        return "due"
    return "drift" if drifting.has_drifted(*drifting.drift(fit, night.pk)) else None


class Sample:
    """Some of the customers of all parts, in a random order that is theirs for ever: those with the smallest dice."""

    def __init__(self, most: int = SAMPLE) -> None:
        self.most, self.seen = most, 0
        self._dice: Any = np.empty(0, dtype=np.uint64)
        self._kept: dict[str, Any] = {}

    def add(self, measured: Measured) -> None:
        self.seen += len(measured)
        dice = np.append(self._dice, dice_of(measured.customer))
        order = np.argsort(dice)[: self.most]
        self._dice = dice[order]
        self._kept = {
            name: (np.concatenate([self._kept[name], values]) if self._kept else values)[order]
            for name, values in measured.columns().items()
        }

    def measured(self) -> Measured:
        return Measured(**self._kept)


def dice_of(ids: Any) -> Any:
    """A random number of each customer, always the same (SplitMix64)."""
    z = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def columns_of(wanted: Sequence[str], codes: Sequence[str]) -> list[int]:
    return [codes.index(code) for code in wanted]


def learn(
    night: Night, sample: Measured, codes: list[str], own: list[str], *, why: str, settings: ClusterSettings,
    before: ClusterFit | None,
) -> ClusterFit:  # fmt: skip
    """Learn centres, keep the clusters that are the same still, and save both.

    `codes`: of the sample's traits, among which are those to be learnt from (`own`) and those of the fit before.
    """
    traits = sample.traits[:, columns_of(own, codes)]
    scaling = Scaling.learnt(own, traits, sample.visits)
    points = scaling.points(traits, sample.visits)
    chosen = choosing.choose(points, settings.wanted)
    labels = choosing.nearest(points, chosen.centres)
    order = np.argsort(-np.bincount(labels, minlength=len(chosen.centres)), kind="stable")
    centres = chosen.centres[order]
    labels = np.argsort(order)[labels]
    old = _old_labels(before, sample, codes)
    pairs = {} if old is None else matching.match(old, labels, points, len(before.clusters), len(centres))  # type: ignore[union-attr]
    clusters = _clusters(night, before, pairs, len(centres))
    profiles = _profiles(scaling.standard(traits, sample.visits), labels, own, len(centres))
    kept = [before.words.get(str(pk)) if before else None for pk in clusters]
    sizes = np.bincount(labels, minlength=len(centres)) / max(len(labels), 1)
    return ClusterFit.objects.create(
        night=night, settings=settings, why=why, sample=len(sample), clusters=clusters, scaling=scaling.as_dict(),
        centres=centres.tolist(), silhouettes=chosen.silhouettes, stabilities=chosen.stabilities,
        words=_by_cluster(clusters, naming.named(profiles, kept)), misfit=choosing.misfit(points, centres, labels),
        shares=_by_cluster(clusters, sizes.tolist()),
    )  # fmt: skip


def _old_labels(before: ClusterFit | None, sample: Measured, codes: list[str]) -> Any | None:
    """Where the centres of before put the sample today; None where its traits are not measured any more."""
    if before is None or not set(before.scaling["codes"]) <= set(codes):
        return None
    scaling = Scaling.of(before.scaling)
    traits = sample.traits[:, columns_of(scaling.codes, codes)]
    return choosing.nearest(scaling.points(traits, sample.visits), np.array(before.centres))


def _clusters(night: Night, before: ClusterFit | None, pairs: dict[int, int], k: int) -> list[int]:
    """The ids of the clusters: those that go on keep theirs, others are new; the night ends the rest."""
    living = list(before.clusters) if before else []
    going_on = {new: living[old] for new, old in pairs.items()}
    Cluster.objects.filter(pk__in=set(living) - set(going_on.values())).update(ended_night=night.pk)
    used = set(Cluster.objects.filter(pk__in=going_on.values()).values_list("colour", flat=True))
    free = [colour for colour in COLOURS if colour not in used]
    for place in range(k):
        if place not in going_on:
            colour = free.pop(0) if free else COLOURS[place % len(COLOURS)]
            going_on[place] = Cluster.objects.create(colour=colour, born_night=night).pk
    return [going_on[place] for place in range(k)]


def _profiles(standard: Any, labels: Any, codes: list[str], k: int) -> list[dict[str, float]]:
    """Of each cluster how far each trait is from everybody's mean, in standard deviations."""
    everybody = standard.mean(axis=0)
    found = []
    for place in range(k):
        inside = standard[labels == place]
        away = (inside.mean(axis=0) if len(inside) else everybody) - everybody
        found.append(dict(zip(codes, np.round(away, 6).tolist(), strict=True)))
    return found


def _by_cluster(clusters: list[int], values: list[Any]) -> dict[str, Any]:
    return {str(pk): value for pk, value in zip(clusters, values, strict=True)}


def categories_of(fit: ClusterFit | None) -> list[int]:
    codes = fit.scaling["codes"] if fit else []
    return [pk for code in codes if (pk := kinds.category_of(code)) is not None]
