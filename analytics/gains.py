"""Gain and loss: from whom a change of the sales of some goods came, and from or to which other goods.

Every customer who bought the goods in either period has one *source*, by what else they did (`SOURCES`). Of a customer
who bought something in both periods, whose spending on the goods rose while that on their neighbours fell (or the other
way round), the smaller of the two amounts is called *switched*; it is dealt to the neighbours in proportion to how much
the customer's spending on each of them moved the other way. The rest of the change stays with the source. So sources
and switching sum to the change, to the cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from analytics.goods import ELSEWHERE, Parts, parts
from analytics.lmdi import shared_out
from analytics.questions import Question
from analytics.reading import EXAMPLE, IN_BOTH, IS_BEFORE, IS_NOW, LINE_CENTS, LINES, RECEIPT_CENTS, rows
from crm.lib.statements import Statement

NEW_CHAIN, NEW_GOODS, MORE, SAME, LESS, LEFT_GOODS, LEFT_CHAIN = range(1, 8)
SOURCES = {
    NEW_CHAIN: "new_chain", NEW_GOODS: "new_goods", MORE: "more", SAME: "same", LESS: "less",
    LEFT_GOODS: "left_goods", LEFT_CHAIN: "left_chain",
}  # fmt: skip

# Which part each product belongs to. The fence (OFFSET 0) lets this be found once a product and not once a line. What
# stands in no category belongs to its brand, and is nobody's neighbour: nothing says what it could be swapped for.
_DEALT = """(SELECT pr.id, CASE WHEN %(of_brands)s THEN coalesce(pr.brand_id, 0) ELSE dealt.part END AS part
             FROM customers_product pr
                 JOIN unnest(%(heads)s::bigint[], %(parts)s::bigint[]) AS dealt (category_id, part)
                 ON dealt.category_id = coalesce(pr.category_id, 0)
                     AND (pr.category_id IS NOT NULL OR NOT %(of_brands)s OR pr.brand_id = %(target)s)
             OFFSET 0) AS goods ON goods.id = l.product_id"""
# A row a customer and part; -1 is what they bought of anything, and tells who was there at all.
_BOUGHT = f"""
    SELECT customer_id, part, coalesce(sum(cents) FILTER (WHERE is_now), 0) AS now,
           coalesce(sum(cents) FILTER (WHERE is_before), 0) AS before,
           bool_or(is_now) AS has, bool_or(is_before) AS had
    FROM (
        SELECT p.customer_id, goods.part, {LINE_CENTS} AS cents, {IS_NOW} AS is_now, {IS_BEFORE} AS is_before
        FROM {LINES} JOIN {_DEALT} WHERE {IN_BOTH}
        UNION ALL
        SELECT p.customer_id, -1, {RECEIPT_CENTS}, {IS_NOW}, {IS_BEFORE} FROM customers_purchase p WHERE {IN_BOTH}
    ) AS sold GROUP BY customer_id, part
"""  # noqa: S608  the parts are constants
# The same with what the customer did with the target (t), with its neighbours (u), and whether they were there.
_BESIDE = f"""
    SELECT customer_id, part, now, before,
           sum(now - before) FILTER (WHERE part = %(target)s) OVER (PARTITION BY customer_id) AS t,
           bool_or(has) FILTER (WHERE part = %(target)s) OVER (PARTITION BY customer_id) AS t_has,
           bool_or(had) FILTER (WHERE part = %(target)s) OVER (PARTITION BY customer_id) AS t_had,
           sum(now - before) FILTER (WHERE part NOT IN (-1, %(target)s)) OVER (PARTITION BY customer_id) AS u,
           sum(greatest(now - before, 0)) FILTER (WHERE part NOT IN (-1, %(target)s))
               OVER (PARTITION BY customer_id) AS u_up,
           sum(greatest(before - now, 0)) FILTER (WHERE part NOT IN (-1, %(target)s))
               OVER (PARTITION BY customer_id) AS u_down,
           bool_or(has) FILTER (WHERE part = -1) OVER (PARTITION BY customer_id) AS was_there,
           bool_or(had) FILTER (WHERE part = -1) OVER (PARTITION BY customer_id) AS had_been
    FROM ({_BOUGHT}) AS bought
