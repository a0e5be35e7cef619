"""Many purchases in columns, as the rules see them: a few statements, each joined by the customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from crm.lib.arrays import array_text
from crm.lib.copy import BOOL, DATE, INT2, INT4, INT8, TIMESTAMPTZ, read_packed
from crm.lib.statements import Statement
from loyalty.accrual import facts, reasons
from loyalty.accrual.arithmetic import Goods
from loyalty.accrual.columns import NO_BIRTHDAY, Receipts
from loyalty.accrual.conditions import days_from_birthday
from loyalty.accrual.firsts import IS_FIRST, back_at, is_back
from loyalty.accrual.limits import NEVER, Before, Used
from loyalty.accrual.rulesets import Book

NO_DAY = -1_000_000  # in place of a birthday that nobody told
EPOCH = date(1970, 1, 1).toordinal()


@dataclass
class Loaded:
    """Purchases in the order in which they are earned; lines in the order of their receipts, then of their numbers."""

    purchase: Any
    is_back: Any  # all that was paid was given back
    receipts: Receipts
    number: Any  # of each line
    zones: dict[int, ZoneInfo]  # by store

    def __len__(self) -> int:
        return len(self.purchase)

    @property
    def occurred(self) -> Any:
        return self.receipts.occurred

    @property
    def days(self) -> list[date]:
        return [date.fromordinal(EPOCH + day) for day in self.receipts.day.tolist()]

    def part(self, at: Any) -> "Loaded":
        """Those at these places, which rise."""
        r = self.receipts
        counts = np.diff(r.starts)
        of_line = np.zeros(len(r), dtype=bool)
        of_line[at] = True
        lines = np.repeat(of_line, counts)
        names = (
            "customer", "day", "month", "weekday", "minute", "store", "region", "channel", "tier", "is_first",
            "birthday_days", "occurred", "back",
        )  # fmt: skip
        receipts = Receipts(
            **{name: getattr(r, name)[at] for name in names}, starts=np.concatenate(([0], np.cumsum(counts[at]))),
            cents=r.cents[lines], discount=r.discount[lines], goods=r.goods[lines], products=r.products, tiers=r.tiers,
        )  # fmt: skip
        return Loaded(self.purchase[at], self.is_back[at], receipts, self.number[lines], self.zones)


def load(
    cur: Any, customers: Any, purchases: Any, book: Any, *, again: bool = False, owners: Mapping[int, int] | None = None
) -> Loaded:  # fmt: skip
    """Those of these purchases that are of a day on which there is a programme and have not been earned yet.

    `again`: those that have been, too, with the facts by which they were: for whoever replays them. `owners`: by
    purchase, whose it was then, where that is somebody else now. `book`: what a `rulesets.Book` knows of days.
    """
    given = {
        "customers": array_text(customers), "purchases": array_text(purchases), "begins": book.begins_on,
        "again": again,
    }  # fmt: skip
    heads = read_packed(cur, HEADS.sql, _HEAD, given)
    order = np.lexsort((heads["purchase"], heads["occurred"], heads["day"]))
    heads = {name: values[order] for name, values in heads.items()}
    mine = {"customers": array_text(heads["customer"]), "purchases": array_text(heads["purchase"])}
    _probe(cur, "off")
    lines = read_packed(cur, LINES.sql, _LINE, mine)
    _probe(cur, "on")
    by_id = np.argsort(heads["purchase"])
    place = by_id[np.searchsorted(heads["purchase"][by_id], lines["purchase"])]
    line_order = np.lexsort((lines["number"], place))
    lines = {name: values[line_order] for name, values in lines.items()} | {"place": place[line_order]}
    counts = np.bincount(lines["place"], minlength=len(order))
    ids, goods = np.unique(lines["product"], return_inverse=True)
    if owners:
        _give_back(cur, heads, owners)
    receipts = Receipts(
        **_facts(heads, book), starts=np.concatenate(([0], np.cumsum(counts))), cents=lines["cents"],
        discount=lines["discount"], goods=goods, products=_products(cur, ids),
    )  # fmt: skip
    return Loaded(heads["purchase"], heads["is_back"], receipts, lines["number"], _zones(cur))


def _give_back(cur: Any, heads: dict[str, Any], owners: Mapping[int, int]) -> None:
    """What a merge carried over was earned by the limits, tier and birthday of whom it belonged to."""
    pairs = zip(heads["purchase"].tolist(), heads["customer"].tolist(), strict=True)
    heads["customer"] = np.array([owners.get(pk, who) for pk, who in pairs], dtype=np.int64)
    cur.execute(
        "SELECT id, birthday FROM customers_customer WHERE id = ANY(%s)", [list(set(owners.values()))]
    )
    born = {pk: NO_DAY if day is None else day.toordinal() - EPOCH for pk, day in cur.fetchall()}
    days = zip(heads["customer"].tolist(), heads["birthday"].tolist(), strict=True)
    heads["birthday"] = np.array([born.get(pk, day) for pk, day in days], dtype=np.int64)


def _probe(cur: Any, others: str) -> None:
    """Some thousand purchases are looked up one by one. The planner would rather read all lines there are: it takes the
    numbers that it is given for a stretch."""
    cur.execute(
        "SELECT set_config('enable_mergejoin', %s, true), set_config('enable_hashjoin', %s, true)",
        [others] * 2,
    )


def used(cur: Any, loaded: Loaded, book: Book) -> Used:
    """What receipts that were earned before use of the caps, in the months of these."""
    found = Used(book.watched)
    if not found.watched or not len(loaded):
        return found
    given = {
        "customers": array_text(np.unique(loaded.receipts.customer)), "first": loaded.days[0].replace(day=1),
        "last": loaded.days[-1].replace(day=28),
    }  # fmt: skip
    cur.execute(BEFORE.sql, given)
    for customer, on, points, told, back in cur.fetchall():
        uses: dict[str, int] = {}
        for code, n in [("", points), *reasons.by_code(msgspec.json.decode(told), book)]:
            if n and code in found.watched:
                uses[code] = uses.get(code, 0) + n
        month = on.year * 12 + on.month - 1
        found.note(customer, month, Before(on.toordinal() - EPOCH, NEVER if back is None else back, uses))
    return found


def _facts(heads: dict[str, Any], book: Book) -> dict[str, Any]:
    """Of the receipts, without their lines."""
    day = heads["day"]
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
    sets = [found for on in np.unique(day).tolist() if (found := book.on(date.fromordinal(EPOCH + on)))]
    tiers, tier = (
        _tiers(heads) if any(found.asks_tiers for found in sets) else ([""], np.zeros(len(day), np.int64))
    )
    asks = any(rule.condition.birthday_days is not None for found in sets for rule in found.rules)
    return {
        "customer": heads["customer"], "day": day, "month": month, "weekday": (day + 3) % 7, "minute": heads["minute"],
        "store": heads["store"], "region": heads["region"], "channel": heads["channel"], "is_first": heads["is_first"],
        "tier": tier, "tiers": tiers, "occurred": heads["occurred"], "back": heads["back"],
        "birthday_days": _birthdays(heads) if asks else np.full(len(day), NO_BIRTHDAY),
    }  # fmt: skip


def _tiers(heads: dict[str, Any]) -> tuple[Sequence[str], Any]:
    days = (date.fromordinal(EPOCH + on) for on in heads["day"].tolist())
    codes = facts.tiers_of(list(zip(heads["customer"].tolist(), days, strict=True)))
    names, tier = np.unique(np.array(codes, dtype=object).astype(str), return_inverse=True)
    return names.tolist(), tier


def _birthdays(heads: dict[str, Any]) -> Any:
    """See `conditions.days_from_birthday`."""
    pairs = zip(heads["birthday"].tolist(), heads["day"].tolist(), strict=True)
    return np.array(
        [NO_BIRTHDAY if born == NO_DAY else _days(born, on) for born, on in pairs], dtype=np.int64
    )


def _days(born: int, on: int) -> int:
    found = days_from_birthday(date.fromordinal(EPOCH + born), date.fromordinal(EPOCH + on))
    return NO_BIRTHDAY if found is None else found


def _products(cur: Any, ids: Any) -> list[Goods]:
    cur.execute(PRODUCTS.sql, {"products": array_text(ids)})
    known = {row[0]: Goods(*row[1:]) for row in cur.fetchall()}
    return [known[one] for one in ids.tolist()] or [Goods()]


def _zones(cur: Any) -> dict[int, ZoneInfo]:
    cur.execute("SELECT id, timezone FROM org_store")
    return {store: ZoneInfo(zone) for store, zone in cur.fetchall()}


_HEAD = {
    "purchase": INT8, "customer": INT8, "day": DATE, "occurred": TIMESTAMPTZ, "minute": INT4, "store": INT8,
    "region": INT8, "channel": INT2, "birthday": INT4, "is_first": BOOL,
    "is_back": BOOL, "back": INT8,
}  # fmt: skip
_LINE = {"purchase": INT8, "number": INT2, "cents": INT8, "discount": INT8, "product": INT8}
_PAIRS = "unnest(%(customers)s::bigint[], %(purchases)s::bigint[]) AS wanted (customer_id, purchase_id)"
_EXAMPLE = {"customers": "{1}", "purchases": "{1}"}
HEADS = Statement(
    "loyalty.accrual_heads",
    f"""
