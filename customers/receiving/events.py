"""Events in clean form: what the apply engine works on, whichever door they came through.

Money is in cents, quantities are in thousandths, times are instants; identifiers are normalised. Two events with the
same fingerprint say the same.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.lib import normalise
from crm.lib.money import MOST_CENTS
from crm.lib.refusals import Fault
from customers import identities
from customers.models import Channel
from customers.receiving.payloads import (
    ReceiptIn,
    ReceiptKeyIn,
    ReturnedLineIn,
    ReturnIn,
    receipt_of,
    return_of,
)
from customers.receiving.refusals import InvalidEvent

CHANNELS = {"store": Channel.STORE.value, "online": Channel.ONLINE.value}
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=2)  # a till's clock may be wrong, but not by a week
MOST_LINES = 2_000
MOST_PAYMENTS = 100
LONGEST = {"source": 40, "external_id": 120, "store": 32, "product": 64, "staff": 32, "method": 24}
STORE_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_MONEY = re.compile(r"(-?)(\d{1,10})(?:\.(\d{1,2}))?")
_MILLI = re.compile(r"(-?)(\d{1,9})(?:\.(\d{1,3}))?")


class Line(NamedTuple):
    number: int
    sku: str
    milli: int
    cents: int
    discount: int


class Receipt(NamedTuple):
    source: str
    external_id: str
    store: str
    channel: int
    occurred_at: datetime
    person: tuple[str, str] | None  # (kind, normalised value); None: a guest
    staff: str
    lines: list[Line]  # by number
    payments: list[tuple[str, int]]

    @property
    def cents(self) -> int:
        return sum(line.cents for line in self.lines)

    @property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)

    def fingerprint(self) -> bytes:
        who = f"{self.person[0]}:{self.person[1]}" if self.person else ""
        lines = ";".join([f"{n},{sku},{milli},{cents},{less}" for n, sku, milli, cents, less in self.lines])
        paid = ";".join([f"{method},{cents}" for method, cents in self.payments])
        return receipt_fingerprint(
            self.store, self.channel, micros(self.occurred_at), who, self.staff, paid, lines
        )


class ReturnedLine(NamedTuple):
    number: int
    milli: int
    cents: int


class Return(NamedTuple):
    source: str
    external_id: str
    store: str
    occurred_at: datetime
    of_source: str
    of_external_id: str
    lines: list[ReturnedLine]  # by number
    staff: str = ""

    @property
    def cents(self) -> int:
        return sum(line.cents for line in self.lines)

    def fingerprint(self) -> bytes:
        lines = ";".join([f"{n},{milli},{cents}" for n, milli, cents in self.lines])
        text = f"{self.store}|{micros(self.occurred_at)}|{self.of_source}|{self.of_external_id}|{lines}"
        if self.staff:
            text += f"|{self.staff}"
        return blake2b(text.encode(), digest_size=16).digest()

    def raw(self) -> ReturnIn:
        """As it would have come over the API."""
        return ReturnIn(
            self.source, self.external_id, self.store, self.occurred_at.astimezone(UTC).isoformat(),
            ReceiptKeyIn(self.of_source, self.of_external_id),
            [ReturnedLineIn(n, decimal_text(milli, 3), decimal_text(cents, 2)) for n, milli, cents in self.lines],
            staff=self.staff,
        )  # fmt: skip


def receipt_fingerprint(  # noqa: PLR0917  called once a receipt of millions; names would cost
    store: str, channel: int, at_micros: int, who: str, staff: str, paid: str, lines: str
) -> bytes:
    """16 bytes over a receipt's content. `lines`: "number,sku,milli,cents,discount" by number, joined by ";"."""
    text = f"{store}|{channel}|{at_micros}|{who}|{staff}|{paid}|{lines}"
    return blake2b(text.encode(), digest_size=16).digest()


def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def decimal_text(units: int, places: int) -> str:
    sign, units = ("-", -units) if units < 0 else ("", units)
    return f"{sign}{units // 10**places}.{units % 10**places:0{places}}"


