"""All that pages say of a member's loyalty at a glance, in one statement: accounts, tier, usable coupons, the last
movements and what was redeemed since the day began. Panels of one page share one reading (`of`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.utils import timezone

from crm.lib import prepared
from customers.models import Customer
from loyalty import accounts
from loyalty.coupons import holding
from loyalty.coupons.rules import money
from loyalty.glanceparts import Agent, Bought, Moved, Stored, Tier, Together, Usable
from loyalty.models import Kind, Unit
from loyalty.models.tiers import names_in
from loyalty.tiers import agents, standing
from loyalty.tiers.reading import TIER_THEN, TODAY
from loyalty.tiers.standing import Standing

SOON = timedelta(days=30)
SHOWN = 5  # movements


_Row = tuple[int, int, datetime | None, datetime | None, int | None, int | None, int | None]


class _Read(msgspec.Struct):
    accounts: list[_Row]
    tier: Tier | None
    coupons: list[Usable]
    moves: list[Moved]
    spent: list[Moved]
    tops_up: bool
    family: int | None
    together: list[Together]
    sells: bool
    bought: Bought | None
    agent: Agent | None
    has_agent: bool


class Glance(msgspec.Struct):
    """`spent`: redemptions since the day began of which something can be given back, newest first; `together` those
    with the family, whose number is `family`."""

    at: datetime
    points: Any  # accounts.AccountNow
    tier: Tier | None
    coupons: list[Usable]
    moves: list[Moved]
    spent: list[Moved]
    stored: Stored = Stored()
    family: int | None = None
    together: list[Together] = []
    sells: bool = False  # a tier is for sale
    bought: Bought | None = None
    agent: Agent | None = None
    has_agent: bool = False  # their tier promises one

    @property
    def is_blank(self) -> bool:
        """Nothing of loyalty ever happened to them."""
        return not (self.moves or self.coupons)

    @property
    def soon(self) -> int:
        """Points that end within a month if nothing is spent: of what can be spent, not of what pays a debt."""
        return min(int(self.points.spendable), int(self.points.ending_by(self.at + SOON)))

    @property
    def next_end(self) -> tuple[datetime, int] | None:
        return self.points.ending[0] if self.points.ending and self.points.spendable else None

    @property
    def next_vest(self) -> tuple[datetime, int] | None:
        return self.points.vesting[0] if self.points.vesting else None

    @property
    def tier_name(self) -> str:
        return (names_in(self.tier.names) or self.tier.code) if self.tier else ""


_decoder = msgspec.json.Decoder(_Read)


def of(customer: Customer, at: datetime) -> Glance:
    """Read once for all panels of a page."""
    if "_glance" not in customer.__dict__:
        customer.__dict__["_glance"] = read(customer.pk, at)
    found: Glance = customer.__dict__["_glance"]
    return found


def read(customer_id: int, at: datetime) -> Glance:
    """As of `at`, with that day in the reader's zone."""
    found = prepared.row(_GLANCE, _asked(customer_id, at))
    assert found is not None
    return _told(found[0], at)


def with_standing(customer: Customer, at: datetime) -> Standing:
    """Where they stand in the tiers; the glance is read along, in the same statement, for the other panels."""
    found = prepared.row(_WITH_STANDING, _asked(customer.pk, at) | standing.asked(customer, at))
    assert found is not None
    customer.__dict__["_glance"] = _told(found[0], at)
    return standing.told(*found[1:])


def _asked(customer_id: int, at: datetime) -> dict[str, Any]:
    began = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"customer": customer_id, "at": at, "store": None, "began": began, "shown": SHOWN}


def _told(text: str, at: datetime) -> Glance:
    told = _decoder.decode(text)
    found = accounts.told(told.accounts, at)
    principal, bonus = (
        money(found[unit].spendable) if unit in found else Decimal(0) for unit in (Unit.STORED, Unit.BONUS)
    )
    stored = Stored(principal, bonus, told.tops_up)
    return Glance(
        at, found[Unit.POINTS], told.tier, told.coupons, told.moves, told.spent, stored, told.family, told.together,
        told.sells, told.bought, told.agent, told.has_agent,
    )  # fmt: skip


class Line(msgspec.Struct):
    """A member in a list."""

    spendable: int
    soon: int
    tier: str


def lines(customer_ids: Iterable[int], at: datetime) -> dict[int, Line]:
    """What lists say of each member who has an account of points or a tier. One statement."""
    asked = {"ids": list(customer_ids), "at": at, "soon": at + SOON}
    found = {}
    for pk, available, debt, soon, names in prepared.rows(_LINES, asked):
        spendable = max(0, available - debt)
        tier = names_in(msgspec.json.decode(names)) if names else ""
        found[pk] = Line(spendable, min(soon, spendable), tier)
    return found


def _tier(customer: str, columns: str) -> str:
    """The tier of a member now, of the newest scheme that is valid."""
    now = TIER_THEN.format(customer=customer, at="%(at)s")
    return f"""(
    SELECT {columns} FROM loyalty_tier t JOIN loyalty_tierscheme s ON s.id = t.scheme_id, (SELECT {now} AS code) stands
    WHERE s.valid_from <= {TODAY} AND (t.code = stands.code OR (stands.code IS NULL AND t.rank = 0))
    ORDER BY s.valid_from DESC, s.id DESC LIMIT 1
)"""  # noqa: S608  names of columns


