"""Points for what members do apart from buying: answer a survey, write a review, bring a friend, check in.

    actions.earn(customer_id, Action.SURVEY, "shop:survey-99", at=now, by=key)

A rule of the kind "action" gives its points once a source; further limits are its own: once for each member, points
of a day and of a month. The points are available at once, and end by the programme's model counted from that day.

What a source has told once is kept with what it earned: told again it earns nothing more, though the rules are others
by then, or a limit has room again.
"""

from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Sum

from crm.org.models import Chain
from customers.receiving.database import in_transaction
from loyalty import endings, ledger, sources
from loyalty.accrual import conditions, facts, reading, rulesets
from loyalty.ledger import Cause, NewLot, accounts
from loyalty.models import Action, ActionDone, ActionTold, EarningRule, Programme, RuleKind, Unit

MOST_SOURCE = 120  # as a movement keeps it


class Earned(NamedTuple):
    """What one rule gave. `is_new` is false when the same source had earned it before."""

    code: str
    points: int
    is_new: bool


class _Doing(NamedTuple):
    customer_id: int
    action: str
    source: str
    on: date
    at: datetime
    by: Any
    store_id: int | None
    zone: ZoneInfo


def earn(
    customer_id: int, action: Action, source: str, *, at: datetime, by: Any, store: Any = None
) -> list[Earned]:
    """What the rules of this day give for an action; the same source again gives the same, and nothing more.

    `source` names what was done ("shop:review-99"), not the member. Raises Erased.
    """
    zone = store.zone if store else ZoneInfo(Chain.current().timezone)
    on = at.astimezone(zone).date()
    done = _Doing(customer_id, action, source, on, at, by, store.pk if store else None, zone)
    return in_transaction(lambda _cur: _earn(done))


def _earn(told: _Doing) -> list[Earned]:
    done = told._replace(customer_id=accounts.present(told.customer_id))
    reading.lock(done.customer_id)
    if (known := _told(done)) is not None:
        return [Earned(code, points, is_new=False) for code, points in known]
    book = rulesets.book()
    programme = book.programme_on(done.on)
    if programme is None:
        return []
    rules = [
        one for one in book.versions_on(done.on) if one.kind == RuleKind.ACTION and one.action == done.action
    ]
    found = [one for rule in rules if (one := _by(rule, programme, done)) is not None]
    ActionTold.objects.create(
        customer_id=done.customer_id, action=done.action, source=done.source, told_at=done.at,
        earned=[[one.code, one.points] for one in found],
    )  # fmt: skip
    return found


def _told(done: _Doing) -> list[list[Any]] | None:
    """What the same source has earned before, maybe when the member was one with who they are parted from now."""
    rows = ActionTold.objects.filter(
        customer__in=accounts.sides(done.customer_id, Unit.POINTS), action=done.action, source=done.source
    )
    return rows.values_list("earned", flat=True).first()


def _by(rule: EarningRule, programme: Programme, done: _Doing) -> Earned | None:
    source = sources.fitted(f"action:{rule.code}/{done.customer_id}:{done.source}", MOST_SOURCE)
    mine = ActionDone.objects.filter(customer=done.customer_id, code=rule.code)
    points = _left(rule, mine, done.on) if _is_about(rule, done) else 0
    if points <= 0:
        return None
    cause = Cause(source, done.at, done.by, done.store_id)
    posted = ledger.earn(done.customer_id, [_lot(points, programme, done)], cause)
    if not posted.is_new:  # it stands with whom they were one then
        return Earned(rule.code, posted.points, is_new=False)
    ActionDone.objects.create(
        customer_id=done.customer_id, rule=rule, code=rule.code, done_on=done.on, movement_id=posted.movement_id,
        points=points,
    )  # fmt: skip
    return Earned(rule.code, points, is_new=True)


def _is_about(rule: EarningRule, done: _Doing) -> bool:
    asked = conditions.read(rule.condition)
    return (
        (not asked.weekdays or done.on.weekday() in asked.weekdays)
        and (asked.dates is None or asked.dates[0] <= done.on <= asked.dates[1])
        and (not asked.tiers or facts.tiers_of([(done.customer_id, done.on)])[0] in asked.tiers)
    )


def _left(rule: EarningRule, mine: Any, on: date) -> int:
    """What the limits leave of the rule's points."""
    if rule.once and mine.exists():
        return 0
    points = rule.points or 0
    month = mine.filter(done_on__year=on.year, done_on__month=on.month)
    for cap, rows in ((rule.cap_day, mine.filter(done_on=on)), (rule.cap_month, month)):
        if cap is not None:
            points = min(points, cap - (rows.aggregate(n=Sum("points"))["n"] or 0))
    return points


def _lot(points: int, programme: Programme, done: _Doing) -> NewLot:
    return NewLot(points, endings.of_programme(programme, done.on, done.zone))
