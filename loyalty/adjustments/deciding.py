"""Deciding about an adjustment that waits, and undoing one that was booked."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault
from crm.notices.telling import read, tell
from crm.org.models import Staff
from crm.org.permissions import Permission
from customers.present import Erased
from loyalty import ledger
from loyalty.adjustments.asking import book, held, key_of
from loyalty.adjustments.refusals import AlreadyDecided, InvalidAdjustment, SameEyes, UndoNeedsApprover
from loyalty.ledger import Cause
from loyalty.models import Adjustment, AdjustmentState, MissedReceipt


def approve(adjustment: Adjustment, *, by: Any, at: datetime, note: str = "") -> Adjustment:
    """Agree, and book it. Raises SameEyes, AlreadyDecided, InsufficientPoints; then it still waits."""
    return _decide(adjustment, AdjustmentState.APPLIED, by=by, at=at, note=note)


def reject(adjustment: Adjustment, *, by: Any, at: datetime, note: str) -> Adjustment:
    """Say no, and why. A receipt that it was for may be asked for again."""
    if not note.strip():
        raise InvalidAdjustment(_("Say why."), faults=(Fault("note", _("Who asked reads it.")),))
    return _decide(adjustment, AdjustmentState.REJECTED, by=by, at=at, note=note)


def undo(adjustment: Adjustment, *, by: Any, at: datetime, reason: str) -> Adjustment:
    """Take back what was given (what is spent by now is owed), or give back what was taken, by another movement."""
    if not reason.strip():
        raise InvalidAdjustment(_("Say why."), faults=(Fault("reason", _("It stays with the adjustment.")),))
    with transaction.atomic():
        kept = _locked(adjustment)
        if kept.state != AdjustmentState.APPLIED or kept.movement_id is None:
            raise AlreadyDecided
        if kept.is_above_limit and not by.may(Permission.APPROVE_POINTS):
            raise UndoNeedsApprover
        _take_back(kept, by=by, at=at, reason=reason.strip())
    return kept


def superseded(adjustment_id: int, *, by: str, reason: str) -> None:
    """The receipt itself has come, or gone back: so what was given for it goes back, and what waits is not needed. In a
    transaction; decided or undone before, nothing changes. Of who was erased nothing is left to take."""
    made, at = Adjustment.objects.filter(pk=adjustment_id).first(), timezone.now()
    if made is None:
        return
    try:
        kept = _locked(made)
    except Erased:
        _free_receipt(made)
        return
    if kept.state == AdjustmentState.APPLIED:
        _take_back(kept, by=by, at=at, reason=reason)
    elif kept.is_waiting:
        _decide(kept, AdjustmentState.REJECTED, by=by, at=at, note=reason)


def _take_back(kept: Adjustment, *, by: Any, at: datetime, reason: str) -> None:
    assert kept.movement_id
    cause = Cause(f"undo:{kept.source}", at, by, store_id=kept.store_id)
    turn = ledger.claw_back if kept.points > 0 else ledger.reverse
    turn(kept.customer_id, kept.movement_id, cause)
    kept.state, kept.undone_by, kept.undone_at = AdjustmentState.UNDONE, trail.actor_name(by), at
    kept.undo_reason = reason
    kept.save(update_fields=["state", "undone_by", "undone_at", "undo_reason"])
    _free_receipt(kept)
    trail.record("adjustment.undo", kept, by=by, store_id=kept.store_id, details={"points": kept.points})


def _decide(
    adjustment: Adjustment, state: AdjustmentState, *, by: Any, at: datetime, note: str
) -> Adjustment:
    with transaction.atomic():
        kept = _locked(adjustment)
        if not kept.is_waiting:
            raise AlreadyDecided
        if kept.asked_by == trail.actor_name(by):
            raise SameEyes
        kept.state = state
        if state == AdjustmentState.APPLIED:
            book(kept, by=by, at=at)
        else:
            _free_receipt(kept)
        kept.decided_by, kept.decided_at, kept.decision_note = trail.actor_name(by), at, note.strip()
        kept.save(update_fields=["state", "movement", "decided_by", "decided_at", "decision_note"])
        _write_down(kept, by=by)
    return kept


def _locked(adjustment: Adjustment) -> Adjustment:
    """With whom it is now: the gate keeps merges out from here on."""
    owner = held(adjustment.customer_id)
    return Adjustment.objects.select_for_update().get(customer=owner, pk=adjustment.pk)


def _free_receipt(kept: Adjustment) -> None:
    if kept.receipt_number:
        MissedReceipt.objects.filter(
            key=key_of(kept.store_id, kept.receipt_number), adjustment_id=kept.pk
        ).delete()


def _write_down(kept: Adjustment, *, by: Any) -> None:
    state = AdjustmentState(kept.state).code
    details = {"points": kept.points, "state": state}
    trail.record("adjustment.decide", kept, by=by, store_id=kept.store_id, details=details)
    if isinstance(by, Staff):
        read(by, about=trail.subject_name(kept))
    kind, _colon, number = kept.asked_by.partition(":")
    if kind == "staff":
        tell(
            [int(number)],
            "points.decided",
            about=kept,
            params={"points": kept.points, "state": state},
            once="decided",
        )