def receipt(payload: ReceiptIn, *, countries: identities.Countries | None = None) -> Receipt:
    """The clean receipt. Raises InvalidEvent that names every wrong place."""
    clean = _Cleaner()
    made = Receipt(
        source=clean.text("/source", payload.source, "source"),
        external_id=clean.text("/external_id", payload.external_id, "external_id"),
        store=clean.store("/store", payload.store),
        channel=clean.channel("/channel", payload.channel),
        occurred_at=clean.instant("/occurred_at", payload.occurred_at),
        person=clean.person(payload.customer.kind, payload.customer.value, countries)
        if payload.customer
        else None,
        staff=clean.text("/staff", payload.staff, "staff", may_be_empty=True),
        lines=sorted(
            Line(
                clean.number(f"/lines/{i}/line", line.line),
                clean.text(f"/lines/{i}/product", line.product, "product"),
                clean.milli(f"/lines/{i}/quantity", line.quantity),
                clean.cents(f"/lines/{i}/amount", line.amount),
                clean.cents(f"/lines/{i}/discount", line.discount),
            )
            for i, line in enumerate(payload.lines)
        ),
        payments=[
            (
                clean.text(f"/payments/{i}/method", paid.method, "method"),
                clean.cents(f"/payments/{i}/amount", paid.amount, may_be_negative=True),
            )
            for i, paid in enumerate(payload.payments)
        ],
    )
    clean.numbering([line.number for line in made.lines])
    clean.total(made)
    clean.few_payments(made)
    clean.refuse()
    return made


def goods_return(payload: ReturnIn) -> Return:
    clean = _Cleaner()
    made = Return(
        source=clean.text("/source", payload.source, "source"),
        external_id=clean.text("/external_id", payload.external_id, "external_id"),
        store=clean.store("/store", payload.store),
        occurred_at=clean.instant("/occurred_at", payload.occurred_at),
        of_source=clean.text("/receipt/source", payload.receipt.source, "source"),
        of_external_id=clean.text("/receipt/external_id", payload.receipt.external_id, "external_id"),
        lines=sorted(
            ReturnedLine(
                clean.number(f"/lines/{i}/line", line.line),
                clean.milli(f"/lines/{i}/quantity", line.quantity),
                clean.cents(f"/lines/{i}/amount", line.amount),
            )
            for i, line in enumerate(payload.lines)
        ),
        staff=clean.text("/staff", payload.staff, "staff", may_be_empty=True),
    )
    clean.numbering([line.number for line in made.lines])
    clean.refuse()
    return made


