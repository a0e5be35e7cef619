"""What follows: purchases that change are reviewed at once; a merged member keeps the higher tier, an un-merge gives
both back what they had. What is bought is counted from the sales, which move with the rows.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from crm.lib.owned import move_rows, rows_move
from customers.merging import followers as merging
from customers.receiving import followers as receiving
from loyalty.accrual import facts
from loyalty.models import Membership, MembershipSale, TierReason
from loyalty.tiers import covering, keeping
from loyalty.tiers.covering import Book
from loyalty.tiers.reading import tier_names, tiers_of_days
from loyalty.tiers.reviewing import review
from loyalty.tiers.stood import State

BY_MERGE = "system:merge"


def fill() -> None:
    facts.use_tiers(tiers_of_days, tier_names)
    receiving.register(receiving.Follower("tiers", now=_now, later=_later))
    merging.register(merging.Follower("tiers", merged, unmerged))


def _now(_cur: Any, changed: Sequence[receiving.Changed], by: Any) -> Mapping[str, Any]:
    """After points were earned: `loyalty` is registered before this."""
    for customer in sorted({one.customer_id for one in changed}):
        review([customer], at=timezone.now(), by=by or "system:receiving")
    return {}


def _later(_cur: Any, _changed: Sequence[receiving.Changed]) -> None:
    """Of many, the night takes care."""


def merged(cur: Any, joined: merging.Joined) -> dict[str, Any] | None:
    """The survivor stands as high as the higher of the two had earned, with what either bought. What it had is kept for
    an un-merge: as a row, and what of it was earned."""
    theirs = Membership.objects.filter(customer=joined.loser).first()
    if theirs is None:
        return None
    own = _row(cur, joined.survivor)
    mine = _membership(joined.survivor) or keeping.fresh(joined.survivor, joined.at)
    book = Book.of(keeping.today(joined.at))
    earned, others = covering.earned(mine, book), covering.earned(theirs, book)
    given, bought = _higher(earned, others, book), covering.of([joined.survivor], book)
    change = None
    if given is not earned or bought != covering.said(mine):
        state = covering.covered(mine, given, bought, book)
        with rows_move(cur, moves=False):  # so that the trigger writes the history
            covering.put(mine, state, TierReason.MERGED, by=BY_MERGE, at=joined.at)
        change = _last_change(cur, joined.survivor)
    return {"own": own, "earned": earned, "given": given, "version": mine.version, "change": change}


def unmerged(cur: Any, joined: merging.Joined, memo: dict[str, Any] | None) -> None:
    """What the survivor had, exactly, if nothing has changed it since. Else what was earned in common goes, and what
    was earned since stays. What either has bought, their own sales say."""
    if memo is None:
        return
    at = joined.undone_at or timezone.now()
    kept = _membership(joined.survivor)
    if (kept.version if kept else 0) == memo["version"]:
        move_rows(cur)
        cur.execute("DELETE FROM loyalty_membership WHERE customer_id = %s", [joined.survivor])
        cur.execute(_FORGET, [joined.survivor, memo["change"]])
        if memo["own"]:
            cur.execute(_PUT, [json.dumps(memo["own"])])
    elif kept is not None and "earned" in memo:
        _part(cur, kept, memo, at)
    for customer in sorted((joined.survivor, joined.loser)):
        _count_anew(cur, customer, at)


def _part(cur: Any, kept: Membership, memo: dict[str, Any], at: datetime) -> None:
    book = Book.of(keeping.today(at))
    now, bought = covering.earned(kept, book), covering.of([kept.customer_id], book)
    own = memo["earned"] if _same(now, memo["given"]) else now
    if not _same(own, now) or bought != covering.said(kept):
        state = covering.covered(kept, own, bought, book)
        with rows_move(cur, moves=False):  # so that the trigger writes the history
            covering.put(kept, state, TierReason.PARTED, by=BY_MERGE, at=at)


def _count_anew(cur: Any, customer: int, at: datetime) -> None:
    """What the membership says was bought may be the other's by now, or was given back while the two were one."""
    kept = _membership(customer)
    if kept is None or kept.paid_until is None:
        return
    sales = MembershipSale.objects.filter(customer=customer, tier=kept.paid_tier, returned_at=None)
    if not sales.filter(ends_on=kept.paid_until).exists():
        with rows_move(cur, moves=False):  # so that the trigger writes the history
            book = Book.of(keeping.today(at))
            covering.restate(kept, book, TierReason.PARTED, by=BY_MERGE, at=at)


def _higher(mine: State, theirs: State, book: Book) -> State:
    """What the two have earned together."""
    if book.rank(mine["tier"]) >= book.rank(theirs["tier"]):
        return mine
    locks = [one for one in (mine["locked_until"], theirs["locked_until"]) if one]
    stays = {name: theirs[name] for name in ("tier", "scheme_id", "measure", "keep_until")}
    nothing = dict.fromkeys(theirs) | {"paid_tier": ""}
    return nothing | stays | {"locked_until": max(locks, default=None)}


def _same(a: State, b: State) -> bool:
    """Though the night may have counted anew."""
    return all(a[name] == b[name] for name in ("tier", "reached_on", "keep_until", "locked_until"))


def _membership(customer: int) -> Membership | None:
    return Membership.objects.select_for_update().filter(customer=customer).first()


def _row(cur: Any, customer: int) -> dict[str, Any] | None:
    cur.execute("SELECT to_jsonb(m) FROM loyalty_membership m WHERE customer_id = %s FOR UPDATE", [customer])
    found = cur.fetchone()
    return found[0] if found else None


def _last_change(cur: Any, customer: int) -> int:
    cur.execute("SELECT max(id) FROM loyalty_tierchange WHERE customer_id = %s", [customer])
    return int(cur.fetchone()[0])


_FORGET = "DELETE FROM loyalty_tierchange WHERE customer_id = %s AND id = %s"
_PUT = (
    "INSERT INTO loyalty_membership SELECT * FROM jsonb_populate_record(NULL::loyalty_membership, %s::jsonb)"
)
