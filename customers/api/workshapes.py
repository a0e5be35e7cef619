"""Follow-ups and notes as they go in and out. Staff are named by their employee number."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from customers.api.shapes import In, Moment

State = Literal["open", "snoozed", "done", "cancelled"]
KindCode = Annotated[
    str, Meta(min_length=1, max_length=32, description="Code of a kind of follow-up: call, visit …")
]


class WorkIn(In):
    """A new follow-up. Without `owner` it is anybody's of the customer's store."""

    kind: KindCode
    title: Annotated[str, Meta(min_length=1, max_length=160)]
    due_at: Moment
    owner: Annotated[str, Meta(max_length=32, description="Employee number.")] | None = None
    priority: Literal["high", "normal", "low"] = "normal"
    script: Annotated[str, Meta(max_length=4000)] = ""


Code = Annotated[str, Meta(max_length=32, description="Employee number; null: anybody of the store.")]


class WorkSeen(In):
    """What a follow-up was when its author looked."""

    title: Annotated[str, Meta(max_length=160)] | UnsetType = UNSET
    script: Annotated[str, Meta(max_length=4000)] | UnsetType = UNSET
    priority: Literal["high", "normal", "low"] | UnsetType = UNSET
    owner: Code | UnsetType | None = UNSET
    due_at: Moment | UnsetType = UNSET


class WorkChangeIn(WorkSeen):
    """Only what is named changes. `due_at` puts it off, to a time that is still to come; `promised_at` stays.

    `based_on`: what of it was seen before; a field that somebody else changed since is refused.
    """

    based_on: WorkSeen | UnsetType = UNSET


class ResultIn(In):
    """`again_at` is needed where the result makes a next follow-up ("call again")."""

    result: Annotated[str, Meta(min_length=1, max_length=32)]
    note: Annotated[str, Meta(max_length=2000)] = ""
    again_at: Moment | None = None


class WorkOut(Struct):
    id: str
    customer: str
    kind: str
    title: str
    due_at: datetime
    promised_at: datetime
    store: str | None
    owner: str | None
    priority: Literal["high", "normal", "low"]
    state: State
    result: str | None
    note: str
    next: str | None
    created_at: datetime
    ended_at: datetime | None


class WorkPage(Struct):
    results: list[WorkOut]
    next: str | None


class NoteIn(In):
    """`@` and a name or employee number mentions a colleague."""

    text: Annotated[str, Meta(min_length=1, max_length=4000)]


class NoteOut(Struct):
    id: str
    text: str
    author: str | None
    mentions: list[str]
    is_pinned: bool
    created_at: datetime
    edited_at: datetime | None


class NotePage(Struct):
    results: list[NoteOut]
    next: str | None
