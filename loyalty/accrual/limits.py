"""The limits of many receipts at once: those of whom none can bind are seen in columns, the others go one by one.

One by one it is `arithmetic.within_limits`, so a receipt gets the same here and there.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from loyalty.accrual import arithmetic
from loyalty.accrual.rules import Caps, Rule
from loyalty.accrual.rulesets import RuleSet

if TYPE_CHECKING:
    from loyalty.accrual.columns import Receipts

NEVER = np.iinfo(np.int64).max


class Before(NamedTuple):
    """What a receipt that was earned before uses of limits, by the code of the rule ("" is all).

    `day` counts from 1970; `back` is when the last goods came back of a receipt that came back whole, in microseconds.
    """

    day: int
    back: int
    points: dict[str, int]


class Used:
    """What counts against limits, by customer and month; grows by what is earned. `watched`: the codes that count."""

    def __init__(self, watched: Iterable[str]) -> None:
        self.watched = frozenset(watched)
        self.receipts: dict[tuple[int, int], list[Before]] = {}

    def note(self, customer: int, month: int, one: Before) -> None:
        if one.points:
            self.receipts.setdefault((customer, month), []).append(one)

    def at(self, customer: int, month: int, day: int, moment: int) -> arithmetic.Used:
        """What is used for a receipt of a moment: what came back whole by then is as if it had not been bought."""
        of_day: dict[str, int] = {}
        of_month: dict[str, int] = {}
        for one in self.receipts.get((customer, month), ()):
            if one.back <= moment:
                continue
            for code, points in one.points.items():
                of_month[code] = of_month.get(code, 0) + points
                if one.day == day:
                    of_day[code] = of_day.get(code, 0) + points
        return arithmetic.Used(of_day, of_month)


class Limits:
    """The points of the rows of many receipts, cut to what the limits leave. `used` grows along."""

    def __init__(self, rules: RuleSet, receipts: "Receipts", used: Used) -> None:
        self.rules, self.receipts, self.used = rules, receipts, used

    def of(self, parts: Sequence[tuple[Rule | None, Any]]) -> list[Any]:
        """`parts`: rule (None: the programme's own rate) and points, by receipt. The points that it gets."""
        wanted = [_at_most(points, rule.caps.receipt) if rule else points for rule, points in parts]
        total = np.sum(wanted, axis=0)
        points = _rows_within(wanted, _at_most(total, self.rules.caps.receipt))
        tight = np.zeros(len(self.receipts), dtype=bool)
        if self.rules.looks_back:
            of_rules = [
                (rule.code, rule.caps, mine) for (rule, _p), mine in zip(parts, wanted, strict=True) if rule
            ]
            tight = self._tight([*of_rules, ("", self.rules.caps, total)])
        self._note(parts, points, np.flatnonzero(~tight))
        for at in np.flatnonzero(tight).tolist():
            self._one(parts, points, at)
        return points

    def _tight(self, asked: Sequence[tuple[str, Caps, Any]]) -> Any:
        """Receipts of customers in whose month a limit may bind: even if nothing of theirs were cut or came back."""
        r = self.receipts
        months, of_month = np.unique(np.stack((r.customer, r.month)), axis=1, return_inverse=True)
        days, of_day = np.unique(np.stack((r.customer, r.month, r.day)), axis=1, return_inverse=True)
        found = np.zeros(months.shape[1], dtype=bool)
        month_of_day = np.zeros(days.shape[1], dtype=np.int64)
        month_of_day[of_day] = of_month
        for code, caps, points in asked:
            if caps.month is not None:
                found |= _sums(points, of_month, self._before(code, months)) > caps.month
            if caps.day is not None:
                above = _sums(points, of_day, self._before(code, days)) > caps.day
                found[month_of_day[above]] = True
        return found[of_month]

    def _before(self, code: str, groups: Any) -> Any:
        """What was used before, in the months (customer, month) or on the days (customer, month, day) of `groups`."""
        found = np.zeros(groups.shape[1], dtype=np.int64)
        if self.used.receipts:
            for place, (customer, month, *day) in enumerate(groups.T.tolist()):
                for one in self.used.receipts.get((customer, month), ()):
                    if not day or one.day == day[0]:
                        found[place] += one.points.get(code, 0)
        return found

    def _one(self, parts: Sequence[tuple[Rule | None, Any]], points: list[Any], at: int) -> None:
        r = self.receipts
        used = self.used.at(int(r.customer[at]), int(r.month[at]), int(r.day[at]), int(r.occurred[at]))
        wanted = [(rule, int(mine[at])) for rule, mine in parts]
        for mine, granted in zip(
            points, arithmetic.within_limits(wanted, self.rules.caps, used), strict=True
        ):
            mine[at] = granted
        self._note(parts, points, np.array([at]))

    def _note(self, parts: Sequence[tuple[Rule | None, Any]], points: list[Any], at: Any) -> None:
        """Remember what these receipts use."""
        watched = [("", np.sum(points, axis=0))] if "" in self.used.watched else []
        watched += [
            (rule.code, mine)
            for (rule, _p), mine in zip(parts, points, strict=True)
            if rule and rule.code in self.used.watched
        ]
        if not watched:
            return
        r = self.receipts
        heads = zip(*(column[at].tolist() for column in (r.customer, r.month, r.day, r.back)), strict=True)
        values = np.stack([mine[at] for _code, mine in watched], axis=1).tolist()
        for (customer, month, day, back), row in zip(heads, values, strict=True):
            told = {code: n for (code, _m), n in zip(watched, row, strict=True) if n}
            self.used.note(customer, month, Before(day, back, told))


def _at_most(points: Any, limit: int | None) -> Any:
    return points if limit is None else np.minimum(points, limit)


def _rows_within(points: Sequence[Any], limit: Any) -> list[Any]:
    """See `arithmetic.within`."""
    kept = []
    for one in points:
        kept.append(np.minimum(one, limit))
        limit = limit - kept[-1]
    return kept


def _sums(points: Any, group: Any, before: Any) -> Any:
    found = before.copy()
    np.add.at(found, group, points)
    return found
