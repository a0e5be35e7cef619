"""The timeline: every touch of a customer, in every channel, in one stream with the newest first.

A *source* is one table whose rows are touches (purchases, notes, consents, …). Apps register theirs from
`AppConfig.ready()`; this module knows none of them. However many there are, a page is one statement: each source is a
branch of it that stops after a page, and the database merges the branches.

The order is total: (at, source, number), all falling. A place in it is a *cursor*; the next page begins right after it,
so what comes in meanwhile neither repeats nor hides a touch. See docs/algorithms/timeline.md.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, CharField, F, JSONField, Q, QuerySet, Value, When
from django.db.models.functions import JSONObject
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.org.models import Chain
from crm.org.permissions import Permission
from crm.org.scope import Viewer
from customers.compiled import compiled
from customers.models import Customer

SIZE = 25
Words = str | Promise

# What filters offer. A source names the groups that its touches may be of.
GROUPS: dict[str, Words] = {
    "purchase": _("Purchases"),
    "life": _("Life with us"),
    "store": pgettext_lazy("in a store", "Visits"),
    "web": _("Web and app"),
    "message": _("Messages and calls"),
    "service": _("Notes and tasks"),
    "account": _("Account"),
    "consent": _("Consent"),
    "points": _("Points and coupons"),
    "complaint": _("Complaints"),
}
CHANNELS: dict[str, Words] = {
    "store": _("Store"),
    "web": _("Web"),
    "app": _("App"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "sms": _("SMS"),
    "wechat": _("WeChat"),
    "other": _("Other"),
}


class Place(NamedTuple):
    """Where a touch stands in the stream."""

    at: datetime
    source: str
    number: int


class Row(NamedTuple):
    """What the statement gives of a touch: `channel` as in CHANNELS, or ""; `data` as the source asked for it."""

    at: datetime
    source: str
    number: int
    kind: str
    channel: str
    data: dict[str, Any]

    @property
    def place(self) -> Place:
        return Place(self.at, self.source, self.number)


@dataclass(frozen=True)
class Touch:
    """One touch, in words. `unfolds`: address of a fragment with its details; `url`: of the page behind it.

    `is_whole_day`: nobody knows the hour.
    """

    at: datetime
    kind: str
    group: str
    title: Words
    detail: Words = ""
    icon: str = "point"
    tone: str = ""
    unfolds: str = ""
    url: str = ""
    channel: str = ""
    store: str = ""
    is_whole_day: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)  # for programs
    source: str = ""
    number: int = 0

    @property
    def key(self) -> str:
        """Names the touch on a page."""
        return f"{self.source}-{self.number}"

    @property
    def channel_name(self) -> Words:
        return CHANNELS.get(self.channel, "")


@dataclass(frozen=True)
class Asked:
    """A question to the timeline. Empty `groups` and `channels` are all; `since` ≤ at < `until`."""

    viewer: Viewer
    chain: Chain
    customer: Customer
    groups: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    after: Place | None = None
    limit: int = SIZE

    def wants(self, *groups: str) -> bool:
        """Whether any of these groups was asked for."""
        return not self.groups or not self.groups.isdisjoint(groups)

    @property
    def is_beginning(self) -> bool:
        """Whether it asks from now on, without a bound of time."""
        return not (self.since or self.until or self.after)

    @property
    def bound(self) -> datetime | None:
        """No touch of this page is later than that."""
        return min(filter(None, (self.until, self.after and self.after.at)), default=None)


Channelled = str | tuple[str, Mapping[Any, str]]


def branch(
    asked: Asked,
    rows: QuerySet[Any],
    *,
    source: str,
    at: str,
    kind: Any,
    number: str = "pk",
    channel: Channelled = "",
    data: Mapping[str, Any] | None = None,
) -> QuerySet[Any] | None:
    """A source's branch of the statement: `rows` (already those of `asked.customer`) from the cursor on, a page long.

    `at` and `number` name a column or an annotation; together they are unique in the source. `kind` is a word or an
    expression. `channel` is one of CHANNELS, or a column with what its values mean. `data`: name to expression, kept as
    JSON (money: cast to text).
    """
    if isinstance(channel, str):
        if asked.channels and channel not in asked.channels:
            return None
    elif asked.channels:
        column, names = channel
        rows = rows.filter(
            **{f"{column}__in": [value for value, name in names.items() if name in asked.channels]}
        )
    rows = rows.filter(_from_here(asked, source, at, number))
    columns = {
        "touch_at": F(at),
        "touch_source": Value(source, CharField()),
        "touch_number": F(number),
        "touch_kind": Value(kind, CharField()) if isinstance(kind, str) else kind,
        "touch_channel": _channel(channel),
        "touch_data": JSONObject(**data) if data else Value({}, JSONField()),
    }
    listed = rows.order_by(f"-{at}", f"-{number}").annotate(**columns).values_list(*columns)
    return listed[: asked.limit + 1]


def _channel(channel: Channelled) -> Any:
    if isinstance(channel, str):
        return Value(channel, CharField())
    column, names = channel
    whens = [When(**{column: value}, then=Value(name)) for value, name in names.items()]
    return Case(*whens, default=Value(""), output_field=CharField())


def _from_here(asked: Asked, source: str, at: str, number: str) -> Q:
    """What of this source stands after the cursor and inside the period."""
    here = Q()
    if asked.since:
        here &= Q(**{f"{at}__gte": asked.since})
    if asked.until:
        here &= Q(**{f"{at}__lt": asked.until})
    if after := asked.after:
        if source > after.source:
            here &= Q(**{f"{at}__lt": after.at})
        else:
            here &= Q(**{f"{at}__lte": after.at})
        if source == after.source:
            here &= Q(**{f"{at}__lt": after.at}) | Q(**{f"{number}__lt": after.number})
    return here


@dataclass(frozen=True)
class TimelineSource:
    """One table of touches. `rows` gives its `branch` (or None: nothing to ask); `touch` puts a row into words.

    `name`: letters only, and for good: it stands in cursors. `groups`: all that its touches may be of; a source with
    several leaves those out that are not `wanted`. Neither function may query beside the branch.
    """

    name: str
    groups: Callable[[], frozenset[str]] | tuple[str, ...]
    rows: Callable[[Asked], QuerySet[Any] | None]
    touch: Callable[[Asked, Row], Touch]
    permission: Permission = Permission.VIEW_CUSTOMERS

    def kinds(self) -> frozenset[str]:
        """Its groups, as of now: others may register more."""
        return frozenset(self.groups() if callable(self.groups) else self.groups)


_sources: dict[str, TimelineSource] = {}


def register(source: TimelineSource) -> None:
    """Add a source; called from `AppConfig.ready()`. The same name replaces."""
    if not re.fullmatch("[a-z]+", source.name):
        raise ValueError(f"{source.name!r}: letters only, so that every collation orders names alike")
    _sources[source.name] = source


def groups(viewer: Viewer) -> dict[str, Words]:
    """What this person can filter by: the groups that some source gives."""
    given = {name for one in _sources.values() if viewer.may(one.permission) for name in one.kinds()}
    return {name: label for name, label in GROUPS.items() if name in given}


@dataclass(frozen=True)
class Page:
    """Some touches, newest first; `next` is the cursor of the page after it (None: this is the last)."""

    touches: list[Touch]
    next: Place | None


def page(asked: Asked) -> Page:
    """One page of the stream, in one statement."""
    sources = [
        one for one in _sources.values() if asked.wants(*one.kinds()) and asked.viewer.may(one.permission)
    ]
    found = _beginning(asked, sources) if asked.is_beginning else _rows(_merged(asked, sources))
    shown = found[: asked.limit]
    more = shown[-1].place if len(found) > asked.limit else None
    return Page([_in_words(asked, row) for row in shown], more)


def _beginning(asked: Asked, sources: list[TimelineSource]) -> list[Row]:
    """The first page, which stands on the customer's page: its statement is the same for everybody."""
    key = ("timeline", *sources, asked.groups, asked.channels, asked.limit, asked.chain.timezone)
    statement = compiled(key, lambda anyone: _merged(replace(asked, customer=anyone), sources))
    found = statement.rows(asked.customer.pk) if statement else []
    return [Row._make((*touch, json.loads(data))) for *touch, data in found]


def _rows(merged: QuerySet[Any] | None) -> list[Row]:
    return [] if merged is None else [Row(*row) for row in merged]


def _merged(asked: Asked, sources: list[TimelineSource]) -> QuerySet[Any] | None:
    """A page and one more; None: no source has anything to ask."""
    branches = [rows for one in sources if (rows := one.rows(asked)) is not None]
    if not branches:
        return None
    first, *others = branches
    order = ("-touch_at", "-touch_source", "-touch_number")
    merged = first.union(*others, all=True).order_by(*order) if others else first
    return merged[: asked.limit + 1]


def _in_words(asked: Asked, row: Row) -> Touch:
    touch = _sources[row.source].touch(asked, row)
    return replace(touch, source=row.source, number=row.number, data=touch.data or row.data)
