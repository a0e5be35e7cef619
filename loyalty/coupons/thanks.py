"""Coupons for the next order that a receipt issues to its buyer.

Terms may say so: a receipt of at least so much, of the goods that the coupon counts, in the stores where it is taken.
The terms that held when it was bought decide; the window begins when the receipt is known, so one that comes late is
worth as much. A receipt issues a coupon once, whichever way and however often it comes. Of one that came back whole
nothing is issued, and what it had issued is void; what was used by then stays used, what somebody pays with stays, and
either is void when that use ends (`uses.void_with_issuer`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils import timezone

from crm.lib import prepared
from crm.lib.statements import Statement
from customers.present import Erased
from customers.receiving.followers import Changed, Follower, register
from loyalty.coupons import giving, issuing, tying, uses
from loyalty.coupons.issuing import Recipient
from loyalty.coupons.refusals import CannotVoid
from loyalty.models import CouponTerms

BY = uses.RECEIPTS


def fill() -> None:
    register(Follower("coupons of receipts", now=follow, later=note))


def follow(cur: Any, changed: Sequence[Changed], _by: Any = BY) -> Mapping[str, Any]:
    """In the transaction of the receipt; asks for each customer by name."""
    if prepared.row(IS_ON):
        for customer in sorted({one.customer_id for one in changed}):
            _follow(cur, customer, [one for one in changed if one.customer_id == customer])
    return {}


def note(cur: Any, changed: Sequence[Changed]) -> None:
    """The same where many come together: a few statements for all."""
    if prepared.row(IS_ON):
        _follow(cur, sorted({one.customer_id for one in changed}), changed)


def _follow(cur: Any, customers: int | list[int], changed: Iterable[Changed]) -> None:
    asked = {"customers": customers, "purchases": sorted(one.purchase_id for one in changed)}
    at = timezone.now()
    due, back = _due(cur, asked), _back(cur, asked)
    tying.lock(cur, [row[3] for row in due] + [row[2] for row in back])
    if due:
        _issue(cur, _due(cur, asked), at)  # what nobody else has issued meanwhile
    for customer, coupon, _definition in back:
        with suppress(CannotVoid, Erased):  # it goes with its use; who was erased has none
            giving.void(customer, coupon, by=BY, at=at)


def _due(cur: Any, asked: Mapping[str, Any]) -> list[tuple[int, int, int, int, int]]:
    cur.execute(DUE.format(whose=tying.whose(asked)), asked)
    found: list[tuple[int, int, int, int, int]] = cur.fetchall()
    return found


def _back(cur: Any, asked: Mapping[str, Any]) -> list[tuple[int, int, int]]:
    """Coupons to void. Those that are used stay, and go with their use: it may end at this moment, and must then wait
    for this return, so the tally is held until it is there, also where nothing is voided."""
    cur.execute(BACK.format(whose=tying.whose(asked)), asked)
    found: list[tuple[int, int, int]] = cur.fetchall()
    return found


def _issue(cur: Any, due: Sequence[tuple[int, int, int, int, int]], at: datetime) -> None:
    by_terms: dict[int, list[Recipient]] = defaultdict(list)
    for customer, purchase, store, _definition, terms in due:
        by_terms[terms].append(Recipient(customer, store, f"receipt:{purchase}", purchase))
    for held in CouponTerms.objects.filter(pk__in=by_terms).order_by("definition_id", "pk"):
        issuing.copy_in(cur, held, by_terms[held.pk], at=at, by=BY)


def _among(column: str) -> str:
    """Whether the category of a line is one of these, or below one."""
    return (
        "EXISTS (SELECT FROM customers_category x"
        f" WHERE x.id = ANY({column}) AND (c.path = x.path OR starts_with(c.path, x.path || '/')))"
    )


IS_ON = "SELECT 1 FROM loyalty_couponterms WHERE issued_from IS NOT NULL LIMIT 1"
DUE = f"""
SELECT p.customer_id, p.id, p.store_id, t.definition_id, t.id
FROM customers_purchase p
JOIN customers_line l ON l.customer_id = p.customer_id AND l.purchase_id = p.id
JOIN customers_product g ON g.id = l.product_id
LEFT JOIN customers_category c ON c.id = g.category_id
JOIN loyalty_couponterms t ON t.issued_from <= p.amount AND t.valid_from <= p.occurred_at
JOIN loyalty_coupondefinition d ON d.id = t.definition_id AND d.ended_at IS NULL
WHERE p.customer_id {{whose}} AND l.customer_id {{whose}} AND p.id = ANY(%(purchases)s::bigint[])
    AND (t.only_stores = '{{{{}}}}' OR p.store_id = ANY(t.only_stores)) AND p.store_id <> ALL(t.not_stores)
    AND NOT EXISTS (
        SELECT FROM loyalty_couponterms n WHERE n.definition_id = t.definition_id AND n.valid_from <= p.occurred_at
            AND (n.valid_from > t.valid_from OR (n.valid_from = t.valid_from AND n.number > t.number))
    )
    AND NOT EXISTS (
        SELECT FROM loyalty_coupon k WHERE k.customer_id = p.customer_id AND k.definition_id = t.definition_id
            AND k.source = 'receipt:' || p.id
    )
    AND NOT (t.skips_discounted AND l.discount > 0)
    AND l.product_id <> ALL(t.not_products) AND coalesce(g.brand_id, 0) <> ALL(t.not_brands)
    AND NOT {_among("t.not_categories")}
    AND (
        (t.only_products = '{{{{}}}}' AND t.only_brands = '{{{{}}}}' AND t.only_categories = '{{{{}}}}')
        OR l.product_id = ANY(t.only_products) OR g.brand_id = ANY(t.only_brands) OR {_among("t.only_categories")}
    )
    AND NOT ({uses.ALL_BACK})
GROUP BY p.customer_id, p.id, p.store_id, t.definition_id, t.id, t.issued_from
HAVING sum(l.amount) >= t.issued_from
ORDER BY t.definition_id, p.id
"""  # noqa: S608  our own words
BACK = f"""
SELECT k.customer_id, k.id, k.definition_id
FROM customers_purchase p
JOIN loyalty_coupon k ON k.customer_id = p.customer_id AND k.purchase_id = p.id AND k.source = 'receipt:' || p.id
WHERE p.customer_id {{whose}} AND k.customer_id {{whose}} AND p.id = ANY(%(purchases)s::bigint[])
    AND k.voided_at IS NULL AND {uses.ALL_BACK}
ORDER BY k.definition_id, k.id
"""  # noqa: S608
_MANY, _EXAMPLE = "= ANY(%(customers)s::bigint[])", {"customers": [1, 2], "purchases": [1, 2]}
STATEMENTS = [
    Statement("coupons.issued_by_receipts", DUE.format(whose=_MANY), _EXAMPLE),
    Statement("coupons.issuers_back", BACK.format(whose=_MANY), _EXAMPLE),
]
