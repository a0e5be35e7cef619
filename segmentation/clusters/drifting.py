"""Do the customers still fit the centres that were learnt?"""

from segmentation.clusters import limits
from segmentation.models import ClusterCount, ClusterFit


def drift(fit: ClusterFit, before: int) -> tuple[float, float]:
    """How much worse customers fit than at the learning (1: as then), and the share that is in other clusters.

    By the last night up to `before` (not itself) that put customers to the centres of this fit.
    """
    rows = ClusterCount.objects.filter(night__lt=before, night__gte=fit.night_id)
    last = rows.filter(cluster=None).order_by("-night_id").first()
    if last is None or not last.customers:
        return 1.0, 0.0
    now = dict(rows.filter(night=last.night_id, cluster__isnull=False).values_list("cluster", "customers"))
    moved = sum(abs(now.get(int(pk), 0) / last.customers - share) for pk, share in fit.shares.items()) / 2
    return (last.misfit / fit.misfit if fit.misfit else 1.0), moved


def has_drifted(worse: float, moved: float) -> bool:
    return worse > limits.WORSE or moved > limits.MOVED
