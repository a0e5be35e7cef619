"""What the tracking script sends: from anybody's browser, so nothing of it is believed without a look.

A batch is taken when the site is known and on, the page is one of its domains, the visitor consented (where the site
asks for that) and the sender is no robot. Addresses are not kept, of the browser only its family. Times are told as
ages, so a wrong clock does no harm. What is wrong is counted by the day and not answered in detail.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from customers.events import inbox, kinds, marking, sitedays, tokens
from customers.events.payloads import CHANNELS, LARGEST_DATA, VISITOR, Clean
from customers.models import Site
from customers.receiving.database import in_transaction

LARGEST = 64 * 1024  # bytes of a body
MOST_EVENTS = 50
OLDEST = timedelta(days=30)  # what a browser kept while it was off-line
ROBOT = re.compile(
    r"bot|crawl|spider|slurp|external|embed|headless|lighthouse|preview|monitor|scan|curl|wget|python|java/|http|^$",
    re.I,
)
FAMILIES = (
    "Edg",
    "OPR",
    "MicroMessenger",
    "Firefox",
    "SamsungBrowser",
    "Chrome",
    "Safari",
)  # first that is named


class EventSent(msgspec.Struct, forbid_unknown_fields=True):
    i: Annotated[str, Meta(pattern="^[a-z0-9]{8,40}$")]
    k: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,31}$")]
    a: int  # when, by the browser's clock
    d: dict[str, Any] = {}


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """`k` the site's key, `v` the visitor, `c` 1 with consent, `s` the browser's clock now, `e` the events."""

    k: Annotated[str, Meta(max_length=40)]
    v: Annotated[str, Meta(max_length=64)]
    s: int
    e: Annotated[list[EventSent], Meta(min_length=1, max_length=MOST_EVENTS)]
    c: int = 0


@dataclass(frozen=True)
class Answer:
    """`status` of HTTP; `site` where it is known, so that its pages may read the answer."""

    status: int
    site: Site | None = None


_decode = msgspec.json.Decoder(Sent).decode


def allows(site: Site, origin: str) -> bool:
    """Whether a page of this origin belongs to the site: one of its domains, or below one."""
    host = urlsplit(origin).hostname or ""
    return any(host == domain or host.endswith(f".{domain}") for domain in site.domains)


def read(body: bytes) -> Sent | None:
    """What a browser sent; None when it is nothing of ours."""
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def take(sent: Sent, *, origin: str, agent: str, at: datetime) -> Answer:
    """Take what a browser sent at this moment."""
    site = Site.objects.select_related("store").filter(key=sent.k, is_on=True).first()
    if site is None or not allows(site, origin):
        return Answer(403)
    day = sitedays.Counts()
    if ROBOT.search(agent):
        day.robots = len(sent.e)
    elif site.requires_consent and not sent.c:
        day.without_consent = len(sent.e)
    elif not VISITOR.fullmatch(sent.v):
        day.reject(len(sent.e), "invalid_visitor")
    else:
        _take(site, sent, agent, at, day)
    sitedays.add(site, day, at)
    return Answer(204, site)


def _take(site: Site, sent: Sent, agent: str, at: datetime, day: sitedays.Counts) -> None:
    known = kinds.known()
    events = list(_clean(sent, known, family(agent), at, day))
    marks = list(_identified(sent, at, day))

    def work(cur: Any) -> inbox.Outcome:
        outcome = inbox.take(cur, site.source_code, events, by=f"site:{site.pk}")
        marking.identify(cur, sent.v, marks)
        return outcome

    for event in events:
        event.store = site.store.code if site.store else ""
    outcome = in_transaction(work)
    day.events = outcome.applied + len(marks)
    day.duplicates = outcome.duplicates
    for problem in outcome.errors:
        day.reject(1, problem.code)
    day.last_kind = sent.e[-1].k


def _clean(
    sent: Sent, known: frozenset[str], agent: str, at: datetime, day: sitedays.Counts
) -> Iterable[Clean]:
    for place, event in enumerate(sent.e):
        if event.k == "identify":
            continue
        when = _moment(sent, event, at)
        if when is None or len(msgspec.json.encode(event.d)) > LARGEST_DATA:
            day.reject(1, "invalid_event")
            continue
        try:
            data = kinds.cleaned(event.k, event.d)
        except msgspec.ValidationError:
            day.reject(1, "invalid_event")
            continue
        if event.k in kinds.SHAPES:
            data["agent"] = agent
        clean = Clean(place, event.i, event.k, when, CHANNELS["web"], visitor=sent.v, data=data)
        clean.reason = "" if event.k in known else "unknown_kind"
        said = [event.k, event.a, sent.v, event.d]  # as the browser says it, whenever it says it
        clean.print = blake2b(msgspec.json.encode(said, order="sorted"), digest_size=16).digest()
        yield clean


def _identified(sent: Sent, at: datetime, day: sitedays.Counts) -> Iterable[tuple[datetime, int]]:
    for event in sent.e:
        if event.k == "identify":
            who, when = tokens.customer_of(str(event.d.get("token", ""))), _moment(sent, event, at)
            if who is None or when is None:
                day.reject(1, "invalid_token")
            else:
                yield when, who


def _moment(sent: Sent, event: EventSent, at: datetime) -> datetime | None:
    """When it happened by our clock: as long before now as the browser says it was before its own now."""
    age = max(sent.s - event.a, 0)
    return at - timedelta(milliseconds=age) if age <= OLDEST.total_seconds() * 1000 else None


def family(agent: str) -> str:
    """The family of a browser, and nothing finer."""
    return next((name for name in FAMILIES if name in agent), "other")
