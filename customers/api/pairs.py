"""The queue of possible duplicates: pairs with their score and reasons, and what is decided about one."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from django.db.models import Q
from django.utils.timezone import now
from msgspec import Meta

from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api.duplicates import ReasonOut
from customers.api.shapes import In
from customers.matching import pairs
from customers.models import Customer, DuplicatePair, PairState

PAIR_ID = {"type": "string", "pattern": "^cus_[0-9a-z]{12}[.]cus_[0-9a-z]{12}$"}
State = Literal["open", "dismissed", "merged"]
Score = Annotated[int, Meta(ge=0, le=100)]


class PairQuery(pages.PageQuery, forbid_unknown_fields=True, kw_only=True):
    """Which pairs."""

    state: Annotated[State, Meta(description="dismissed: different people.")] = "open"
    min_score: Score = 0


class DecisionIn(In):
    """`dismissed`: different people. `merged`: one person, merged into whom the page would suggest."""

    decision: Literal["dismissed", "merged"]


class SideOut(msgspec.Struct):
    id: str
    home_store: str | None


class PairOut(msgspec.Struct):
    """`conflict`: why the two are never joined without asking. `decided_by`: who, as the trail names them;
    of an open pair, who did before the facts changed or the merge was taken back."""

    id: str
    first: SideOut
    second: SideOut
    score: int
    reasons: list[ReasonOut]
    conflict: str
    state: State
    found_at: datetime
    decided_at: datetime | None
    decided_by: str


class PairPage(msgspec.Struct):
    results: list[PairOut]
    next: str | None


class _OfQueue(ApiView):
    permission = Permission.MERGE_CUSTOMERS
    scope = KeyScope.CUSTOMERS_MERGE
    tag = "duplicates"

    def seen(self) -> Any:
        """Pairs of which the key sees both sides."""
        rows = DuplicatePair.objects.visible_to(self.caller)
        return rows.select_related("first__home_store", "second__home_store")


class Pairs(_OfQueue):
    """Pairs of customers who may be one person."""

    @endpoint("List possible duplicates", answers={200: PairPage}, query=PairQuery)
    def get(self) -> Any:
        """The surest first. Facts of the two are read with `customers:read`."""
        after = pages.position(self.query.cursor, Score, pages.RowNumber)
        rows = self.seen().filter(score__gte=self.query.min_score)
        rows = rows.waiting() if self.query.state == PairState.OPEN else rows.filter(state=self.query.state)
        if after:
            rows = rows.filter(Q(score__lt=after[0]) | Q(score=after[0], pk__gt=after[1]))
        found, limit = list(rows.order_by("-score", "pk")[: self.query.limit + 1]), self.query.limit
        following = pages.cursor_after(found, limit, lambda one: (one.score, one.pk))
        return pages.page(self.request, [_out(one) for one in found[:limit]], following)


class PairDecision(_OfQueue):
    """What was decided about a pair."""

    parts = {"pair": PAIR_ID}

    @endpoint(
        "Decide about a pair", body=DecisionIn, answers={200: PairOut}, example={"decision": "dismissed"},
        problems={404: "Unknown, or not for this key.",
                  409: "`pair_decided`: otherwise, by somebody else; `cannot_merge`, `identifiers_conflict`."},
    )  # fmt: skip
    def post(self, told: DecisionIn, pair: str) -> PairOut:
        """The same decision again changes nothing. To choose who stays and whose facts, merge the two instead."""
        act = {PairState.DISMISSED: pairs.dismiss, PairState.MERGED: pairs.join}[PairState(told.decision)]
        return self._decided(pair, told.decision, lambda found: act(found, by=self.caller, at=now()))

    @endpoint(
        "Take a decision back", answers={200: PairOut},
        problems={404: "Unknown, or not for this key.", 409: "`cannot_undo_merge`: see undoing a merge."},
    )  # fmt: skip
    def delete(self, pair: str) -> PairOut:
        """The pair is open again; if it was merged, the merge is undone. An open pair stays open."""
        return self._decided(pair, PairState.OPEN, self._take_back)

    def _take_back(self, found: DuplicatePair) -> None:
        if found.state == PairState.MERGED:
            pairs.part(found, by=self.caller, at=now())
        else:
            pairs.reopen(found, by=self.caller)

    def _decided(self, pair: str, wanted: str, act: Callable[[DuplicatePair], Any]) -> PairOut:
        found = self._pair(pair)
        if found.state != wanted:
            try:
                act(found)
            except pairs.PairDecided:
                if self._pair(pair).state != wanted:  # else somebody did the same a moment before
                    raise
        return _out(self._pair(pair))

    def _pair(self, told: str) -> DuplicatePair:
        numbers = [Customer.row_id(part) for part in told.split(".")]
        if len(numbers) != 2 or None in numbers:
            raise NotFound
        found = self.seen().filter(first__in=numbers, second__in=numbers).first()
        if found is None:
            raise NotFound
        return found


def _out(one: DuplicatePair) -> PairOut:
    first, second = (
        SideOut(side.public_id, side.home_store.code if side.home_store else None)
        for side in (one.first, one.second)
    )
    return PairOut(
        f"{first.id}.{second.id}", first, second, one.score, [ReasonOut(*reason) for reason in one.reasons],
        one.conflict, one.state, one.found_at, one.decided_at, one.decided_by,  # type: ignore[arg-type]
    )  # fmt: skip
