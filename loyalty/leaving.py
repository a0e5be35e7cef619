"""Who is erased leaves nothing in their accounts: what nobody can spend any more is no liability of the chain."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from crm.privacy.erasing import StillInUse
from crm.privacy.subjects import Subject
from customers.present import Erased
from loyalty import holds, ledger, rewards
from loyalty.adjustments import deciding
from loyalty.ledger import Cause
from loyalty.ledger.continuing import issued
from loyalty.models import Adjustment, AdjustmentState, Balance, Hold, Lot, Redemption, RedemptionState, Unit
from loyalty.rewards.refusals import CouponWasUsed

BY = "system:erasure"


def forfeit(subject: Subject, *, by: Any, at: datetime) -> None:
    """End what waits, free what is set aside, take back what is on the way and what is there, let go of what is owed.

    In the erasure's transaction, while the person is still there. Done again it finds nothing. The points stand in the
    books as taken, by the erasure: they neither ended nor were spent. Money that the member paid in is not ours to
    keep: raises StillInUse while there is any.
    """
    mine = Balance.objects.filter(customer__in=subject.customer_ids)
    if mine.filter(unit=Unit.STORED).exclude(available=0, held=0, pending=0).exists():
        raise StillInUse(_("Money that this member has paid in is left. Pay it out first."))
    for customer_id in subject.customer_ids:
        with suppress(Erased):  # before: then nothing is there
            _leave(customer_id, by=by, at=at)


def _leave(customer_id: int, *, by: Any, at: datetime) -> None:
    _end_what_waits(customer_id, at=at)
    standing = Hold.objects.filter(customer=customer_id, ended_at__isnull=True).select_related("movement")
    for hold in standing:
        holds.release(hold, at=at, by=by)
    for unit in Balance.objects.filter(customer=customer_id).order_by("unit").values_list("unit", flat=True):
        _close(customer_id, unit, by=by, at=at)


def _end_what_waits(customer_id: int, *, at: datetime) -> None:
    """Nobody could decide about it any more, or hand it over."""
    waiting = Adjustment.objects.filter(customer=customer_id, state=AdjustmentState.WAITING)
    for asked in waiting.order_by("pk"):
        deciding.reject(asked, by=BY, at=at, note=_("The person was erased."))
    ready = Redemption.objects.filter(customer=customer_id, state=RedemptionState.READY)
    for pk in ready.order_by("pk").values_list("pk", flat=True):
        with suppress(CouponWasUsed):
            rewards.cancel(customer_id, pk, Cause(f"erasure:{customer_id}/reward/{pk}", at, BY))


def _close(customer_id: int, unit: int, *, by: Any, at: datetime) -> None:
    account = ledger.refresh(customer_id, at=at, by=by, unit=unit)
    if account.customer_id != customer_id:  # merged into another of the subject: their turn comes
        return
    source = f"erasure:{customer_id}"
    pending = {lot.id: lot.pending for lot in account.lots if lot.pending}
    for movement_id, points in _by_movement(customer_id, pending):
        keep = issued(account, movement_id) - points
        cause = Cause(f"{source}/{movement_id}", at, by)
        ledger.claw_back(customer_id, movement_id, cause, keep=keep, unit=unit)
    account = ledger.refresh(customer_id, at=at, by=by, unit=unit)
    if account.debt:
        ledger.forgive(customer_id, account.debt, Cause(f"{source}/debt", at, by), unit=unit)
    if there := sum(lot.available for lot in account.usable(at)):
        ledger.adjust(customer_id, -there, Cause(source, at, by), unit=unit)


def _by_movement(customer_id: int, pending: dict[int, int]) -> list[tuple[int, int]]:
    """What is on the way, by the movement that issued it."""
    found: dict[int, int] = {}
    lots = Lot.objects.filter(customer=customer_id, pk__in=pending).order_by("movement_id", "pk")
    for lot_id, movement_id in lots.values_list("pk", "movement_id"):
        found[movement_id] = found.get(movement_id, 0) + pending[lot_id]
    return list(found.items())
