"""What the sales of a member cover, and the membership made to say so.

The sales alone know what is bought: the highest tier of those that run, until the end of the last one that continues
it. Selling, giving back, a merge and its undoing each change the sales and then have the membership counted anew from
them; what was earned stands beneath and is touched by none of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from crm.lib.statements import Statement
from customers.models import Customer
from loyalty.models import Membership, MembershipSale, Tier, TierReason, TierScheme
from loyalty.tiers import keeping, stood
from loyalty.tiers.reading import default_tier
from loyalty.tiers.stood import State

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Cover:
    """A tier that is bought, and its last day."""

    tier: str
    until: date


@dataclass(frozen=True)
class Book:
    """What decides about a day: the version of the tiers that is valid then. `scheme` 0: there is none."""

    on: date
    scheme: int
    grace: timedelta
    ranks: dict[str, int]

    @classmethod
    def of(cls, on: date) -> "Book":
        scheme = TierScheme.valid_on(on)
        if scheme is None:
            return cls(on, 0, timedelta(), {})
        ranks = dict(Tier.objects.filter(scheme=scheme).values_list("code", "rank"))
        return cls(on, scheme.pk, timedelta(days=scheme.grace_days), ranks)

    def rank(self, tier: str) -> int:
        return self.ranks.get(tier, 0)


def of(customer_ids: Sequence[int], book: Book) -> Cover | None:
    """What is bought on the day, the grace after it included; together, if there are several customers."""
    rows = MembershipSale.objects.filter(customer__in=customer_ids, returned_at=None)
    sales = list(rows.order_by("begins_on", "pk"))
    running = [one for one in sales if one.begins_on <= book.on <= one.ends_on + book.grace]
    if not running:
        return None
    tier = max(running, key=lambda one: book.rank(one.tier)).tier
    until = max(one.ends_on for one in running if one.tier == tier)
    for one in sales:
        if one.tier == tier and one.begins_on <= until + DAY:
            until = max(until, one.ends_on)
    return Cover(tier, until)


def restate(kept: Membership, book: Book, reason: TierReason, *, by: Any, at: datetime) -> bool:
    """Make the membership say what the sales cover. False: it does already, and nothing is written."""
    found = of([kept.customer_id], book)
    if found == said(kept):
        return False
    put(kept, covered(kept, earned(kept, book), found, book), reason, by=by, at=at)
    return True


def said(kept: Membership) -> Cover | None:
    """What the membership says is bought."""
    return Cover(kept.paid_tier, kept.paid_until) if kept.paid_until else None


def earned(kept: Membership, book: Book) -> State:
    """What the member stands on, had nothing been bought."""
    return stood.without(stood.told(kept), stood.lowest(default_tier(book.on), kept.since))


def covered(kept: Membership, state: State, found: Cover | None, book: Book) -> State:
    """What was earned with what is bought on it; since when, the membership knows."""
    if found is None:
        return state
    paid = {
        "tier": found.tier, "paid_until": found.until.isoformat(), "scheme_id": book.scheme or None,
        "since": stood.covered_since(stood.told(kept), found.tier),
    }  # fmt: skip
    return stood.covered(state, paid, book.ranks)


def put(
    kept: Membership, state: State, reason: TierReason, *, by: Any, at: datetime, cause: str = ""
) -> None:
    """Write a state, and with it a line of history. Without a `since` it begins now. `cause`: of a change by hand."""
    keeping.note(kept, state["tier"], reason, by, at)
    kept.cause = cause
    stood.put(kept, state | {"since": state["since"] or kept.changed_at.isoformat()})
    keeping.save(kept)


def begin(on: date, which: dict[str, int], *, by: Any, at: datetime) -> int:
    """For a slice: what was bought for later begins, and a lower tier that was bought comes forth; how many."""
    with connection.cursor() as cursor:
        cursor.execute(DUE.sql, which | {"on": on})
        due = [row[0] for row in cursor.fetchall()]
    if not due:
        return 0
    book, begun = Book.of(on), 0
    for customer in Customer.objects.filter(pk__in=due).order_by("pk"):
        begun += restate(keeping.held(customer, at), book, TierReason.PAID, by=by, at=at)
    return begun


# Members of a slice with a sale that runs and is more than what their membership says. Few: after an undone merge, or
# where two who bought different tiers are one.
DUE = Statement(
    "tiers.begun",
    """
SELECT DISTINCT s.customer_id
FROM loyalty_membershipsale s
JOIN customers_customer c ON c.id = s.customer_id
JOIN loyalty_tierscheme v ON v.id = (
    SELECT w.id FROM loyalty_tierscheme w WHERE w.valid_from <= %(on)s::date
    ORDER BY w.valid_from DESC, w.id DESC LIMIT 1
)
LEFT JOIN loyalty_membership m ON m.customer_id = s.customer_id
LEFT JOIN loyalty_tier t ON t.scheme_id = v.id AND t.code = s.tier
LEFT JOIN loyalty_tier p ON p.scheme_id = v.id AND p.code = m.paid_tier
WHERE s.customer_id >= %(low)s AND s.customer_id < %(high)s AND s.returned_at IS NULL
    AND s.begins_on <= %(on)s::date AND s.ends_on + v.grace_days >= %(on)s::date
    AND c.merged_into_id IS NULL AND c.erased_at IS NULL AND NOT c.is_stub
    AND (
        m.paid_until IS NULL OR m.paid_until + v.grace_days < %(on)s::date
        OR (m.paid_tier = s.tier AND m.paid_until < s.ends_on)
        OR coalesce(t.rank, 0) > coalesce(p.rank, 0)
    )
""",
    {"low": 1, "high": 250_001, "on": date(2026, 3, 10)},
)
STATEMENTS = [DUE]
