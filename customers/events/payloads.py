"""The form in which events come, and their clean form. Unknown fields are refused; every fault says its place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from django.utils.timezone import now
from django.utils.translation import gettext as _
from msgspec import Meta

from customers import identities
from customers.events import kinds
from customers.models import LONGEST_VISITOR, IdentityKind, TouchChannel

CHANNELS = {channel.name.lower(): channel for channel in TouchChannel}
LARGEST_DATA = 4096  # bytes of JSON
OLDEST = timedelta(days=3 * 366)
AHEAD = timedelta(days=2)  # a clock may be wrong, but not by a week
VISITOR = re.compile(rf"[A-Za-z0-9_-]{{8,{LONGEST_VISITOR}}}")


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    pass


class WhoIn(_Payload):
    kind: str
    value: Annotated[str, Meta(min_length=1, max_length=190)]
    name: Annotated[str, Meta(max_length=120)] = ""
    birthday: date | None = None


class EventIn(_Payload):
    id: Annotated[str, Meta(min_length=1, max_length=120)]
    kind: Annotated[str, Meta(min_length=1, max_length=32)]
    occurred_at: Annotated[datetime, Meta(tz=True)]
    customer: WhoIn | None = None
    visitor: str = ""
    channel: str = "web"
    store: Annotated[str, Meta(max_length=32)] = ""
    data: dict[str, Any] = {}


class BatchIn(_Payload):
    source: Annotated[str, Meta(min_length=1, max_length=40)]
    events: list[msgspec.Raw]


@dataclass(frozen=True)
class Problem:
    """What is wrong with one event. `place` counts from 0; `pointer` is within the event."""

    place: int
    code: str
    pointer: str
    detail: str


@dataclass
class Clean:
    """An event as the inbox works on it. `person`: (kind, normalised value); `customer_id`: known without asking;
    `name`, `birthday`: of the person, to be compared and not kept."""

    place: int
    id: str
    kind: str
    at: datetime
    channel: int
    person: tuple[str, str] | None = None
    customer_id: int | None = None
    name: str = ""
    birthday: date | None = None
    visitor: str = ""
    store: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    reason: str = ""  # why it is set aside
    owner: int | None = None  # whose it is, by itself or by its visitor
    told: int | None = (
        None  # whom it names, before any merge: kept, so that it can go along when one is undone
    )
    is_withheld: bool = False  # the owner said no to profiling
    print: bytes = b""

    def fingerprint(self) -> bytes:
        """16 bytes over what it says, however it was written."""
        who = f"{self.person[0]}:{self.person[1]}" if self.person else str(self.customer_id or "")
        said = [self.kind, self.at.astimezone(UTC).isoformat(), self.channel, who, self.visitor, self.store]
        return blake2b(msgspec.json.encode([*said, self.data], order="sorted"), digest_size=16).digest()


_decode = msgspec.json.Decoder(EventIn).decode
_decode_batch = msgspec.json.Decoder(BatchIn)


def read(raws: Iterable[bytes | msgspec.Raw], known: frozenset[str]) -> tuple[list[Clean], list[Problem]]:
    """Clean events and what is wrong with the others. `known`: the kinds that are accepted."""
    good, bad = [], []
    countries, moment = identities.chain_countries(), now()
    for place, raw in enumerate(raws):
        try:
            good.append(_clean(place, _decode(raw), known, countries, moment))
        except _Wrong as wrong:
            bad.append(Problem(place, wrong.code, wrong.pointer, wrong.detail))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            pointer, detail = located(error)
            bad.append(Problem(place, "invalid_event", pointer, detail))
    return good, bad


class _Wrong(Exception):
    def __init__(self, pointer: str, detail: str, code: str = "invalid_event") -> None:
        super().__init__(detail)
        self.pointer, self.detail, self.code = pointer, detail, code


def _clean(
    place: int, event: EventIn, known: frozenset[str], countries: identities.Countries, moment: datetime
) -> Clean:
    if not event.id.isprintable() or "\0" in event.id:
        raise _Wrong("/id", _("Printable characters only."))
    if event.channel not in CHANNELS:
        raise _Wrong("/channel", _("One of: %(words)s.") % {"words": ", ".join(CHANNELS)})
    oldest = (
        kinds.web_days() if event.kind in kinds.forgotten() and event.channel in {"web", "app"} else OLDEST
    )
    if not moment - oldest <= event.occurred_at <= moment + AHEAD:
        raise _Wrong("/occurred_at", _("Too long ago, or not yet."))
    if event.customer is None and not event.visitor:
        raise _Wrong("", _("Say whose it is: a customer, a visitor or both."))
    if event.visitor and not VISITOR.fullmatch(event.visitor):
        raise _Wrong("/visitor", _("8 to 64 letters, digits, dashes."))
    clean = Clean(
        place, event.id, event.kind, event.occurred_at.astimezone(UTC), CHANNELS[event.channel],
        _person(event, countries), visitor=event.visitor, store=event.store, data=_data(event, known),
    )  # fmt: skip
    if event.customer:
        clean.name, clean.birthday = event.customer.name, event.customer.birthday
    clean.reason = "" if event.kind in known else "unknown_kind"
    clean.print = clean.fingerprint()
    return clean


def _person(event: EventIn, countries: identities.Countries) -> tuple[str, str] | None:
    if event.customer is None:
        return None
    kind, value = event.customer.kind, event.customer.value
    if kind == IdentityKind.DEVICE:
        raise _Wrong("/customer/kind", _("A device is a visitor: name it there."))
    if kind not in identities.KINDS:
        raise _Wrong("/customer/kind", _("There is no such kind of identifier."))
    known_as = identities.normalised(kind, value, countries=countries)
    if known_as is None:
        words = _("This is no %(kind)s.") % {"kind": kind}
        raise _Wrong("/customer/value", identities.fault(kind, value, words))
    return kind, known_as


def _data(event: EventIn, known: frozenset[str]) -> dict[str, Any]:
    """Data of a kind that nobody knows yet is kept as the chain's own kinds are: small and flat."""
    if not kinds.CODE.fullmatch(event.kind):
        raise _Wrong("/kind", _("Small letters, digits, underscore."), "unknown_kind")
    if len(msgspec.json.encode(event.data)) > LARGEST_DATA:
        raise _Wrong("/data", _("At most %(n)d bytes.") % {"n": LARGEST_DATA})
    try:
        return kinds.cleaned(event.kind, event.data)
    except msgspec.ValidationError as error:
        pointer, detail = located(error)
        raise _Wrong(f"/data{pointer}", detail) from None


_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"(?:missing required|contains unknown) field `([^`]+)`")


def located(error: Exception) -> tuple[str, str]:
    """msgspec's sentence as a JSON pointer and what is wrong there; never the value itself."""
    if not isinstance(error, msgspec.ValidationError):
        return "", _("This is not JSON.")
    found = _PLACE.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    pointer = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path).replace(".", "/")
    if name := _FIELD.search(what):
        pointer = f"{pointer}/{name[1]}"
    return pointer.replace("///", "/…"), f"{what}."