_MOVED = """
    'id', m.id, 'kind', m.kind, 'at', m.occurred_at, 'store_id', m.store_id, 'store', store.name, 'actor', m.actor,
    'purchase_id', m.purchase_id, 'available', m.available, 'pending', m.pending, 'held', m.held, 'debt', m.debt
"""
_GLANCE = f"""
SELECT json_build_object(
    'accounts', (
        SELECT coalesce(json_agg(json_build_array(
            unit, debt, ends_at, vests_at, pending, available, held
        ) ORDER BY unit), '[]') FROM ({accounts.NOW}) account
    ),
    'tier', {_tier("%(customer)s", "json_build_object('code', t.code, 'names', t.names, 'colour', t.colour)")},
    'coupons', (
        SELECT coalesce(json_agg(json_build_object(
            'id', id, 'name', name, 'code', code, 'valid_to', ends, 'is_early', is_early
        )), '[]')
        FROM (SELECT id, name, code, found.valid_to AS ends, is_early FROM ({holding.USABLE.sql}) found) usable
    ),
    'moves', (
        SELECT coalesce(json_agg(json_build_object({_MOVED}) ORDER BY m.occurred_at DESC, m.id DESC), '[]')
        FROM (
            SELECT * FROM loyalty_movement WHERE customer_id = %(customer)s AND unit = {Unit.POINTS.value}
            ORDER BY occurred_at DESC, id DESC LIMIT %(shown)s
        ) m LEFT JOIN org_store store ON store.id = m.store_id
    ),
    'spent', (
        SELECT coalesce(json_agg(json_build_object({_MOVED}, 'left', m.left) ORDER BY m.id DESC), '[]')
        FROM (
            SELECT spent.*, -spent.available - spent.held - coalesce((
                SELECT sum(back.available) FROM loyalty_movement back
                WHERE back.customer_id = %(customer)s AND back.of_id = spent.id
                    AND back.kind = {Kind.REVERSAL.value}
            ), 0)::bigint AS left
            FROM loyalty_movement spent
            WHERE spent.customer_id = %(customer)s AND spent.unit = {Unit.POINTS.value}
                AND spent.kind IN ({Kind.REDEEM.value}, {Kind.CAPTURE.value}) AND spent.occurred_at >= %(began)s
                AND spent.source NOT LIKE 'family:%%'
        ) m LEFT JOIN org_store store ON store.id = m.store_id
        WHERE m.left > 0
    ),
    'tops_up', coalesce((
        SELECT is_on FROM loyalty_storedterms WHERE valid_from <= {TODAY} ORDER BY valid_from DESC, id DESC LIMIT 1
    ), false),
    'family', (SELECT family_id FROM loyalty_familyseat WHERE customer_id = %(customer)s AND left_at IS NULL),
    'together', (
        SELECT coalesce(json_agg(json_build_object(
            'id', whole.id, 'at', whole.redeemed_at, 'store_id', whole.store_id, 'store', store.name,
            'actor', whole.actor, 'left', whole.points - whole.given_back
        ) ORDER BY whole.id DESC), '[]')
        FROM loyalty_familyredemption whole LEFT JOIN org_store store ON store.id = whole.store_id
        WHERE whole.customer_id = %(customer)s AND whole.redeemed_at >= %(began)s AND whole.points > whole.given_back
    ),
    'sells', EXISTS (
        SELECT FROM loyalty_tier t WHERE t.is_paid AND t.scheme_id = (
            SELECT id FROM loyalty_tierscheme WHERE valid_from <= {TODAY} ORDER BY valid_from DESC, id DESC LIMIT 1
        )
    ),
    'bought', (
        SELECT json_build_object(
            'code', t.code, 'names', t.names, 'colour', t.colour, 'until', m.paid_until,
            'grace_until', CASE WHEN m.tier = m.paid_tier THEN m.grace_until END
        )
        FROM loyalty_membership m
        JOIN loyalty_tier t ON t.code = m.paid_tier JOIN loyalty_tierscheme s ON s.id = t.scheme_id
        WHERE m.customer_id = %(customer)s AND s.valid_from <= {TODAY}
            AND m.paid_until + s.grace_days >= {TODAY}
        ORDER BY s.valid_from DESC, s.id DESC LIMIT 1
    ),
    'agent', (
        SELECT json_build_object('code', person.code, 'name', person.name, 'since', own.since)
        FROM loyalty_dedicatedagent own JOIN org_staff person ON person.id = own.staff_id
        WHERE own.customer_id = %(customer)s AND person.is_active
    ),
    'has_agent', {agents.PROMISES}
)::text
"""  # noqa: S608  names of columns, numbers of kinds
_WITH_STANDING = f"SELECT ({_GLANCE}), stood.* FROM ({standing.READ}) stood"  # noqa: S608
_LINES = f"""
SELECT b.id, coalesce(points.available, 0)::bigint, coalesce(points.debt, 0), coalesce(points.soon, 0)::bigint,
    {_tier("b.id", "t.names::text")}
FROM unnest(%(ids)s::bigint[]) AS b (id)
LEFT JOIN LATERAL (
    SELECT max(held.debt) AS debt,
        sum(lot.points) FILTER (WHERE lot.ends_at IS NULL OR lot.ends_at > %(at)s) AS available,
        sum(lot.points) FILTER (WHERE lot.ends_at > %(at)s AND lot.ends_at <= %(soon)s) AS soon
    FROM loyalty_balance held
    LEFT JOIN LATERAL (
        SELECT available + CASE WHEN vests_at <= %(at)s THEN pending ELSE 0 END AS points,
            CASE WHEN is_extended THEN held.extended_to ELSE expires_at END AS ends_at
        FROM loyalty_lot
        WHERE customer_id = held.customer_id AND unit = held.unit AND (available > 0 OR pending > 0 OR held > 0)
    ) lot ON true
    WHERE held.customer_id = b.id AND held.unit = {Unit.POINTS.value}
) points ON true
"""  # noqa: S608
