"""The statements about tiers that are bought: soon over, in grace, ended. In all, every way there is.

What stood beneath is in `before` (with no `reached_on`, so that no goods take it back): a tier that was earned and is
kept on comes forth again.
"""

from typing import Any

from loyalty.models import Measure, Period
from loyalty.tiers import returned, statements
from loyalty.tiers.statements import NOW, UNLOCKED, begins, kept_to, lowered, measured, members_of, write

_HOLDS = "m.paid_tier <> '' AND m.tier = m.paid_tier"
_LOCK = "(x.before ->> 'locked_until')::date >= %(on)s::date"
_BENEATH = "(u.code = x.before ->> 'tier' AND (x.before ->> 'keep_until')::date >= %(on)s::date)"
_LOCKED = f"(u.code = x.before ->> 'tier' AND {_LOCK})"
# The highest tier that the measure reaches, or that was earned before and is kept on; that on which a lock holds.
_EARNED = f"""{NOW}
CROSS JOIN LATERAL (
    SELECT u.code, u.rank, CASE WHEN {_BENEATH} THEN (x.before ->> 'keep_until')::date END AS kept
    FROM loyalty_tier u
    WHERE u.scheme_id = %(scheme)s AND NOT u.is_paid AND (u.threshold <= x.measure OR {_BENEATH} OR {_LOCKED})
    ORDER BY coalesce({_LOCKED}, false) DESC, u.rank DESC LIMIT 1
) r"""  # noqa: S608


def ended(measure: Measure, period: Period, who: str) -> str:
    """What was bought has ended, and the grace after it: the tier that was earned, with the lock that it has."""
    where = f"m.paid_until + %(grace)s < %(on)s::date AND {_HOLDS} AND (m.before IS NOT NULL OR {UNLOCKED})"
    members = members_of(who, where, begins(period, "%(on)s::date"), "%(on)s::date")
    until = kept_to(period, "%(on)s::date").replace("joined", "x.joined")
    told = {
        "reason": "9", "paid_tier": "''", "paid_until": "NULL", "threshold": "NULL",
        "locked_until": f"CASE WHEN {_LOCKED.replace('u.', 'r.')} THEN (x.before ->> 'locked_until')::date END",
    }  # fmt: skip
    return write(measured(measure, members), _EARNED, lowered(f"coalesce(r.kept, {until})") | told)


def noticed(measure: Measure, period: Period, who: str) -> str:
    """Soon over and not bought again yet: the member is told."""
    where = (
        "m.paid_until >= %(on)s::date AND m.paid_until - %(notice)s <= %(on)s::date AND m.notice_on IS NULL"
    )
    return _marked(measure, period, who, where, {"notice_on": "%(on)s::date"})


def grace(measure: Measure, period: Period, who: str) -> str:
    """Over and not bought again: the tier stays for the days of grace."""
    where = (
        "m.paid_until < %(on)s::date AND m.paid_until + %(grace)s >= %(on)s::date AND m.grace_until IS NULL"
    )
    return _marked(measure, period, who, where, {"grace_until": "x.paid_until + %(grace)s"})


def _marked(measure: Measure, period: Period, who: str, where: str, values: dict[str, str]) -> str:
    members = members_of(who, f"{_HOLDS} AND {where}", begins(period, "%(on)s::date"), "%(on)s::date")
    return write(measured(measure, members), "", values, is_change=False)


WAYS: dict[str, Any] = {
    "taken_back": returned.take_back,
    "paid_ended": ended,
    "upgraded": statements.upgrade,
    "kept": statements.keep,
    "downgraded": statements.downgrade,
    "grace": statements.grace,
    "noticed": statements.notice,
    "paid_grace": grace,
    "paid_noticed": noticed,
}