"""  # noqa: S608  the parts are constants
_JUDGED = f"""
    SELECT customer_id, part, now, before, t, u_up, u_down,
           CASE WHEN t_has AND NOT had_been THEN {NEW_CHAIN} WHEN t_had AND NOT was_there THEN {LEFT_CHAIN}
                WHEN NOT t_had THEN {NEW_GOODS} WHEN NOT t_has THEN {LEFT_GOODS}
                WHEN t > 0 THEN {MORE} WHEN t < 0 THEN {LESS} ELSE {SAME} END AS source,
           CASE WHEN NOT (had_been AND was_there) THEN 0 WHEN t > 0 AND u < 0 THEN least(t, -u)
                WHEN t < 0 AND u > 0 THEN greatest(t, -u) ELSE 0 END AS switched
    FROM ({_BESIDE}) AS beside WHERE t_has OR t_had
"""  # noqa: S608  the parts are constants
# By part, source and side of the switching. A neighbour's share counts only where it moved the other way.
_SUMS = f"""
SELECT part, source, sign(switched)::int, count(*), sum(t), sum(switched), sum(now), sum(before),
       sum(CASE WHEN switched > 0 THEN switched * greatest(before - now, 0) / u_down
                WHEN switched < 0 THEN switched * greatest(now - before, 0) / u_up ELSE 0 END)
FROM ({_JUDGED}) AS judged
WHERE part = %(target)s OR part <> -1 AND (switched > 0 AND now < before OR switched < 0 AND now > before)
GROUP BY part, source, sign(switched)
"""  # noqa: S608  the parts are constants
# Those of a source; those who switched in (1) or out (-1); and of them those who did with one neighbour.
PEOPLE = f"""
SELECT customer_id FROM ({_JUDGED}) AS judged
WHERE (%(source)s::int IS NULL OR part = %(target)s AND source = %(source)s::int)
    AND (%(switch)s::int IS NULL OR sign(switched) = %(switch)s::int
         AND part = coalesce(%(part)s::bigint, %(target)s)
         AND (%(part)s::bigint IS NULL OR sign(before - now) = %(switch)s::int))
GROUP BY customer_id
"""  # noqa: S608  the parts are constants
# The sales of all parts at once: where to look first.
_EACH_PART = f"""
    SELECT p.customer_id, goods.part, coalesce(sum({LINE_CENTS}) FILTER (WHERE {IS_NOW}), 0) AS now,
           coalesce(sum({LINE_CENTS}) FILTER (WHERE {IS_BEFORE}), 0) AS before
    FROM {LINES} JOIN {_DEALT} WHERE {IN_BOTH} GROUP BY p.customer_id, goods.part
