"""Receipts and returns, as tills and shops send them."""

from typing import cast

from crm.org.permissions import Permission
from crm.rest import bodies
from crm.rest.endpoints import NDJSON, Answer, endpoint
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import receiving
from customers.api.shapes import (
    BatchErrorOut,
    BatchOut,
    Receipt,
    ReceiptDone,
    Return,
    ReturnDone,
    ReturnState,
)
from customers.receiving.events import decimal_text
from customers.receiving.payloads import ReceiptIn, ReturnIn

MADE, KNOWN = 201, 200
LARGEST_BATCH = 32 * 1024 * 1024  # bytes: 10,000 receipts of sixty lines
EXAMPLE = {
    "source": "pos-12", "external_id": "2026-11-21-000123", "store": "HARB", "channel": "store",
    "occurred_at": "2026-11-21T18:03:11+08:00", "customer": {"kind": "phone", "value": "+8613800138000"},
    "staff": "E1021", "lines": [{"line": 1, "product": "SKU1", "quantity": "2", "amount": "35.80", "discount": "4.20"}],
    "payments": [{"method": "card", "amount": "35.80"}],
}  # fmt: skip


class Receipts(ApiView):
    """What was sold."""

    permission = Permission.POST_RECEIPTS
    scope = KeyScope.RECEIPTS_WRITE

    @endpoint(
        "Send a receipt",
        body=ReceiptIn,
        documented=Receipt,
        answers={MADE: ReceiptDone, KNOWN: ReceiptDone},
        problems={409: "`receipt_conflict`: known under this source and external id with other content."},
        example=EXAMPLE,
    )
    def post(self, payload: ReceiptIn) -> Answer:
        """201 when it is new; the same content again: 200 and the same body, for ever. `customer` null: a guest.

        An identifier that nobody has yet makes a customer who is not enrolled; an unknown product is noted as such.
        """
        done = receiving.receive_receipt(payload, by=self.caller)
        body = ReceiptDone(
            id=done.public_id, customer=done.customer_public_id, points_earned=done.told.get("points_earned", 0),
            business_date=done.business_date, amount=decimal_text(done.cents, 2),
        )  # fmt: skip
        return Answer(body, MADE if done.is_new else KNOWN)


class ReceiptBatch(ApiView):
    """Many receipts at once: back-fill, tills that were off-line."""

    permission = Permission.POST_RECEIPTS
    scope = KeyScope.RECEIPTS_WRITE
    tag = "receipts"

    @endpoint(
        "Send up to 10,000 receipts",
        body=bytes,
        media_type=NDJSON,
        limit=LARGEST_BATCH,
        answers={KNOWN: BatchOut},
    )
    def post(self, body: bytes) -> BatchOut:
        """One receipt a line (NDJSON). Unusable lines are told by number; the others are applied, all at once."""
        bodies.check_text(body)
        done = receiving.receive_batch(body.split(b"\n"), by=self.caller)
        errors = [BatchErrorOut(error.line, error.code, error.pointer, error.detail) for error in done.errors]
        return BatchOut(done.applied, done.duplicates, done.rejected, errors)


class Returns(ApiView):
    """What was brought back."""

    permission = Permission.POST_RECEIPTS
    scope = KeyScope.RECEIPTS_WRITE

    @endpoint(
        "Send a return",
        body=ReturnIn,
        documented=Return,
        answers={MADE: ReturnDone, KNOWN: ReturnDone},
        problems={409: "`return_conflict`: known under this source and external id with other content."},
        example={
            "source": "pos-12", "external_id": "2026-11-22-000007", "occurred_at": "2026-11-22T10:00:00+08:00",
            "store": "HARB", "receipt": {"source": "pos-12", "external_id": "2026-11-21-000123"},
            "lines": [{"line": 1, "quantity": "1", "amount": "17.90"}],
        },
    )  # fmt: skip
    def post(self, payload: ReturnIn) -> Answer:
        """May come before its receipt: then it waits. One of more than was bought is set aside with a reason."""
        done = receiving.receive_return(payload, by=self.caller)
        body = ReturnDone(
            id=done.public_id, customer=done.customer_public_id, state=cast(ReturnState, done.state.name.lower()),
            reason=done.reason, amount=decimal_text(done.cents, 2),
        )  # fmt: skip
        return Answer(body, MADE if done.is_new else KNOWN)
