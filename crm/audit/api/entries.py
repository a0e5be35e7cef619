"""The trail as a list: who did what to which record, with the filters of its page."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from django.db.models import QuerySet
from msgspec import Meta

from crm.audit import values, words
from crm.audit.models import Entry
from crm.org.models import Staff, Store
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import endpoint
from crm.rest.problems import InvalidInput
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView

ChannelName = Literal["page", "api", "command", "job", "database"]
Moment = Annotated[datetime, Meta(tz=True, description="ISO 8601 with an offset.")]


class EntryQuery(
    pages.PageQuery, forbid_unknown_fields=True, kw_only=True, rename={"since": "from", "until": "to"}
):
    """Which acts. `from` ≤ at < `to`."""

    record: (
        Annotated[str, Meta(max_length=80, description="A public id (cus_…), or kind:number (org.store:3).")]
        | None
    ) = None
    actor: (
        Annotated[
            str,
            Meta(
                pattern="^[a-z_]+(:[A-Za-z0-9_.-]+)?$",
                max_length=80,
                description="staff:12, key:3; all of a kind: system.",
            ),
        ]
        | None
    ) = None  # fmt: skip
    action: (
        Annotated[str, Meta(pattern="^[a-z_]+([.][a-z_]+)+$", max_length=64, description="customer.change")]
        | None
    ) = None
    store: Annotated[str, Meta(min_length=1, max_length=32, description="Code.")] | None = None
    channel: ChannelName | None = None
    since: Moment | None = None
    until: Moment | None = None


class EntryOut(msgspec.Struct):
    """`changes`: by field, what it was and what it became; of a personal value only a digest, `{"#": …}`.

    `kind` and `record`: of what, and its public id or number. `staff`: the employee number, where a person did it.
    """

    id: int
    at: datetime
    actor: str
    staff: str | None
    action: str
    kind: str
    record: str
    store: str | None
    channel: str
    address: str
    agent: str
    request_id: str
    details: dict[str, Any]
    changes: dict[str, Any]


class EntryPage(msgspec.Struct):
    results: list[EntryOut]
    next: str | None


class Trail(ApiView):
    """What was done in the stores that the key sees; a key of the whole chain also sees what is of no store."""

    permission = Permission.VIEW_AUDIT
    scope = KeyScope.AUDIT_READ
    tag = "audit"

    @endpoint("List what was done", answers={200: EntryPage}, query=EntryQuery)
    def get(self) -> Any:
        """The newest first. A record, person or store that the key does not see can be named, and nothing is found."""
        before = pages.position(self.query.cursor, pages.RowNumber)
        rows = _asked(Entry.objects.visible_to(self.caller).defer("signature"), self.query)
        if before:
            rows = rows.filter(pk__lt=before[0])
        found = list(rows.order_by("-pk")[: self.query.limit + 1])
        shown = found[: self.query.limit]
        people = Staff.objects.visible_to(self.caller).filter(pk__in=_numbers_of_staff(shown))
        codes = dict(people.values_list("pk", "code"))
        stores = dict(Store.objects.filter(pk__in={one.store_id for one in shown}).values_list("pk", "code"))
        after = pages.cursor_after(found, self.query.limit, lambda one: (one.pk,))
        return pages.page(self.request, [_out(one, codes, stores) for one in shown], after)


def _asked(rows: QuerySet[Entry], asked: EntryQuery) -> QuerySet[Entry]:
    if asked.since and asked.until and asked.since >= asked.until:
        raise InvalidInput.at("to", "This is not later than `from`.")
    if asked.record is not None:
        rows = rows.filter(subject=_subject(asked.record))
    if asked.actor is not None:
        whole = ":" in asked.actor
        rows = rows.filter(actor=asked.actor) if whole else rows.filter(actor__startswith=f"{asked.actor}:")
    if asked.store is not None:
        rows = rows.filter(store_id__in=Store.objects.filter(code=asked.store).values("pk"))
    wanted = {
        "action": asked.action, "channel": asked.channel,
        "recorded_at__gte": asked.since, "recorded_at__lt": asked.until,
    }  # fmt: skip
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None})


def _subject(told: str) -> str:
    subject = words.number_of(told)
    kind, colon, number = subject.partition(":")
    if not colon or not number or values.model_of(kind) is None:
        raise InvalidInput.at("record", "This is no record: give its public id, or kind:number.")
    return subject


def _numbers_of_staff(shown: list[Entry]) -> set[int]:
    return {int(number) for one in shown if (number := _number_of_staff(one.actor))}


def _number_of_staff(actor: str) -> str:
    kind, _colon, number = actor.partition(":")
    return number if kind == "staff" and number.isdecimal() else ""


def _out(one: Entry, codes: dict[int, str], stores: dict[int, str]) -> EntryOut:
    kind, _colon, number = one.subject.partition(":")
    model = values.model_of(kind)
    name = (
        str(getattr(model(pk=int(number)), "public_id", number)) if model and number.isdecimal() else number
    )
    return EntryOut(
        one.pk, one.recorded_at, one.actor, codes.get(int(_number_of_staff(one.actor) or 0)), one.action, kind, name,
        stores.get(one.store_id or 0), one.channel, one.address, one.agent, one.request_id, one.details, one.changes,
    )  # fmt: skip
