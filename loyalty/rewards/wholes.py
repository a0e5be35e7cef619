"""Rewards that the family paid: the redemption and what was spent for it have one source."""

from loyalty.models import FamilyRedemption, Redemption


def source_of(reward_id: int, source: str) -> str:
    """What the points of a reward go by in the ledger."""
    return f"reward:{reward_id}:{source}"


def whole_of(taken: Redemption) -> FamilyRedemption | None:
    """What the family spent for it; None where own points were enough, or where it was free."""
    if taken.movement_id is not None or taken.trial_year is not None:
        return None
    source = source_of(taken.reward_id, taken.source)
    return FamilyRedemption.objects.get(customer=taken.customer_id, source=source)


def taken_with(whole: FamilyRedemption) -> Redemption | None:
    """The reward that it bought, if it bought one."""
    kind, _colon, rest = whole.source.partition(":")
    number, _colon, source = rest.partition(":")
    if kind != "reward" or not number.isdecimal():
        return None
    mine = Redemption.objects.filter(
        customer=whole.customer_id, movement__isnull=True, trial_year__isnull=True
    )
    return mine.filter(reward=int(number), source=source).first()
