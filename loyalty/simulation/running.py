"""Replaying a draft slice by slice; whoever asks decides what becomes of the sums."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from crm.org.models import Chain, Store
from loyalty.models import Programme
from loyalty.simulation import drafts, replay, totals
from loyalty.simulation.drafts import Draft
from loyalty.simulation.ladder import Rungs


def slices(
    draft: Draft, sums: dict[str, Any], *, after: int = 0, at: datetime | None = None
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """(last customer, purchases read, the sums so far), slice by slice. Reads only."""
    book, rungs = drafts.book_of(draft), Rungs(draft, Chain.current().timezone)
    zones = {pk: ZoneInfo(zone) for pk, zone in Store.objects.values_list("pk", "timezone")}
    if book.begins_on is None:
        return
    for customers, ids in replay.purchases(draft.from_on, draft.to_on, after):
        found = replay.replay(customers, ids, book, draft.from_on)
        totals.add(sums, found, book, zones, at or timezone.now())
        for move, n in rungs.moves(found).items():
            sums["tiers"][move] = sums["tiers"].get(move, 0) + n
        yield int(customers[-1]), len(ids), sums


def worth(draft: Draft) -> dict[str, str | None]:
    """What a point is worth, by the programme of the period's last day and by the draft."""
    live = Programme.objects.filter(valid_from__lte=draft.to_on).order_by("-valid_from", "-pk").first()
    rules = drafts.book_of(draft).on(draft.to_on)
    now, then = live.point_worth if live else None, rules.programme.point_worth if rules else None
    return {"live": None if now is None else str(now), "draft": None if then is None else str(then)}
