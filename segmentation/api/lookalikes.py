"""Searching for look-alikes: starting a search, how it goes, and whom it found."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from crm.org.models import public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from segmentation.lookalikes import jobs, matches
from segmentation.lookalikes.words import Words
from segmentation.models import LookAlike

LOOKALIKE_ID = {"type": "string", "pattern": "^lka_[0-9a-z]{12}$"}
UNKNOWN = {404: "Unknown, or it looked at stores that the key does not see."}


class LookAlikeIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`seed` and `key` name the set: `group` and the group's id, `value_class` and 1 to 3, `cluster` and its id."""

    seed: Annotated[str, Meta(max_length=40)]
    key: Annotated[str, Meta(min_length=1, max_length=80)]
    among: Literal["new", "all"] = "new"
    most: Annotated[int, Meta(ge=jobs.MOST.start, le=jobs.MOST.stop - 1)] = 1000


class TrialOut(msgspec.Struct):
    """What a model showed on the third of the set that it had not seen; null where that cannot be measured.

    One that is not useful (its AUC is below 0.55, or its interval reaches 0.5) has ranked nobody.
    """

    members: int
    hidden: int
    auc: Annotated[float | None, Meta(description="Chance: 0.5.")]
    recall: Annotated[
        float | None, Meta(description="Of the hidden, above nine in ten of the others. Chance: 0.1.")
    ]
    strongest: list[str]
    left_out: list[str]
    interval: Annotated[list[float] | None, Meta(description="Of the AUC, 95 %.")] = None
    is_useful: bool = True


class LookAlikeOut(msgspec.Struct):
    """A search. `seed_size`, `found` and the trials are null until it is done, and where the set is too small."""

    id: str
    title: str
    seed: str
    key: str
    among: Literal["new", "all"]
    most: int
    state: Literal["queued", "running", "done", "quarantined", "cancelled"]
    created_at: datetime
    seed_size: int | None
    found: int | None
    behaviour: TrialOut | None
    profile: TrialOut | None


class MatchOut(msgspec.Struct):
    """`score`: 0 to 100, where 50 is as likely of the set as not. `shared`: codes; `words`: the same in words."""

    id: str
    rank: int
    score: int
    judged: Literal["behaviour", "profile"]
    shared: list[str]
    words: str


class MatchPage(msgspec.Struct):
    results: list[MatchOut]
    next: str | None


class LookAlikePage(msgspec.Struct):
    results: list[LookAlikeOut]
    next: str | None


class LookAlikes(ApiView):
    """Searches."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ
    tag = "segments"

    @endpoint("List searches for look-alikes", answers={200: LookAlikePage}, query=pages.PageQuery)
    def get(self) -> Any:
        """The newest first; those that looked at nothing but stores that the key sees."""
        after, limit = pages.position(self.query.cursor, pages.RowNumber), self.query.limit
        rows = matches.searches(self.caller)
        found = list((rows.filter(pk__lt=after[0]) if after else rows)[: limit + 1])
        counts = matches.counts(self.caller, found[:limit])
        shown = [_out(one, counts) for one in found[:limit]]
        return pages.page(self.request, shown, pages.cursor_after(found, limit, lambda one: (one.pk,)))

    @endpoint("Search for look-alikes", body=LookAlikeIn, answers={202: LookAlikeOut},
              permission=Permission.EDIT_SEGMENTS, scope=KeyScope.SEGMENTS_WRITE,
              problems={404: "`seed_unknown`: there is no such set.", 422: "`search_invalid`: no night has run yet."},
              example={"seed": "group", "key": "champions", "among": "new", "most": 1000})  # fmt: skip
    def post(self, told: LookAlikeIn) -> Answer:
        """In the stores that the key sees. It runs in the background: ask for it again until its state is `done`."""
        one = jobs.start(
            self.caller, seed=told.seed, key=told.key, among=told.among, most=told.most, by=self.caller.actor
        )
        return Answer(_out(one, {}), 202)


class LookAlikeSearch(ApiView):
    """One search."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ
    tag = "segments"
    parts = {"lookalike": LOOKALIKE_ID}

    @endpoint("Read a search for look-alikes", answers={200: LookAlikeOut}, problems=UNKNOWN)
    def get(self, lookalike: str) -> LookAlikeOut:
        """How far it is, and how well it finds members that it had not seen."""
        one = _named(self.caller, lookalike)
        return _out(one, matches.counts(self.caller, [one]))


class LookAlikeMatches(ApiView):
    """Whom a search found."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ
    tag = "segments"
    parts = {"lookalike": LOOKALIKE_ID}

    @endpoint("List look-alikes", answers={200: MatchPage}, query=pages.PageQuery, problems=UNKNOWN)
    def get(self, lookalike: str) -> Any:
        """The likest first, of the stores that the key sees."""
        one = _named(self.caller, lookalike)
        after = pages.position(self.query.cursor, pages.RowNumber)
        found = list(matches.ranked(self.caller, one, after[0] if after else 0)[: self.query.limit + 1])
        shown, encode = found[: self.query.limit], public_id("cus").encode
        told = Words(code for row in shown for code in row.shared)
        rows = [
            MatchOut(
                encode(row.customer_id), row.rank, row.score, "profile" if row.is_profile else "behaviour", row.shared,
                told.of(row.shared),
            )
            for row in shown
        ]  # fmt: skip
        return pages.page(
            self.request, rows, pages.cursor_after(found, self.query.limit, lambda row: (row.rank,))
        )


def _named(viewer: Any, code: str) -> LookAlike:
    found = matches.searches(viewer).filter(pk=LookAlike.row_id(code) or 0).first()
    if found is None:
        raise NotFound
    return found


def _out(one: LookAlike, counts: dict[int, int]) -> LookAlikeOut:
    """`counts`: of each search how many of those that it found the caller sees now."""
    figures: dict[str, Any] = one.figures
    trials = {name: msgspec.convert(part, TrialOut) for name, part in figures.get("models", {}).items()}
    found = counts.get(one.pk, 0) if "found" in figures else None
    return LookAlikeOut(
        one.public_id, matches.title_of(one), one.seed, one.key, one.among, one.most,  # type: ignore[arg-type]
        one.job.state if one.job else "cancelled", one.created_at, figures.get("seed"),  # type: ignore[arg-type]
        found, trials.get("behaviour"), trials.get("profile"),
    )  # fmt: skip
