"""Who moved between tiers in a period of business dates: a matrix whose numbers open their people."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from crm.lib.statements import Statement
from crm.org.scope import Viewer
from customers.models import Customer
from loyalty.models import Membership, MembershipSale, Tier, TierScheme
from loyalty.tiers.reading import default_tier


@dataclass(frozen=True)
class Movement:
    """`counts[(from code, to code)]` members; pairs of equal codes stayed. `tiers` from the lowest to the highest."""

    from_on: date
    to_on: date
    tiers: list[Tier]
    counts: dict[tuple[str, str], int]

    def count(self, a: str, b: str) -> int:
        return self.counts.get((a, b), 0)

    @property
    def moved(self) -> int:
        return sum(n for (a, b), n in self.counts.items() if a != b)

    @property
    def upwards(self) -> int:
        rank = {tier.code: tier.rank for tier in self.tiers}
        return sum(n for (a, b), n in self.counts.items() if rank.get(b, 0) > rank.get(a, 0))


def ladder(on: date) -> list[Tier]:
    """The tiers of the version that is valid on a date, the lowest first."""
    scheme = TierScheme.valid_on(on)
    return list(Tier.objects.filter(scheme=scheme).order_by("rank")) if scheme else []


def statement(viewer: Viewer, from_on: date, to_on: date) -> Movement:
    """From the tiers with which `from_on` began to those with which `to_on` ended, of the viewer's stores."""
    values = _values(viewer, from_on, to_on)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        counts = {(was, now): n for was, now, n in cursor.fetchall()}
        cursor.execute(_ALL, values)
        rest = cursor.fetchone()[0] - sum(counts.values())
    base = (values["base"], values["base"])
    counts[base] = (
        counts.get(base, 0) + rest
    )  # those without a line of history have never left the lowest tier
    return Movement(from_on, to_on, ladder(to_on), {pair: n for pair, n in counts.items() if n})


def movers(viewer: Viewer, from_on: date, to_on: date, was: str, now: str) -> QuerySet[Customer]:
    """The customers behind one number of the matrix, in no order."""
    values = _values(viewer, from_on, to_on) | {"was": was, "now": now}
    people = Customer.objects.visible_to(viewer).filter(
        merged_into__isnull=True, erased_at__isnull=True, is_stub=False
    )
    with connection.cursor() as cursor:
        if (was, now) != (values["base"], values["base"]):
            cursor.execute(_PAIR, values)
            return people.filter(pk__in=[row[0] for row in cursor.fetchall()])
        cursor.execute(_OTHERS, values)
        return people.exclude(pk__in=[row[0] for row in cursor.fetchall()])


def counts_now(viewer: Viewer, tiers: list[Tier]) -> dict[str, int]:
    """Members by tier, as they stand."""
    people = Customer.objects.visible_to(viewer).filter(
        merged_into__isnull=True, erased_at__isnull=True, is_stub=False
    )
    rows = Membership.objects.filter(customer__in=people.values("pk"))
    counted = dict(rows.values_list("tier").annotate(n=Count("customer")))
    found = {tier.code: counted.get(tier.code, 0) for tier in tiers}
    if tiers:
        lowest = tiers[0].code
        found[lowest] = people.count() - sum(n for code, n in counted.items() if code != lowest)
    return found


def bought(viewer: Viewer, from_on: date, to_on: date) -> list[dict[str, Any]]:
    """By tier: memberships sold, bought again and given back in the period, and the money that came in less what went
    back, of the stores where they were sold."""
    days = (from_on, to_on)
    sold, back = Q(sold_on__range=days), Q(returned_on__range=days)
    rows = MembershipSale.objects.filter(sold | back)
    if (stores := viewer.scope().store_ids) is not None:
        rows = rows.filter(store__in=stores)
    sums = {
        "sold": Count("pk", filter=sold & Q(renews=False)), "renewed": Count("pk", filter=sold & Q(renews=True)),
        "returned": Count("pk", filter=back), "came": Sum("price", filter=sold), "went": Sum("price", filter=back),
    }  # fmt: skip
    found: Any = list(rows.values("tier").annotate(**sums).order_by("tier"))
    return [{**one, "money": (one["came"] or 0) - (one["went"] or 0)} for one in found]


def _values(viewer: Viewer, from_on: date, to_on: date) -> dict[str, Any]:
    stores = viewer.scope().store_ids
    return {
        "from": from_on, "to": to_on, "base": default_tier(to_on), "everything": stores is None,
        "stores": sorted(stores or ()),
    }  # fmt: skip


_MINE = """c.merged_into_id IS NULL AND c.erased_at IS NULL AND NOT c.is_stub
    AND (%(everything)s OR c.home_store_id = ANY(%(stores)s::bigint[]))"""
# What the period began with: the last line before it; without one, what the first line within it came from.
_ENDS = f"""
SELECT h.customer_id,
    coalesce((array_agg(h.to_tier ORDER BY h.at DESC, h.id DESC) FILTER (WHERE h."on" < %(from)s))[1],
             (array_agg(h.from_tier ORDER BY h.at, h.id))[1]) AS was,
    (array_agg(h.to_tier ORDER BY h.at DESC, h.id DESC))[1] AS now
FROM loyalty_tierchange h JOIN customers_customer c ON c.id = h.customer_id
WHERE h."on" <= %(to)s AND {_MINE}
GROUP BY h.customer_id"""  # noqa: S608
_COUNTS = f"SELECT was, now, count(*)::bigint FROM ({_ENDS}) e GROUP BY was, now"  # noqa: S608
_PAIR = f"SELECT customer_id FROM ({_ENDS}) e WHERE was = %(was)s AND now = %(now)s"  # noqa: S608
_OTHERS = f"SELECT customer_id FROM ({_ENDS}) e WHERE NOT (was = %(base)s AND now = %(base)s)"  # noqa: S608
_ALL = f"SELECT count(*)::bigint FROM customers_customer c WHERE {_MINE}"  # noqa: S608
_EXAMPLE = {
    "from": date(2026, 1, 1), "to": date(2026, 12, 31), "base": "member", "everything": True, "stores": [],
    "was": "silver", "now": "gold",
}  # fmt: skip
STATEMENTS = [Statement("tiers.movers", _PAIR, _EXAMPLE), Statement("tiers.others", _OTHERS, _EXAMPLE)]