SELECT p.id, p.customer_id, p.business_date, p.occurred_at,
    (extract(hour FROM p.occurred_at AT TIME ZONE s.timezone) * 60
        + extract(minute FROM p.occurred_at AT TIME ZONE s.timezone))::int,
    p.store_id, coalesce(s.region_id, 0), p.channel,
    coalesce(c.birthday - DATE '1970-01-01', {NO_DAY}),
    CASE WHEN a.purchase_id IS NOT NULL THEN a.is_first ELSE {IS_FIRST} END,
    {is_back("p")}, coalesce({back_at("p")}, {NEVER})
FROM {_PAIRS}
JOIN customers_purchase p ON p.customer_id = wanted.customer_id AND p.id = wanted.purchase_id
JOIN customers_customer c ON c.id = p.customer_id AND c.erased_at IS NULL
JOIN org_store s ON s.id = p.store_id
LEFT JOIN loyalty_accrual a ON a.customer_id = p.customer_id AND a.purchase_id = p.id
WHERE p.business_date >= %(begins)s AND (%(again)s OR a.purchase_id IS NULL)
""",  # noqa: S608  our own words
    _EXAMPLE | {"begins": "2026-01-01", "again": False},
)
LINES = Statement(
    "loyalty.accrual_lines",
    f"""