"""  # noqa: S608  the parts are constants
_PARTS = f"SELECT part, sum(now), sum(before) FROM ({_EACH_PART}) AS sold GROUP BY part"  # noqa: S608  the same
_EXAMPLE = EXAMPLE | {
    "target": 1, "of_brands": False, "heads": [1, 2], "parts": [1, 2], "source": 1, "switch": 1, "part": 2,
}  # fmt: skip
# What each machine does of its own customers when the database is spread; what comes out is summed over them.
STATEMENTS = [
    Statement("gains.judged", _JUDGED, _EXAMPLE),
    Statement("gains.people", PEOPLE, _EXAMPLE),
    Statement("gains.parts", _EACH_PART, _EXAMPLE),
]


@dataclass(frozen=True)
class Source:
    """One reason: how many customers, and the part of the change that is theirs without what they switched."""

    key: str
    customers: int
    amount: Decimal


@dataclass(frozen=True)
class Switch:
    """What went over from (positive) or to (negative) a neighbour."""

    part: int
    name: str
    customers: int
    amount: Decimal


@dataclass(frozen=True)
class Gains:
    """`sources`, `gained` and `lost` (the switching in all, each with its customers) sum to `change`."""

    value: Decimal
    before: Decimal
    sources: list[Source]
    gained: Source
    lost: Source
    switches: list[Switch]

    @property
    def change(self) -> Decimal:
        return self.value - self.before

    @property
    def reasons(self) -> list[Source]:
        """All that sums to the change, gains first."""
        found = {source.key: source for source in self.sources} | {"gained": self.gained, "lost": self.lost}
        return [found[key] for key in ORDER if key in found]


ORDER = ("new_chain", "new_goods", "gained", "more", "less", "lost", "left_goods", "left_chain")


def values_of(question: Question, dealt: Parts) -> dict[str, Any]:
    return question.values() | {
        "target": dealt.target, "of_brands": dealt.of_brands, "heads": list(dealt.of_category),
        "parts": list(dealt.of_category.values()), "source": None, "switch": None, "part": None,
    }  # fmt: skip


def gains(question: Question) -> Gains:
    """Of the goods that the question names."""
    dealt = parts(question.goods)
    values = values_of(question, dealt)
    found = rows(_SUMS, values)
    own = [one[1:] for one in found if one[0] == dealt.target]
    switched = {side: _by_side(own, side) for side in (1, -1)}
    return Gains(
        value=_money(sum(one[5] for one in own)),
        before=_money(sum(one[6] for one in own)),
        sources=_by_source(own),
        gained=Source("gained", switched[1][0], _money(switched[1][1])),
        lost=Source("lost", switched[-1][0], _money(switched[-1][1])),
        switches=_switches(found, {side: cents for side, (_n, cents) in switched.items()}, dealt),
    )


def overview(question: Question) -> list[tuple[int, str, Decimal, Decimal]]:
    """Part, name, sales and sales before, of all parts beside and below each other; the largest change first."""
    dealt = parts(question.goods)
    found = [
        (part, dealt.names.get(part, ""), _money(now), _money(before))
        for part, now, before in rows(_PARTS, values_of(question, dealt))
    ]
    return sorted(found, key=lambda one: (-abs(one[2] - one[3]), one[1]))


def _by_source(found: Sequence[tuple[Any, ...]]) -> list[Source]:
    """Those who only spent the same are no reason."""
    sums: dict[int, tuple[int, int]] = {}
    for source, _side, customers, change, switched, *_rest in found:
        n, cents = sums.get(source, (0, 0))
        sums[source] = (n + customers, cents + int(change - switched))
    return [
        Source(SOURCES[source], n, _money(cents))
        for source, (n, cents) in sorted(sums.items())
        if source != SAME
    ]


def _by_side(found: Sequence[tuple[Any, ...]], side: int) -> tuple[int, int]:
    mine = [row for row in found if row[1] == side]
    return sum(row[2] for row in mine), sum(int(row[4]) for row in mine)


def _switches(found: Sequence[tuple[Any, ...]], totals: dict[int, int], dealt: Parts) -> list[Switch]:
    """The neighbours' parts in whole cents, so that they sum to what was switched."""
    sums: dict[tuple[int, int], tuple[int, Decimal]] = {}
    for part, _source, side, customers, *_sums, share in found:
        if part != dealt.target and side:
            n, cents = sums.get((side, part), (0, Decimal(0)))
            sums[side, part] = (n + customers, cents + share)
    answer = []
    for side, total in totals.items():
        mine = [(part, *numbers) for (its, part), numbers in sorted(sums.items()) if its == side]
        whole_cents = shared_out([exact for _part, _n, exact in mine], total)
        answer += [
            Switch(part, dealt.names.get(part, ""), n, _money(whole))
            for (part, n, _exact), whole in zip(mine, whole_cents, strict=True)
        ]
    return sorted(answer, key=lambda one: (-abs(one.amount), one.part))


def _money(cents: Any) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)


assert ELSEWHERE == 0  # what `_DEALT` calls goods without a category, and without a brand
