"""The arithmetic of a receipt as it is kept: numbers only, so that it is told in the reader's language (`words.py`).

    {"r": [[rule, cents, points], [rule, cents, points, points before caps], …], "x": [[why, cents], …]}

`rule` is the number of a version, 0 the programme's own rate. `why` is `arithmetic.DISCOUNTED`, or as in
`RuleSet.excludes`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from loyalty.accrual.arithmetic import PROGRAMME, Earned, Row, Used
from loyalty.accrual.rulesets import Book


def kept(earned: Earned) -> dict[str, Any]:
    rows = [list(row[:3] if row.points == row.before else row) for row in earned.rows]
    return {"r": rows} | ({"x": [list(one) for one in earned.excluded]} if earned.excluded else {})


def rows(reasons: Mapping[str, Any]) -> list[Row]:
    return [Row(one[0], one[1], one[2], one[-1] if len(one) > 3 else one[2]) for one in reasons.get("r", [])]


def excluded(reasons: Mapping[str, Any]) -> list[tuple[int, int]]:
    return [(why, cents) for why, cents in reasons.get("x", [])]


def by_code(reasons: Mapping[str, Any], book: Book) -> Iterable[tuple[str, int]]:
    """Points by the code of the rule; those of the programme's own rate by none."""
    for row in rows(reasons):
        if row.rule != PROGRAMME and row.points:
            yield book.code_of(row.rule), row.points


def used(before: Iterable[tuple[bool, int, Mapping[str, Any]]], book: Book) -> Used:
    """What earlier receipts of a month use of the caps. `before`: (on the same day, points, reasons)."""
    day: dict[str, int] = {}
    month: dict[str, int] = {}
    for is_same_day, points, told in before:
        for code, n in [("", points), *by_code(told, book)]:
            month[code] = month.get(code, 0) + n
            if is_same_day:
                day[code] = day.get(code, 0) + n
    return Used(day, month)
