"""Birthday gifts: what a tier gives once a year, points or a coupon, so many days before the birthday.

A gift is a row of the member and the year of the birthday, which nobody has twice; what it is follows in the same
transaction. So a night that runs again, or a birthday that is told anew, gives nothing a second time. Who was born on
29 February has theirs on the 28th where there is no 29th.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from crm.audit.trail import actor_name
from crm.jobs.claim import StepProgress
from crm.lib.statements import Statement
from crm.org.models import Chain
from customers.nightrun import NightRun
from customers.receiving import database
from loyalty import endings
from loyalty.accrual import rulesets
from loyalty.coupons import defining, issuing
from loyalty.coupons.windows import zone_of
from loyalty.ledger import bulk
from loyalty.models import Benefit, BenefitKind, CouponDefinition, CouponTerms, Tier, TierScheme

BY = "system:birthday"
LATE = 7  # days after the birthday on which a night that was missed still gives


@dataclass(frozen=True)
class Gift:
    """What a tier gives: points, or a coupon with the terms of its moment."""

    tier: str
    points: int = 0
    terms: CouponTerms | None = None


class _Due(NamedTuple):
    customer: int
    year: int
    store: int | None
    tier: str

    @property
    def source(self) -> str:
        return f"birthday:{self.year}:{self.customer}"


def step(night_run: NightRun, progress: StepProgress) -> None:
    """The night's step. It gives for the day that begins, so that a gift is there on its morning."""
    at, on = timezone.now(), night_run.on + timedelta(days=1)
    gifts, before = gifts_on(on, at)
    for number, (low, high) in enumerate(night_run.ranges):
        if gifts and not night_run.claim.is_part_done("birthdays", number):
            with night_run.claim.part("birthdays", number):
                given = give(gifts, on, before, low=low, high=high, at=at)
            progress.counts["given"] = progress.counts.get("given", 0) + given
        progress.advance()


def gifts_on(on: date, at: datetime) -> tuple[list[Gift], int]:
    """What the tiers give by the version of a day, and how many days before the birthday. Coupons that have ended
    give nothing."""
    scheme = TierScheme.valid_on(on)
    if scheme is None:
        return [], 0
    rows = Benefit.objects.filter(tier__scheme=scheme, kind=BenefitKind.BIRTHDAY_GIFT).select_related(
        "tier", "coupon"
    )
    found = []
    for one in rows.order_by("tier__rank"):
        if one.coupon is None:
            found.append(Gift(one.tier.code, int(one.value)))
        elif (terms := _terms(one.coupon, at)) is not None:
            found.append(Gift(one.tier.code, terms=terms))
    return [one for one in found if one.points or one.terms], scheme.birthday_days


def give(gifts: Sequence[Gift], on: date, before: int, *, low: int, high: int, at: datetime) -> int:
    """To everybody of a slice whose birthday is near, in the caller's transaction; how many got theirs."""
    cur = database.cursor()
    database.enter(cur)
    base = Tier.objects.values_list("code", flat=True).get(scheme=TierScheme.valid_on(on), rank=0)
    cur.execute(
        DUE.sql,
        {
            "low": low, "high": high, "first": on - timedelta(days=LATE), "last": on + timedelta(days=before),
            "years": [on.year - 1, on.year, on.year + 1], "tiers": [one.tier for one in gifts], "base": base,
            "on": on, "zone": Chain.current().timezone,
        },
    )  # fmt: skip
    due = [_Due(*row) for row in cur.fetchall()]
    by_tier = {one.tier: one for one in gifts}
    if not due:
        return 0
    cur.execute(
        GIVE.sql,
        {
            "customers": [one.customer for one in due], "years": [one.year for one in due], "on": on, "at": at,
            "tiers": [one.tier for one in due], "points": [by_tier[one.tier].points for one in due],
            "coupons": [_definition(by_tier[one.tier]) for one in due],
        },
    )  # fmt: skip
    new = set(cur.fetchall())
    mine = [one for one in due if (one.customer, one.year) in new]
    _earn(cur, [(one, by_tier[one.tier].points) for one in mine if by_tier[one.tier].points], on, at)
    _issue(cur, [(one, terms) for one in mine if (terms := by_tier[one.tier].terms)], at)
    return len(mine)