class _Cleaner:
    """Collects faults, so that one answer names them all. A faulty value becomes one that is harmless till then."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def refuse(self) -> None:
        if self.faults:
            raise InvalidEvent(_("The event was not accepted."), faults=tuple(self.faults))

    def _fault(self, pointer: str, detail: str) -> None:
        self.faults.append(Fault(pointer, detail))

    def text(self, pointer: str, value: str, what: str, *, may_be_empty: bool = False) -> str:
        clean = value.strip()
        if not clean.isascii():
            clean = normalise.plain(clean)
        if not clean and not may_be_empty:
            self._fault(pointer, _("This is empty."))
        elif len(clean) > LONGEST[what]:
            self._fault(pointer, _("Longer than %(n)d characters.") % {"n": LONGEST[what]})
        elif not clean.isprintable():
            self._fault(pointer, _("Control characters are not allowed."))
        return clean

    def store(self, pointer: str, value: str) -> str:
        clean = normalise.plain(value)
        if not STORE_CODE.fullmatch(clean):
            self._fault(pointer, _("“%(code)s” is not a store code.") % {"code": clean[:40]})
        return clean

    def channel(self, pointer: str, value: str) -> int:
        found = CHANNELS.get(value)
        if found is None:
            self._fault(pointer, _("“%(value)s” is neither store nor online.") % {"value": value[:40]})
        return found or 1

    def instant(self, pointer: str, value: str) -> datetime:
        try:
            at = datetime.fromisoformat(normalise.plain(value))
        except ValueError:
            self._fault(pointer, _("“%(value)s” is no date and time that exists.") % {"value": value[:40]})
            return EARLIEST
        if at.tzinfo is None:
            self._fault(pointer, _("The offset from UTC is missing, as in 2026-11-21T18:03:11+08:00."))
            return EARLIEST
        if why := out_of_time(at):
            self._fault(pointer, why)
        return at

    def person(self, kind: str, value: str, countries: identities.Countries | None) -> tuple[str, str] | None:
        if kind not in identities.KINDS:
            self._fault("/customer/kind", _("“%(kind)s” is no kind of identifier.") % {"kind": kind[:40]})
            return None
        known_as = identities.normalised(kind, value, countries=countries)
        if known_as is None:
            words = _("This is no %(kind)s.") % {"kind": kind}
            self._fault("/customer/value", identities.fault(kind, value, words))
            return None
        return kind, known_as

    def number(self, pointer: str, value: int) -> int:
        if not 1 <= value <= 32_767:
            self._fault(pointer, _("Line numbers go from 1 to 32767."))
        return value

    def numbering(self, numbers: list[int]) -> None:
        if not numbers:
            self._fault("/lines", _("There is no line."))
        elif len(numbers) > MOST_LINES:
            self._fault("/lines", _("More than %(n)d lines.") % {"n": MOST_LINES})
        elif len(set(numbers)) != len(numbers):
            self._fault("/lines", _("Two lines have the same number."))

    def total(self, made: Receipt) -> None:
        if max(made.cents, made.discount) > MOST_CENTS:
            self._fault("/lines", _("The lines add up to more than an amount can be."))

    def few_payments(self, made: Receipt) -> None:
        if len(made.payments) > MOST_PAYMENTS:
            self._fault("/payments", _("More than %(n)d payments.") % {"n": MOST_PAYMENTS})

    def milli(self, pointer: str, value: str) -> int:
        try:
            milli = units(value, _MILLI, 3)
        except ValueError:
            self._fault(
                pointer, _("“%(value)s” is not a quantity with up to 3 decimals.") % {"value": value[:40]}
            )
            return 1
        if milli <= 0:
            self._fault(
                pointer, _("The quantity must be greater than zero; goods brought back are a return.")
            )
        return milli

    def cents(self, pointer: str, value: str, *, may_be_negative: bool = False) -> int:
        try:
            cents = units(value, _MONEY, 2)
        except ValueError:
            self._fault(
                pointer, _("“%(value)s” is not an amount with up to 2 decimals.") % {"value": value[:40]}
            )
            return 0
        if cents < 0 and not may_be_negative:
            self._fault(pointer, _("The amount must not be negative; goods brought back are a return."))
        return cents


def out_of_time(at: datetime, clock: Callable[[], datetime] = now) -> str:
    """Why an event cannot have happened then, or ""."""
    if at < EARLIEST:
        return str(_("Before 1990."))
    return str(_("In the future.")) if at > clock() + AHEAD else ""


def units(text: str, form: re.Pattern[str], places: int) -> int:
    """An integer of the smallest unit, exactly. Raises ValueError."""
    found = form.fullmatch(text) or form.fullmatch(normalise.plain(text))
    if not found:
        raise ValueError(text)
    value = int(found[2]) * 10**places + int((found[3] or "0").ljust(places, "0"))
    return -value if found[1] else value


def kept_return(raw: bytes) -> Return:
    """The return behind `Arrival.raw`. It was checked when it came."""
    kept = return_of(raw)
    return Return(
        kept.source, kept.external_id, kept.store, datetime.fromisoformat(kept.occurred_at),
        kept.receipt.source, kept.receipt.external_id,
        sorted(ReturnedLine(n.line, units(n.quantity, _MILLI, 3), units(n.amount, _MONEY, 2)) for n in kept.lines),
        kept.staff,
    )  # fmt: skip


def kept_receipt(raw: bytes) -> tuple[int, list[Line]]:
    """Channel and lines of the guest receipt behind `Arrival.raw`."""
    kept = receipt_of(raw)
    lines = [
        Line(n.line, n.product, units(n.quantity, _MILLI, 3), units(n.amount, _MONEY, 2), 0)
        for n in kept.lines
    ]
    return CHANNELS[kept.channel], lines


def cents(text: str) -> int:
    """ "35.80" is 3580. Raises ValueError."""
    return units(text, _MONEY, 2)


def milli(text: str) -> int:
    """ "1.5" is 1500. Raises ValueError."""
    return units(text, _MILLI, 3)
