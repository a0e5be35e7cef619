"""What follows: purchases that change are reviewed at once; a merged member keeps the higher tier, an un-merge gives
both back what they had.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from crm.lib.owned import move_rows
from crm.org.models import Chain
from customers.merging import followers as merging
from customers.receiving import followers as receiving
from loyalty.accrual import facts
from loyalty.models import TierReason
from loyalty.tiers.reading import default_tier, tier_names, tiers_of_days
from loyalty.tiers.reviewing import review


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
    """The survivor stands as high as the higher of the two. What it had is kept for an un-merge."""
    cur.execute(_BOTH, {"survivor": joined.survivor, "loser": joined.loser})
    rows = {owner: (row, rank) for owner, row, rank in cur.fetchall()}
    mine, other = rows.get(joined.survivor), rows.get(joined.loser)
    if other is None:
        return None
    if other[1] <= (mine[1] if mine else 0):
        return _with_longer(cur, joined, mine[0], other[0]) if mine else None
    own = mine[0] if mine else None
    values = {
        "survivor": joined.survivor, "loser": joined.loser, "at": joined.at, "reason": int(TierReason.MERGED),
        "on": joined.at.astimezone(ZoneInfo(Chain.current().timezone)).date(), "base": default_tier(),
    }  # fmt: skip
    cur.execute(_RAISE, values)
    (version,) = cur.fetchone()
    cur.execute(_TELL, {"survivor": joined.survivor})  # while rows are moved the trigger keeps silent
    (change,) = cur.fetchone()
    return {"own": own, "version": version, "change": change}


def _with_longer(
    cur: Any, joined: merging.Joined, own: dict[str, Any], other: dict[str, Any]
) -> dict[str, Any] | None:
    """What the other bought, where it lasts longer: money was paid for it."""
    ours, theirs = own["paid_until"], other["paid_until"]
    if theirs is None or (ours is not None and (own["paid_tier"] != other["paid_tier"] or theirs <= ours)):
        return None
    cur.execute(_LONGER, {"survivor": joined.survivor, "tier": other["paid_tier"], "until": theirs})
    (version,) = cur.fetchone()
    return {"own": own, "version": version, "change": None}


def unmerged(cur: Any, joined: merging.Joined, memo: dict[str, Any] | None) -> None:
    """What the survivor had, exactly, if nothing has changed it since; else what it has now is reviewed."""
    if memo is None:
        return
    cur.execute("SELECT version FROM loyalty_membership WHERE customer_id = %s FOR UPDATE", [joined.survivor])
    if cur.fetchone() != (memo["version"],):
        return
    move_rows(cur)
    cur.execute("DELETE FROM loyalty_membership WHERE customer_id = %s", [joined.survivor])
    cur.execute(
        "DELETE FROM loyalty_tierchange WHERE customer_id = %s AND id = %s", [joined.survivor, memo["change"]]
    )
    if memo["own"]:
        cur.execute(_PUT, [json.dumps(memo["own"])])


_BOTH = """
SELECT m.customer_id, to_jsonb(m), coalesce((
    SELECT t.rank FROM loyalty_tier t JOIN loyalty_tierscheme s ON s.id = t.scheme_id
    WHERE t.code = m.tier ORDER BY s.valid_from DESC, s.id DESC LIMIT 1
), 0)
FROM loyalty_membership m WHERE m.customer_id IN (%(survivor)s, %(loser)s)
"""
_RAISE = """
INSERT INTO loyalty_membership AS known (
        customer_id, tier, came_from, since, changed_at, changed_on, reached_on, reason, actor, cause, scheme_id,
        measure, threshold, keep_until, notice_on, grace_until, locked_until, paid_tier, paid_until, before, version
    )
    SELECT %(survivor)s, o.tier, coalesce(m.tier, %(base)s), %(at)s, greatest(%(at)s, m.changed_at), %(on)s, NULL,
        %(reason)s, 'system:merge', '', o.scheme_id, o.measure, NULL, o.keep_until, o.notice_on, o.grace_until,
        greatest(o.locked_until, m.locked_until), CASE WHEN o.paid_tier <> '' THEN o.paid_tier
        ELSE coalesce(m.paid_tier, '') END,
        CASE WHEN o.paid_tier = m.paid_tier THEN greatest(o.paid_until, m.paid_until)
        ELSE coalesce(o.paid_until, m.paid_until) END, CASE WHEN o.tier = o.paid_tier THEN o.before END,
        coalesce(m.version, 0) + 1
    FROM loyalty_membership o LEFT JOIN loyalty_membership m ON m.customer_id = %(survivor)s
    WHERE o.customer_id = %(loser)s
    ON CONFLICT (customer_id) DO UPDATE SET tier = excluded.tier, came_from = excluded.came_from,
        since = excluded.since, changed_at = excluded.changed_at, changed_on = excluded.changed_on,
        reached_on = excluded.reached_on, reason = excluded.reason, actor = excluded.actor, cause = excluded.cause,
        scheme_id = excluded.scheme_id, measure = excluded.measure, threshold = excluded.threshold,
        keep_until = excluded.keep_until, notice_on = excluded.notice_on, grace_until = excluded.grace_until,
        locked_until = excluded.locked_until, paid_tier = excluded.paid_tier, paid_until = excluded.paid_until,
        before = excluded.before, version = excluded.version
RETURNING version
"""
_LONGER = """
UPDATE loyalty_membership SET paid_tier = %(tier)s::text, paid_until = %(until)s::date,
    keep_until = CASE WHEN tier = %(tier)s::text THEN %(until)s::date ELSE keep_until END,
    notice_on = NULL, grace_until = NULL, version = version + 1
WHERE customer_id = %(survivor)s RETURNING version
"""
_TELL = """
INSERT INTO loyalty_tierchange (customer_id, from_tier, to_tier, reason, at, "on", actor, cause, measure, threshold)
SELECT customer_id, came_from, tier, reason, changed_at, changed_on, actor, cause, measure, threshold
FROM loyalty_membership WHERE customer_id = %(survivor)s
RETURNING id
"""
_PUT = (
    "INSERT INTO loyalty_membership SELECT * FROM jsonb_populate_record(NULL::loyalty_membership, %s::jsonb)"
)
