"""Adjustments: points given or taken by hand, with four eyes above the limit (docs/algorithms/adjustments.md).

adjustments.ask(customer, 200, reason="goodwill", by=marta, at=noon, source="page:…")   booked, or waits
adjustments.ask(…, receipt_number="000123", store=harbour)                              a receipt that was missed
adjustments.approve(adjustment, by=rosa, at=noon), reject(…)                             never by who asked
adjustments.undo(adjustment, by=…, at=…, reason="…")                                     another movement
"""

from loyalty.adjustments.asking import ask
from loyalty.adjustments.deciding import approve, reject, undo
from loyalty.adjustments.limits import change as change_limits
from loyalty.adjustments.limits import limit_of, of_roles, reasons
from loyalty.adjustments.refusals import (
    AlreadyDecided,
    InvalidAdjustment,
    ReceiptKnown,
    SameEyes,
    UndoNeedsApprover,
)

__all__ = [
    "AlreadyDecided", "InvalidAdjustment", "ReceiptKnown", "SameEyes", "UndoNeedsApprover", "approve", "ask",
    "change_limits", "limit_of", "of_roles", "reasons", "reject", "undo",
]  # fmt: skip