SELECT l.purchase_id, l.number, (l.amount * 100)::bigint, (l.discount * 100)::bigint, l.product_id
FROM {_PAIRS}
JOIN customers_line l ON l.customer_id = wanted.customer_id AND l.purchase_id = wanted.purchase_id
""",  # noqa: S608
    _EXAMPLE,
)
BEFORE = Statement(
    "loyalty.accruals_before",
    f"""
SELECT a.customer_id, a.business_date, a.points, a.reasons::text, {back_at("k")}
FROM loyalty_accrual a
JOIN customers_purchase k ON k.customer_id = a.customer_id AND k.id = a.purchase_id
WHERE a.customer_id = ANY(%(customers)s::bigint[]) AND a.business_date >= %(first)s::date
    AND a.business_date < %(last)s::date + 7
""",  # noqa: S608
    {"customers": "{1}", "first": "2026-01-01", "last": "2026-01-28"},
)
PRODUCTS = Statement(
    "loyalty.accrual_products",
    """
SELECT t.id, coalesce(g.path, ''), coalesce(t.brand_id, 0), t.sku
FROM customers_product t LEFT JOIN customers_category g ON g.id = t.category_id
WHERE t.id = ANY(%(products)s::bigint[])
""",
    {"products": "{1}"},
)
STATEMENTS = [HEADS, LINES, BEFORE]
