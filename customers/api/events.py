"""Events of web, app and other systems come in."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from crm.org.permissions import Permission
from crm.rest import bodies
from crm.rest.endpoints import endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import identities
from customers.api.shapes import IdentityIn, In, Moment, Source, StoreCode
from customers.events import inbox, tokens
from customers.events.payloads import BatchIn
from customers.models import Identity

LARGEST_BATCH = 4 * 1024 * 1024
EXAMPLE = {
    "source": "shop",
    "events": [
        {
            "id": "e-1029", "kind": "product", "occurred_at": "2026-11-21T18:03:11+08:00", "channel": "web",
            "visitor": "k3v9x2m4q7w8", "data": {"product": "SKU1", "price": "35.80"},
        },
        {
            "id": "e-1030", "kind": "sign_up", "occurred_at": "2026-11-21T18:05:40+08:00", "visitor": "k3v9x2m4q7w8",
            "customer": {"kind": "phone", "value": "+8613800138000"},
        },
    ],
}  # fmt: skip


class WhoIn(IdentityIn):
    """An identifier. Beside a phone or e-mail a name and a birthday say whether it is still that person's; they are
    compared and not kept."""

    name: Annotated[str, Meta(max_length=120)] = ""
    birthday: date | None = None


class Event(In):
    """One event. Known for ever by the batch's `source` and its `id`. Names a customer, a visitor or both."""

    id: Annotated[str, Meta(min_length=1, max_length=120)]
    kind: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,31}$", description="See docs/api.md, “Events”.")]
    occurred_at: Moment
    customer: WhoIn | None = None
    visitor: Annotated[str, Meta(pattern="^([A-Za-z0-9_-]{8,64})?$", description="A browser or device.")] = ""
    channel: Annotated[str, Meta(pattern="^(store|web|app|phone|email|sms|wechat|other)$")] = "web"
    store: StoreCode | None = None
    data: Annotated[dict[str, Any], Meta(description="By kind; at most 4 kB.")] = {}


class EventBatch(In):
    source: Source
    events: Annotated[list[Event], Meta(max_length=inbox.MOST_EVENTS)]


class EventProblem(msgspec.Struct):
    """What is wrong with one event: `pointer` leads into the body."""

    code: str
    pointer: str
    detail: str


class EventsDone(msgspec.Struct):
    """`applied` + `duplicates` + `rejected` = events sent."""

    applied: int
    duplicates: int
    rejected: int
    errors: list[EventProblem]


class TokenIn(In):
    """The customer who is signed in at the shop."""

    customer: IdentityIn


class TokenDone(msgspec.Struct):
    token: str
    expires_at: datetime


_batch = msgspec.json.Decoder(BatchIn)


class Events(ApiView):
    """What customers and visitors do on the web, in apps and anywhere else."""

    permission = Permission.POST_EVENTS
    scope = KeyScope.EVENTS_WRITE

    @endpoint(
        "Send up to 1,000 events",
        body=bytes,
        documented=EventBatch,
        limit=LARGEST_BATCH,
        answers={200: EventsDone},
        problems={413: "`too_many_events`"},
        example=EXAMPLE,
    )
    def post(self, body: bytes) -> EventsDone:
        """The same id with the same content again counts as a duplicate; with other content it is an error,
        `event_conflict`. Events of an unknown kind or store are told and kept aside; they can be applied later. One
        whose name or birthday says that the phone or e-mail is another person's by now is refused: `other_name`,
        `other_birthday`.
        """
        batch = bodies.decode(body, _batch)
        done = inbox.receive(batch.source, batch.events, by=self.caller)
        errors = [
            EventProblem(problem.code, f"/events/{problem.place}{problem.pointer}", problem.detail)
            for problem in done.errors
        ]
        return EventsDone(done.applied, done.duplicates, done.rejected, errors)


class EventTokens(ApiView):
    """What the tracking script shows to say who its visitor is."""

    permission = Permission.POST_EVENTS
    scope = KeyScope.EVENTS_WRITE
    tag = "events"
    writes = False

    @endpoint(
        "Make a token for a customer",
        body=TokenIn,
        answers={200: TokenDone},
        problems={404: "Nobody has this identifier."},
        example={"customer": {"kind": "phone", "value": "+8613800138000"}},
    )
    def post(self, asked: TokenIn) -> TokenDone:
        """For a page that this customer alone sees: it holds a signed id and no phone. It works for a day."""
        values = identities.readings(asked.customer.kind, asked.customer.value)
        known = Identity.objects.filter(kind=asked.customer.kind, value__in=values)
        found = known.select_related("customer").order_by("pk").first()
        if found is None:
            raise NotFound("Nobody has this identifier.")
        token, expires_at = tokens.make(found.customer)
        return TokenDone(token, expires_at)
