"""What receipts and returns do to uses of coupons.

A use whose checkout became a receipt is tied to it, whichever was known first; what was used at the Counter finds its
receipt (`tying`). When all goods of a receipt were brought back, what it used is given back; where a coupon is told of
after that, at once (`using.redeem`).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.utils import timezone

from crm.lib.statements import Statement
from customers.present import Erased
from customers.receiving.followers import Changed, Follower, register
from loyalty.coupons import tying, uses, using
from loyalty.coupons.tying import COUNTER, Day
from loyalty.ledger import Cause
from loyalty.sources import CHECKOUT

BY = using.RETURNS


class Pair(NamedTuple):
    """A purchase that changed, and a use that it has or may have. `is_named`: the till named the checkout so."""

    customer_id: int
    use_id: int
    definition_id: int
    day: tuple[int, Any]
    purchase_id: int
    is_named: bool
    is_counter: bool


def fill() -> None:
    register(Follower("coupons", now=follow, later=note))


def follow(cur: Any, changed: Sequence[Changed], by: Any = BY) -> Mapping[str, Any]:
    """Tie, and give back. Runs in the transaction of the receipt, and asks for each customer by name."""
    for customer in sorted({one.customer_id for one in changed}):
        mine = [one for one in changed if one.customer_id == customer]
        _follow(cur, customer, mine, by)
    return {}


def note(cur: Any, changed: Sequence[Changed]) -> None:
    """The same where many come together: most of them used nothing."""
    _follow(cur, sorted({one.customer_id for one in changed}), changed, BY)


def used(cur: Any, day: Day, *, by: Any) -> None:
    """Something was used at the Counter, in this transaction: its receipt may have come before."""
    tied = tying.settle(cur, [day])
    _give_back(cur, day.customer_id, [purchase for _customer, purchase in tied], by)


def _follow(cur: Any, customers: int | list[int], changed: Iterable[Changed], by: Any) -> None:
    asked = {"customers": customers, "purchases": sorted(one.purchase_id for one in changed)}
    cur.execute(PAIRS.format(whose=tying.whose(asked)), asked)
    pairs = [Pair(customer, use, definition, (store, on), *row)
             for customer, use, definition, store, on, *row in cur.fetchall()]  # fmt: skip
    if not pairs:
        return
    purchases = set(tying.come_back(cur, customers, sorted({one.purchase_id for one in pairs})))
    tying.lock(cur, [one.definition_id for one in pairs if one.is_counter or one.purchase_id in purchases])
    tying.tie(cur, [(one.customer_id, one.use_id, one.purchase_id) for one in pairs if one.is_named])
    if counter := [one for one in pairs if one.is_counter]:
        tied = tying.settle(cur, [Day(one.customer_id, *one.day) for one in counter])
        purchases |= {purchase for _customer, purchase in tied}
    _give_back(cur, customers, sorted(purchases), by)


def _give_back(cur: Any, customers: int | list[int], purchases: Sequence[int], by: Any) -> None:
    """What these receipts used, of which no goods are kept."""
    if not purchases:
        return
    asked = {"customers": customers, "purchases": list(purchases)}
    cur.execute(RETURNED.format(whose=tying.whose(asked)), asked)
    for customer, use, purchase in cur.fetchall():
        with suppress(Erased):  # a return is taken in all the same
            using.reverse(customer, use, Cause(f"return:{purchase}", timezone.now(), by))


PAIRS = f"""
SELECT u.customer_id, u.id, u.definition_id, u.store_id, u.used_on, p.id,
    u.purchase_id IS NULL AND u.source = {CHECKOUT},
    starts_with(u.source, '{COUNTER}') AND u.redeemed_at IS NOT NULL AND u.reversed_at IS NULL
FROM customers_purchase p
JOIN customers_source s ON s.id = p.source_id
JOIN loyalty_couponuse u ON u.customer_id = p.customer_id
WHERE p.customer_id {{whose}} AND p.id = ANY(%(purchases)s::bigint[]) AND u.customer_id {{whose}} AND (
    u.purchase_id = p.id OR (u.purchase_id IS NULL AND u.source = {CHECKOUT})
    OR (starts_with(u.source, '{COUNTER}') AND u.store_id = p.store_id AND u.used_on = p.business_date)
)
ORDER BY u.customer_id, u.id, p.id
"""  # noqa: S608  our own words
RETURNED = f"""
SELECT u.customer_id, u.id, p.id
FROM customers_purchase p
JOIN loyalty_couponuse u ON u.customer_id = p.customer_id AND u.purchase_id = p.id
WHERE p.customer_id {{whose}} AND p.id = ANY(%(purchases)s::bigint[])
    AND u.customer_id {{whose}} AND u.redeemed_at IS NOT NULL AND u.reversed_at IS NULL
    AND {uses.ALL_BACK}
ORDER BY u.definition_id, u.id
"""  # noqa: S608
_MANY, _EXAMPLE = "= ANY(%(customers)s::bigint[])", {"customers": [1, 2], "purchases": [1, 2]}
STATEMENTS = [
    Statement("coupons.pairs", PAIRS.format(whose=_MANY), _EXAMPLE),
    Statement("coupons.returned", RETURNED.format(whose=_MANY), _EXAMPLE),
    *tying.STATEMENTS,
]
