"""Families when two customers become one, and when that is undone.

The survivor stays in the own family; without one they take the loser's place in theirs. Of two in one family one place
is left, and it shares only if both did. Undone, both are where they were, as far as nobody has said otherwise since and
the family has room. The gate is the merge's alone, so nobody joins, leaves or spends meanwhile.
"""

from typing import Any

from django.db.models import F

from customers.merging.followers import Follower, Joined
from loyalty.families import joining, roster
from loyalty.families.refusals import MOST
from loyalty.models import FamilySeat, Left

BY = "system:merge"


def merged(_cur: Any, joined: Joined) -> dict[str, Any]:
    lost = roster.seat_of(joined.loser)
    if lost is None:
        return {}
    joining.end(lost, Left.MERGED, by=BY, at=joined.at)
    kept = roster.seat_of(joined.survivor)
    if kept is None:
        return {"ended": lost.pk, "made": _moved(lost, joined)}
    if kept.family_id == lost.family_id and not lost.is_sharing:
        FamilySeat.objects.filter(customer=joined.survivor, pk=kept.pk).update(narrowed=F("narrowed") + 1)
        return {"ended": lost.pk, "narrowed": kept.pk}
    return {"ended": lost.pk}


def unmerged(_cur: Any, joined: Joined, memo: dict[str, Any]) -> None:
    if not memo:
        return
    mine = FamilySeat.objects.filter(customer=joined.survivor)
    if "narrowed" in memo:  # unless they have said it anew
        mine.filter(pk=memo["narrowed"], narrowed__gt=0).update(narrowed=F("narrowed") - 1)
    if "made" in memo:
        made = mine.filter(pk=memo["made"], left_at__isnull=True).first()
        if made is None:  # the one person that they were has left the family
            return
        made.delete()
    lost = FamilySeat.objects.filter(customer=joined.loser, pk=memo["ended"]).first()
    if lost is not None and roster.seats(lost.family_id).count() < MOST:
        lost.left_at, lost.left_by, lost.why = None, "", ""
        lost.save(update_fields=["left_at", "left_by", "why"])


def _moved(lost: FamilySeat, joined: Joined) -> int:
    seat = FamilySeat.objects.create(
        customer_id=joined.survivor, family_id=lost.family_id, joined_at=lost.joined_at, joined_by=lost.joined_by,
        way=lost.way, shares=lost.shares, shares_at=lost.shares_at,
        narrowed=lost.narrowed,
    )  # fmt: skip
    return seat.pk


FOLLOWER = Follower("families", merged, unmerged)
