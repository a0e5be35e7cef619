"""Every touch of a customer, as a list."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from crm.org.models import Chain, public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import endpoint
from crm.rest.problems import InvalidInput, NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import timeline
from customers.api import profiles
from customers.api.customers import CUSTOMER_ID
from customers.api.shapes import Moment
from customers.models import Customer
from customers.timeline import Asked, Place, Touch

ChannelName = Literal["store", "web", "app", "phone", "email", "sms", "wechat", "other"]
SourceName = Annotated[str, Meta(pattern="^[a-z]{1,40}$")]
Number = Annotated[int, Meta(ge=0, lt=2**60)]


class TouchOut(msgspec.Struct):
    """One touch. `title` is for people, in the caller's language; `kind` and `data` are for programs."""

    id: str
    at: datetime
    kind: str
    group: str
    channel: str
    store: str
    title: str
    detail: str
    data: dict[str, Any]


class TouchPage(msgspec.Struct):
    results: list[TouchOut]
    next: str | None


class TimelineQuery(
    pages.PageQuery, forbid_unknown_fields=True, kw_only=True, rename={"since": "from", "until": "to"}
):
    """Which touches. `from` ≤ at < `to`."""

    kinds: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=200,
                description="Groups of touches, with commas between: purchase,web.",
            ),
        ]
        | None
    ) = None
    channel: ChannelName | None = None
    since: Moment | None = None
    until: Moment | None = None


class CustomerTimeline(ApiView):
    """Every touch of a customer, of every channel."""

    permission = Permission.VIEW_CUSTOMERS
    scope = KeyScope.CUSTOMERS_READ
    tag = "customers"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "List a customer's touches", answers={200: TouchPage}, query=TimelineQuery,
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
    )  # fmt: skip
    def get(self, customer: str) -> Any:
        """Newest first: purchases, returns, stages, messages, visits, notes, consents and what other parts add."""
        number = Customer.row_id(customer)
        owner = profiles.visible_id(number, self.caller) if number is not None else None
        if owner is None:
            raise NotFound
        query = self.query
        after = pages.position(query.cursor, datetime, SourceName, Number)
        asked = Asked(
            self.caller, Chain.current(), Customer(pk=owner), groups=self._groups(query.kinds),
            channels=frozenset(filter(None, [query.channel])), since=query.since, until=query.until,
            after=_place(after), limit=query.limit,
        )  # fmt: skip
        found = timeline.page(asked)
        return pages.page(
            self.request, [_shown(one) for one in found.touches], found.next and pages.cursor_of(*found.next)
        )

    @staticmethod
    def _groups(kinds: str | None) -> frozenset[str]:
        wanted = frozenset(kinds.split(",")) if kinds else frozenset()
        if unknown := wanted - timeline.GROUPS.keys():
            known = ", ".join(timeline.GROUPS)
            raise InvalidInput.at("kinds", f"No such group: {', '.join(sorted(unknown))}. There are {known}.")
        return wanted


def _place(after: tuple[Any, ...] | None) -> Place | None:
    if after is None:
        return None
    if after[0].tzinfo is None:
        raise InvalidInput.at("cursor", "Unknown cursor.")
    return Place(*after)


def _shown(one: Touch) -> TouchOut:
    key = public_id("tch").encode(one.number).removeprefix("tch_")
    return TouchOut(
        f"{one.source}_{key}", one.at, one.kind, one.group, one.channel, one.store, str(one.title), str(one.detail),
        dict(one.data),
    )  # fmt: skip
