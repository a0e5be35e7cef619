"""What became of a target: how size, value and churn stood when it was chosen and stand now, and who said what when."""

from dataclasses import dataclass

from crm.org.scope import Viewer
from customers.models import Night
from segmentation.models import Target, TargetDecision, TargetJudgement, TargetStatus
from segmentation.targets.candidates import of
from segmentation.targets.figures import Figures, measured


@dataclass(frozen=True)
class Since:
    """Figures at the night of the choice and at the last one, over the viewer's stores."""

    chosen: TargetDecision
    then: Figures | None
    night: Night | None


def since_chosen(viewer: Viewer, target: Target | None) -> Since | None:
    """None where it is not chosen now."""
    if target is None or target.status != TargetStatus.CHOSEN:
        return None
    rows = TargetDecision.objects.filter(target=target, status=TargetStatus.CHOSEN).select_related("night")
    chosen = rows.order_by("-pk").first()
    if chosen is None:
        return None
    found = measured(viewer, chosen.night) if chosen.night else None
    return Since(chosen, found.of(of(target)) if found else None, found.night if found else None)


def told(target: Target | None, most: int = 40) -> list[TargetDecision | TargetJudgement]:
    """Decisions and judgements, newest first."""
    if target is None:
        return []
    rows: list[TargetDecision | TargetJudgement] = [
        *TargetDecision.objects.filter(target=target).order_by("-pk")[:most],
        *TargetJudgement.objects.filter(target=target).order_by("-pk")[:most],
    ]
    return sorted(rows, key=lambda row: row.created_at, reverse=True)[:most]
