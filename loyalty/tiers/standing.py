"""Where a customer stands now, for a page: balances, tier, what the next one needs. One statement."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from customers.models import Customer
from loyalty.models import Measure, Period
from loyalty.models.tiers import names_in
from loyalty.tiers import statements


@dataclass(frozen=True)
class Standing:
    """`balances` by unit: (available, pending, held, debt). `tiers`: rows of the valid version, the lowest first."""

    balances: dict[int, tuple[int, int, int, int]]
    tiers: list[dict[str, Any]]
    membership: dict[str, Any] | None
    measure: int

    @property
    def tier(self) -> dict[str, Any] | None:
        """The tier's row; None without a version."""
        code = self.membership["tier"] if self.membership else None
        return next((one for one in self.tiers if one["code"] == code), self.tiers[0] if self.tiers else None)

    @property
    def next(self) -> dict[str, Any] | None:
        """The next tier that can be reached."""
        rank = self.tier["rank"] if self.tier else 0
        return next((one for one in self.tiers if one["rank"] > rank and not one["is_paid"]), None)

    @property
    def name(self) -> str:
        return names_in(self.tier["names"]) or self.tier["code"] if self.tier else ""

    @property
    def next_name(self) -> str:
        return names_in(self.next["names"]) or self.next["code"] if self.next else ""

    @property
    def missing(self) -> int:
        """What the next tier still needs."""
        return max(0, self.next["threshold"] - self.measure) if self.next else 0

    @property
    def percent(self) -> int:
        """How far on the way to the next tier."""
        return min(100, 100 * self.measure // self.next["threshold"]) if self.next else 100

    @property
    def keep_until(self) -> date | None:
        told = self.membership and self.membership["keep_until"]
        return date.fromisoformat(told) if told else None

    @property
    def is_bought(self) -> bool:
        """The tier they stand on is one that they bought."""
        return bool(self.membership and self.tier and self.membership["paid_tier"] == self.tier["code"])

    @property
    def is_at_risk(self) -> bool:
        return bool(self.membership and (self.membership["notice_on"] or self.membership["grace_until"]))


def standing(customer: Customer, at: datetime) -> Standing:
    with connection.cursor() as cursor:
        cursor.execute(READ, asked(customer, at))
        return told(*cursor.fetchone())


def asked(customer: Customer, at: datetime) -> dict[str, Any]:
    """The values that `READ` asks for."""
    return {"customer": customer.pk, "at": at, "joined_at": customer.enrolled_at or customer.created_at}


def told(balances: str, membership: str | None, tiers: str, measure: int | None) -> Standing:
    """The standing in the row of `READ`."""
    units = {row.pop("unit"): tuple(row.values()) for row in json.loads(balances)}
    return Standing(units, json.loads(tiers), json.loads(membership) if membership else None, measure or 0)


def tier_names(customer_ids: list[int], at: datetime) -> dict[int, str]:
    """The name of each one's tier as it stands, in the reader's language; one statement. Empty without a version."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, {"ids": customer_ids, "at": at})
        rows = [(names_in(json.loads(names)) or code, held or []) for code, names, held in cursor.fetchall()]
    if not rows:
        return {}
    lowest = rows[0][0]
    return dict.fromkeys(customer_ids, lowest) | {pk: name for name, held in rows for pk in held}


def _begin() -> str:
    told = " ".join(f"WHEN {period.value} THEN {statements.begins(period, 'day.today')}" for period in Period)
    return f"CASE s.period {told} END".replace("%(months)s", "s.months").replace("joined", "day.joined")


def _measure() -> str:
    members = f"SELECT %(customer)s::bigint AS customer_id, {_begin()} AS from_on, day.today AS to_on"
    sums = (
        (one.value, statements.MEASURES[one].format(members=members).replace("%(zone)s", "day.zone"))
        for one in Measure
    )
    told = " ".join(f"WHEN {kind} THEN (SELECT measure FROM ({sql}) z)" for kind, sql in sums)  # noqa: S608
    return f"CASE s.measure {told} END"


READ = f"""
SELECT
    (SELECT coalesce(json_agg(json_build_object(
        'unit', b.unit, 'available', b.available, 'pending', b.pending, 'held', b.held, 'debt', b.debt
     )), '[]')::text FROM loyalty_balance b WHERE b.customer_id = %(customer)s) AS balances,
    (SELECT to_jsonb(m)::text FROM loyalty_membership m WHERE m.customer_id = %(customer)s) AS membership,
    (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.rank), '[]')::text
     FROM loyalty_tier t WHERE t.scheme_id = s.id) AS tiers,
    {_measure()} AS measure
FROM (
    SELECT (%(at)s::timestamptz AT TIME ZONE z.timezone)::date AS today, z.timezone AS zone,
        (%(joined_at)s::timestamptz AT TIME ZONE z.timezone)::date AS joined
    FROM org_chain z WHERE z.id = 1
) day
LEFT JOIN LATERAL (
    SELECT * FROM loyalty_tierscheme v WHERE v.valid_from <= day.today ORDER BY v.valid_from DESC, v.id DESC LIMIT 1
) s ON true"""  # noqa: S608

_NAMES = """
SELECT t.code, t.names::text, (
    SELECT array_agg(m.customer_id) FROM loyalty_membership m
    WHERE m.customer_id = ANY(%(ids)s::bigint[]) AND m.tier = t.code
)
FROM loyalty_tier t
WHERE t.scheme_id = (
    SELECT v.id FROM loyalty_tierscheme v
    WHERE v.valid_from <= (SELECT (%(at)s::timestamptz AT TIME ZONE z.timezone)::date FROM org_chain z WHERE z.id = 1)
    ORDER BY v.valid_from DESC, v.id DESC LIMIT 1
)
ORDER BY t.rank"""
