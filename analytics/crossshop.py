"""Cross-shop: who buys at two or three of some categories, brands or stores, and who at one of them alone.

Every customer of the period stands in exactly one *combination* of the sets. Two sets attract each other when more buy
at both than would if one had nothing to do with the other: *lift* = P(A and B) / (P(A) · P(B)), among all who bought
anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from typing import Any

from analytics.goods import Goods
from analytics.questions import Question
from analytics.reading import EXAMPLE, IS_NOW, LINE_CENTS, LINES, LOOKED_AT, rows
from crm.lib.statements import Statement
from crm.org.models import Store

MOST = 3
LETTERS = "abc"


def _bits(condition: str) -> str:
    """Bit i says whether the condition holds for set i. What a set does not name is NULL, which holds for nothing."""
    return " | ".join(
        f"CASE WHEN {condition.format(x=x)} THEN {1 << i} ELSE 0 END" for i, x in enumerate(LETTERS)
    )


_OF_PRODUCT = _bits(
    "pr.category_id = ANY(%({x}_categories)s::bigint[]) OR pr.brand_id = %({x}_brand)s::bigint"
)
_OF_STORE = _bits("p.store_id = %({x}_store)s::bigint")
_SPENT_IN = ", ".join(
    f"coalesce(sum(cents) FILTER (WHERE bits & {1 << i} > 0), 0) AS {x}" for i, x in enumerate(LETTERS)
)
# The fence (OFFSET 0) lets the sets of a product be found once a product and not once a line.
_MASKS = f"""
    SELECT customer_id, bit_or(bits) AS mask, sum(cents) AS whole,
           coalesce(sum(cents) FILTER (WHERE bits > 0), 0) AS spent,
           {_SPENT_IN}
    FROM (
        SELECT p.customer_id, goods.bits | {_OF_STORE} AS bits, {LINE_CENTS} AS cents
        FROM {LINES} JOIN (SELECT pr.id, {_OF_PRODUCT} AS bits FROM customers_product pr OFFSET 0) AS goods
            ON goods.id = l.product_id
        WHERE {IS_NOW} AND {LOOKED_AT}
    ) AS sold GROUP BY customer_id
"""  # noqa: S608  the parts are constants
_COMBINATIONS = f"""
SELECT mask, count(*), sum(whole), sum(spent), sum(a), sum(b), sum(c) FROM ({_MASKS}) AS people GROUP BY mask
"""  # noqa: S608  the parts are constants
PEOPLE = f"SELECT customer_id FROM ({_MASKS}) AS people WHERE mask & %(asked)s::int = %(mask)s::int"  # noqa: S608  the parts are constants
_EXAMPLE = EXAMPLE | {
    "a_categories": [1], "b_categories": [2], "c_categories": None, "a_brand": None, "b_brand": None, "c_brand": 1,
    "a_store": None, "b_store": None, "c_store": None, "mask": 3, "asked": 7,
}  # fmt: skip
# What each machine does of its own customers when the database is spread; what comes out is summed over them.
STATEMENTS = [
    Statement("crossshop.masks", _MASKS, _EXAMPLE),
    Statement("crossshop.people", PEOPLE, _EXAMPLE),
]


@dataclass(frozen=True)
class Set:
    """What is bought, or where."""

    goods: Goods = field(default_factory=Goods)
    store: Store | None = None

    @property
    def name(self) -> str:
        return self.store.name if self.store else self.goods.name


@dataclass(frozen=True)
class Combination:
    """The customers who are in the sets of `mask` (bit i: set i) and in no other.

    `spent`: in these sets, a line that belongs to two of them once; `whole`: on everything.
    """

    mask: int
    customers: int
    spent: Decimal
    whole: Decimal


@dataclass(frozen=True)
class Pair:
    """Of those who bought at `first`, the share who bought at `second` too; the other way round; and the lift."""

    first: int
    second: int
    customers: int
    share_of_first: float
    share_of_second: float
    lift: float


@dataclass(frozen=True)
class Overlap:
    """`combinations` of at least one set, the largest first. `buyers` bought anything in the period.

    `spent_in` each set: a line that belongs to two of them counts in both.
    """

    sets: list[Set]
    combinations: list[Combination]
    buyers: int
    buyers_of: list[int]
    spent_in: list[Decimal]
    pairs: list[Pair]

    @property
    def customers(self) -> int:
        """Who bought at any of the sets."""
        return sum(one.customers for one in self.combinations)

    @property
    def spent(self) -> Decimal:
        return sum((one.spent for one in self.combinations), Decimal(0))


def values_of(question: Question, sets: Sequence[Set]) -> dict[str, Any]:
    """The parameters of both statements."""
    values = question.values()
    for letter, one in zip(LETTERS, [*sets, *[Set()] * (MOST - len(sets))], strict=True):
        values |= {
            f"{letter}_categories": one.goods.categories(),
            f"{letter}_brand": one.goods.brand.pk if one.goods.brand else None,
            f"{letter}_store": one.store.pk if one.store else None,
        }
    return values


def overlap(question: Question, sets: Sequence[Set]) -> Overlap:
    """Of two or three sets."""
    found = {mask: row for mask, *row in rows(_COMBINATIONS, values_of(question, sets))}
    buyers = sum(row[0] for row in found.values())
    inside = [
        Combination(mask, row[0], _money(row[2]), _money(row[1])) for mask, row in found.items() if mask
    ]
    places = range(len(sets))
    return Overlap(
        sets=list(sets),
        combinations=sorted(inside, key=lambda one: (-one.customers, one.mask)),
        buyers=buyers,
        buyers_of=[_in(inside, 1 << i) for i in places],
        spent_in=[_money(sum(row[3 + i] for row in found.values())) for i in places],
        pairs=[_pair(inside, a, b, buyers) for a, b in combinations(places, 2)],
    )


def _in(inside: Sequence[Combination], mask: int) -> int:
    return sum(one.customers for one in inside if one.mask & mask == mask)


def _pair(inside: Sequence[Combination], a: int, b: int, buyers: int) -> Pair:
    both, first, second = (_in(inside, mask) for mask in (1 << a | 1 << b, 1 << a, 1 << b))
    return Pair(
        a,
        b,
        both,
        both / first if first else 0.0,
        both / second if second else 0.0,
        both * buyers / (first * second) if first and second else 0.0,
    )


def _money(cents: Any) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)
