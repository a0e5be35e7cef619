"""Receiving: what other systems tell us becomes purchases, returns and guest totals.

One set of rules for every way in (`docs/algorithms/receiving.md`): an event is known for ever by (source, external id);
the same again changes nothing; a return may come before its receipt; the end does not depend on the order.

    receive_receipt(payloads.receipt_of(body), by=key)   one receipt    -> ReceiptOutcome
    receive_return(payloads.return_of(body), by=key)     one return     -> ReturnOutcome
    receive_batch(body.splitlines(), by=key)             NDJSON         -> BatchOutcome
    quarantine.listed(viewer), quarantine.replay(arrival, by=staff), quarantine.dismiss(arrival, why=…, by=staff, at=…)

They raise InvalidEvent (422, faults with JSON pointers; TooManySources is one), ReceiptConflict and ReturnConflict
(409), BatchTooLarge (413).
"""

from customers.receiving.batch import BatchError, BatchOutcome, receive_batch
from customers.receiving.refusals import (
    BatchTooLarge,
    InvalidEvent,
    ReceiptConflict,
    ReturnConflict,
    TooManySources,
)
from customers.receiving.single import ReceiptOutcome, ReturnOutcome, receive_receipt, receive_return

__all__ = [
    "BatchError", "BatchOutcome", "BatchTooLarge", "InvalidEvent", "ReceiptConflict", "ReceiptOutcome",
    "ReturnConflict", "ReturnOutcome", "TooManySources", "receive_batch", "receive_receipt", "receive_return",
]  # fmt: skip
