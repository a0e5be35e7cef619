"""Holds with an end: a shop sets points aside, the customer pays or leaves, and nothing stays set aside for ever.

What stands longer than its time is released when it is used, and by a run every minute.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from loyalty import ledger
from loyalty.ledger import Cause, Posted
from loyalty.ledger.accounts import Account
from loyalty.models import Hold, Kind, Unit

LONGEST = timedelta(days=7)
DEFAULT = timedelta(minutes=15)
AT_ONCE = 500


class HoldEnded(Refusal):
    """The hold has stood longer than its time: its points are free again."""

    code: ClassVar[str] = "hold_ended"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("These points are not set aside any more."))


def place(
    customer_id: int, points: int, cause: Cause, *, lasting: timedelta = DEFAULT, unit: int = Unit.POINTS
) -> Hold:
    """Set points aside for a while. Raises InsufficientPoints, SourceConflict."""
    with transaction.atomic():
        posted = ledger.hold(customer_id, points, cause, unit=unit)
        until = cause.at + min(lasting, LONGEST)
        return Hold.objects.get_or_create(
            customer_id=posted.customer_id, movement_id=posted.movement_id, defaults={"until": until}
        )[0]


def capture(hold: Hold, cause: Cause, *, points: int | None = None) -> Posted:
    """Pay with what is set aside, or with a part: the rest is free at once. Raises HoldEnded, NothingToContinue,
    SourceConflict."""
    with transaction.atomic():
        account, mine = _locked(hold, cause.at, cause.by)
        if (known := ledger.booked(account, Kind.CAPTURE, cause.source)) is not None:
            return ledger.same(known, of=mine.movement_id, points=points)
        if mine.ended_at is not None or mine.until <= cause.at:
            raise HoldEnded
        posted = ledger.capture(
            account.customer_id, mine.movement_id, cause, points=points, unit=account.unit
        )
        _end(account, mine, cause.at, cause.by)
        return posted


def release(hold: Hold, *, at: datetime, by: Any) -> None:
    """Free what is set aside. Done twice, the second does nothing."""
    with transaction.atomic():
        account, mine = _locked(hold, at, by)
        if mine.ended_at is None:
            _end(account, mine, at, by)


def release_due(*, at: datetime, by: str = "system:holds") -> Iterator[int]:
    """Free what has stood longer than its time, a transaction each; how many so far."""
    done = 0
    while due := list(
        Hold.objects.filter(ended_at__isnull=True, until__lte=at).order_by("until", "pk")[:AT_ONCE]
    ):
        for hold in due:
            release(hold, at=at, by=by)
        done += len(due)
        yield done


def _locked(hold: Hold, at: datetime, by: Any) -> tuple[Account, Hold]:
    """The account first, as everybody does; then nobody else has the hold, and a merge that was meanwhile is known."""
    account = ledger.refresh(hold.customer_id, at=at, by=by, unit=hold.movement.unit)
    return account, Hold.objects.select_related("movement").get(customer=account.customer_id, pk=hold.pk)


def _end(account: Account, hold: Hold, at: datetime, by: Any) -> None:
    if ledger.left_of_hold(account, hold.movement_id):
        cause = Cause(f"hold:{hold.movement_id}/free", at, by)
        ledger.release(account.customer_id, hold.movement_id, cause, unit=account.unit)
    hold.ended_at = at
    hold.save(update_fields=["ended_at"])
