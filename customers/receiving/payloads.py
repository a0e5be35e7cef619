"""The form in which other systems send receipts and returns (docs/api.md, "Receipts"). Unknown fields are refused."""

import re
from typing import TypeVar

import msgspec
from django.utils.translation import gettext as _

from crm.lib.refusals import Fault
from customers.receiving.refusals import InvalidEvent


class _Payload(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    pass


class WhoIn(_Payload):
    kind: str
    value: str


class LineIn(_Payload):
    line: int
    product: str
    quantity: str
    amount: str
    discount: str = "0"


class PaymentIn(_Payload):
    method: str
    amount: str


class ReceiptIn(_Payload):
    source: str
    external_id: str
    store: str
    occurred_at: str
    lines: list[LineIn]
    customer: WhoIn | None = None
    channel: str = "store"
    staff: str = ""
    payments: list[PaymentIn] = []


class ReceiptKeyIn(_Payload):
    source: str
    external_id: str


class ReturnedLineIn(_Payload):
    line: int
    quantity: str
    amount: str


class ReturnIn(_Payload):
    source: str
    external_id: str
    store: str
    occurred_at: str
    receipt: ReceiptKeyIn
    lines: list[ReturnedLineIn]
    staff: str = ""


Payload = TypeVar("Payload", ReceiptIn, ReturnIn)

_decode_receipt = msgspec.json.Decoder(ReceiptIn).decode
_decode_return = msgspec.json.Decoder(ReturnIn).decode
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"(?:missing required|contains unknown) field `([^`]+)`")


def receipt_of(body: bytes) -> ReceiptIn:
    """A JSON receipt. Raises InvalidEvent with a pointer to the first wrong place."""
    try:
        return _decode_receipt(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refusal(error) from None


def return_of(body: bytes) -> ReturnIn:
    try:
        return _decode_return(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refusal(error) from None


def _refusal(error: Exception) -> InvalidEvent:
    """msgspec says "Expected `str`, got `int` - at `$.lines[0].quantity`"; programs read "/lines/0/quantity"."""
    if not isinstance(error, msgspec.ValidationError):
        return InvalidEvent.at("", _("This is not JSON: %(why)s") % {"why": error})
    found = _PLACE.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    pointer = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path).replace(".", "/")
    if field := _FIELD.search(what):  # the fault is at the field, msgspec points at what should hold it
        pointer = f"{pointer}/{field[1]}"
    return InvalidEvent(_("The event was not accepted."), faults=(Fault(pointer, what),))
