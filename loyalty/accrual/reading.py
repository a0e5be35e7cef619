"""One purchase as the rules see it: three small statements, all by the customer."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from crm.lib import prepared
from loyalty.accrual import facts, reasons
from loyalty.accrual.arithmetic import Goods, Line, Receipt, Used
from loyalty.accrual.conditions import days_from_birthday
from loyalty.accrual.firsts import IS_FIRST, is_back_by
from loyalty.accrual.rulesets import Book, RuleSet


class Head(NamedTuple):
    """A purchase without its lines."""

    on: date
    occurred_at: datetime
    minute: int
    store: int
    region: int
    zone: str
    channel: int
    birthday: date | None
    is_first: bool
    returned: Decimal
    amount: Decimal

    @property
    def is_back(self) -> bool:
        """Whether all that was paid for it was given back."""
        return 0 < self.amount <= self.returned

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Sold(NamedTuple):
    """A line with what has come back of it."""

    line: Line
    returned: int


def lock(customer_id: int) -> bool:
    """One at a time works out what a customer earns. False: there is nobody of that number any more."""
    return prepared.row(_LOCK, [customer_id]) is not None


def head(customer_id: int, purchase_id: int) -> Head | None:
    found = prepared.row(_HEAD, {"customer": customer_id, "purchase": purchase_id})
    return Head(*found) if found else None


def lines(customer_id: int, purchase_id: int) -> list[Sold]:
    return [
        Sold(Line(number, cents, discount, Goods(path, brand, sku)), returned)
        for number, cents, discount, returned, path, brand, sku in prepared.rows(
            _LINES, [customer_id, purchase_id]
        )
    ]


def receipt(customer_id: int, of: Head, sold: list[Sold], rules: RuleSet) -> Receipt:
    tier = facts.tiers_of([(customer_id, of.on)])[0] if rules.asks_tiers else ""
    return Receipt(
        on=of.on, minute=of.minute, store=of.store, region=of.region, channel=of.channel, tier=tier,
        is_first=of.is_first, birthday_days=days_from_birthday(of.birthday, of.on), lines=[one.line for one in sold],
    )  # fmt: skip


def used(customer_id: int, of: Head, rules: RuleSet, book: Book) -> Used:
    """What other receipts of the month have used of the caps."""
    return used_before(customer_id, of.on, of.occurred_at, rules, book)


def used_before(customer_id: int, on: date, at: datetime, rules: RuleSet, book: Book) -> Used:
    """The same for a business date and a moment."""
    if not rules.looks_back:
        return Used({}, {})
    rows = prepared.rows(_MONTH, {"customer": customer_id, "on": on, "at": at})
    return reasons.used([(is_same_day, n, msgspec.json.decode(told)) for is_same_day, n, told in rows], book)


_LOCK = "SELECT id FROM customers_customer WHERE id = %s AND erased_at IS NULL FOR NO KEY UPDATE"
_HEAD = f"""
SELECT p.business_date, p.occurred_at,
    (extract(hour FROM p.occurred_at AT TIME ZONE s.timezone) * 60
        + extract(minute FROM p.occurred_at AT TIME ZONE s.timezone))::int,
    p.store_id, coalesce(s.region_id, 0), s.timezone, p.channel, c.birthday,
    {IS_FIRST}, p.returned, p.amount
FROM customers_purchase p
JOIN customers_customer c ON c.id = p.customer_id
JOIN org_store s ON s.id = p.store_id
WHERE p.customer_id = %(customer)s AND p.id = %(purchase)s
"""  # noqa: S608  our own words
_LINES = """
SELECT l.number, (l.amount * 100)::bigint, (l.discount * 100)::bigint, (l.returned_amount * 100)::bigint,
    coalesce(g.path, ''), coalesce(t.brand_id, 0), t.sku
FROM customers_line l
JOIN customers_product t ON t.id = l.product_id
LEFT JOIN customers_category g ON g.id = t.category_id
WHERE l.customer_id = %s AND l.purchase_id = %s ORDER BY l.number
"""
_MONTH = f"""
SELECT a.business_date = %(on)s::date, a.points, a.reasons::text
FROM loyalty_accrual a
JOIN customers_purchase k ON k.customer_id = a.customer_id AND k.id = a.purchase_id
WHERE a.customer_id = %(customer)s AND NOT ({is_back_by("k", "%(at)s")})
    AND a.business_date >= date_trunc('month', %(on)s::date)::date
    AND a.business_date < (date_trunc('month', %(on)s::date) + interval '1 month')::date
"""  # noqa: S608  our own words
