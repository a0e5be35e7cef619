"""The ledger: what members have of each unit, to the last point (docs/algorithms/ledger.md).

    ledger.earn(customer_id, [NewLot(50, expires_at=…, vests_at=…)], Cause("receipt:12", at, by))
    ledger.redeem(customer_id, 30, Cause("till:88", at, by))           first to end is spent first
    held = ledger.hold(…); ledger.capture(customer_id, held.movement_id, …); ledger.release(…)
    ledger.reverse(customer_id, movement_id, …)                        the same lots get them back
    ledger.claw_back(customer_id, movement_id, …, keep=20)             goods came back
    ledger.adjust(…), forgive(…), extend(…), refresh(…), account(…)

Amounts are whole numbers of the account's unit. Each operation locks the account, is a transaction (or a part of the
caller's), and happens once a source: asked again it answers the same. Refusals (`refusals.py`) change nothing.
"""

from loyalty.ledger.continuing import capture, claw_back, left_of_hold, release, reverse
from loyalty.ledger.moving import adjust, booked, earn, extend, forgive, hold, redeem, refresh, same
from loyalty.ledger.posting import Cause, NewLot, Posted
from loyalty.ledger.refusals import InsufficientPoints, InvalidPoints, NothingToContinue, SourceConflict

__all__ = [
    "Cause", "InsufficientPoints", "InvalidPoints", "NewLot", "NothingToContinue", "Posted", "SourceConflict", "adjust",
    "booked", "capture", "claw_back", "earn", "extend", "forgive", "hold", "left_of_hold", "redeem", "refresh",
    "release", "reverse", "same",
]  # fmt: skip