def _terms(coupon: CouponDefinition, at: datetime) -> CouponTerms | None:
    return None if coupon.ended_at and coupon.ended_at <= at else defining.terms_at(coupon, at)


def _definition(gift: Gift) -> int | None:
    return gift.terms.definition_id if gift.terms else None


def _earn(cur: Any, due: list[tuple[_Due, int]], on: date, at: datetime) -> None:
    programme, ends = rulesets.book().programme_on(on), {}
    for store in {one.store for one, _points in due}:
        ends[store] = endings.of_programme(programme, on, zone_of(store)) if programme else None
    earnings = [
        bulk.Earning(one.customer, points, one.source, at, expires_at=ends[one.store]) for one, points in due
    ]
    bulk.earn_many(cur, earnings, by=BY)


def _issue(cur: Any, due: list[tuple[_Due, CouponTerms]], at: datetime) -> None:
    by_terms: dict[int, list[issuing.Recipient]] = defaultdict(list)
    terms = {found.pk: found for _one, found in due}
    for one, found in due:
        by_terms[found.pk].append(issuing.Recipient(one.customer, one.store, one.source))
    for pk, people in sorted(by_terms.items()):
        issuing.copy_in(cur, terms[pk], people, at=at, by=actor_name(BY))


# Members of a slice on a tier that gives something, whose birthday lies between two days, and who have no gift of it.
# Of a birthday that is over, only who stood on that tier by then.
DUE = Statement(
    "loyalty.birthdays_due",
    """
SELECT p.id, b.year, p.home_store_id, coalesce(m.tier, %(base)s)
FROM customers_customer p
LEFT JOIN loyalty_membership m ON m.customer_id = p.id
CROSS JOIN LATERAL (
    SELECT y AS year, (p.birthday + make_interval(years => y - extract(year FROM p.birthday)::int))::date AS day
    FROM unnest(%(years)s::int[]) y
) b
WHERE p.id >= %(low)s AND p.id < %(high)s AND p.birthday < %(first)s AND b.day BETWEEN %(first)s AND %(last)s
    AND p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_stub
    AND coalesce(m.tier, %(base)s) = ANY(%(tiers)s::text[])
    AND (
        b.day >= %(on)s::date
        OR (greatest(coalesce(p.enrolled_at, p.created_at), m.since) AT TIME ZONE %(zone)s)::date <= b.day
    )
    AND NOT EXISTS (
        SELECT FROM loyalty_birthdaygift g WHERE g.customer_id = p.id AND g.year = b.year
    )
ORDER BY p.id FOR KEY SHARE OF p
""",
    {
        "low": 1, "high": 250_001, "first": date(2026, 3, 3), "last": date(2026, 3, 17),
        "years": [2025, 2026, 2027], "tiers": ["gold"], "base": "member", "on": date(2026, 3, 10),
        "zone": "Asia/Shanghai",
    },
)  # fmt: skip
GIVE = Statement(
    "loyalty.birthdays_given",
    """
INSERT INTO loyalty_birthdaygift (customer_id, year, tier, points, coupon_id, given_on, given_at)
SELECT g.customer_id, g.year, g.tier, g.points, g.coupon_id, %(on)s::date, %(at)s::timestamptz
FROM unnest(
    %(customers)s::bigint[], %(years)s::int[], %(tiers)s::text[], %(points)s::bigint[], %(coupons)s::bigint[]
) AS g (customer_id, year, tier, points, coupon_id)
ON CONFLICT (customer_id, year) DO NOTHING
RETURNING customer_id, year
""",
    {
        "customers": [1], "years": [2026], "tiers": ["gold"], "points": [100], "coupons": [None],
        "on": date(2026, 3, 10), "at": datetime(2026, 3, 10, 18, tzinfo=UTC),
    },
)  # fmt: skip
STATEMENTS = [DUE, GIVE]
