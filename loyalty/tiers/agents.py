"""Dedicated agents: who may be one, how many members each has, whose agent somebody is.

A tier promises its members a person of the chain whom they can turn to. It can be who works here, signs in, has the
member in their scope and may see customers and points and do follow-ups (`NEEDS`). People are asked in circles: the
service agents of the member's home store, its other staff, who leads its region, who sees the whole chain; last the
administrators.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from crm.lib import prepared
from crm.org.models import Staff
from crm.org.permissions import CHAIN_WIDE, GRANTS, Permission, Role
from loyalty.models import Benefit, BenefitKind, DedicatedAgent, Tier, TierScheme
from loyalty.tiers.benefits import of_their_tier

NEEDS = frozenset({Permission.VIEW_CUSTOMERS, Permission.VIEW_LOYALTY, Permission.WORK_ITEMS})
ROLES = sorted(role for role, granted in GRANTS.items() if granted >= NEEDS and role is not Role.INTEGRATION)


@dataclass(frozen=True)
class Able:
    """Somebody who may be an agent. `stores`: those whose members they see; None sees all."""

    id: int
    code: str
    name: str
    role: Role
    stores: frozenset[int] | None

    @property
    def circle(self) -> int:
        """The lower, the nearer to the member."""
        if self.stores is None:
            return 4 if self.role == Role.ADMINISTRATOR else 3
        return {Role.AGENT: 0, Role.REGIONAL_MANAGER: 2}.get(self.role, 1)

    def sees(self, store: int | None) -> bool:
        return self.stores is None or store in self.stores


@dataclass(frozen=True)
class Promise:
    """The tiers that promise an agent on a day; `base` is the code of the lowest."""

    tiers: list[str]
    base: str


def promised(on: date) -> Promise:
    """By the version that is valid on a business date."""
    scheme = TierScheme.valid_on(on)
    if scheme is None:
        return Promise([], "")
    rows = Benefit.objects.filter(tier__scheme=scheme, kind=BenefitKind.AGENT)
    tiers = sorted(rows.values_list("tier__code", flat=True))
    base = Tier.objects.values_list("code", flat=True).get(scheme=scheme, rank=0) if tiers else ""
    return Promise(tiers, base)


def is_promised(customer_id: int, at: datetime) -> bool:
    """Does the tier that a member has at a moment promise an agent?"""
    found = prepared.row(_PROMISED, {"customer": customer_id, "at": at})
    return bool(found and found[0])


def able(stores: Iterable[int | None] | None = None) -> list[Able]:
    """Who may be the agent of members of one of these stores (None: of whichever), by circle and name."""
    asked = None if stores is None else [one for one in stores if one is not None]
    rows = prepared.rows(_ABLE, {"roles": ROLES, "chain": sorted(CHAIN_WIDE), "stores": asked})
    found = [
        Able(pk, code, name, Role(role), None if seen is None else frozenset(seen))
        for pk, code, name, role, seen in rows
    ]
    return sorted(found, key=lambda one: (one.circle, one.name, one.id))


def loads(ids: Iterable[int]) -> dict[int, int]:
    """How many members each of these people is the agent of; of those who are signposts after a merge, none."""
    asked = sorted(set(ids))
    if not asked:
        return {}
    return dict.fromkeys(asked, 0) | dict(prepared.rows(_LOADS, {"staff": asked}))


def of(customer_id: int) -> Staff | None:
    """The agent of a member, as long as they work here."""
    rows = DedicatedAgent.objects.filter(customer=customer_id, staff__is_active=True).select_related("staff")
    found = rows.first()
    return found.staff if found else None


# Staff and sign-ins stand on the first machine alone, so this is asked apart from what stands with customers.
_ABLE = """
SELECT * FROM (
    SELECT s.id, s.code, s.name, s.role, CASE
        WHEN s.role = ANY(%(chain)s::text[]) THEN NULL
        WHEN s.role = 'regional_manager' THEN ARRAY(SELECT t.id FROM org_store t WHERE t.region_id = s.region_id)
        ELSE ARRAY(SELECT l.store_id FROM org_staff_stores l WHERE l.staff_id = s.id)
    END AS stores
    FROM org_staff s WHERE s.is_active AND s.user_id IS NOT NULL AND s.role = ANY(%(roles)s::text[])
) able WHERE stores IS NULL OR %(stores)s::bigint[] IS NULL OR stores && %(stores)s::bigint[]
"""
# Each machine counts the members that stand on it; the sums come together on the first.
_LOADS = """
SELECT a.staff_id, count(*)::bigint FROM loyalty_dedicatedagent a JOIN customers_customer c ON c.id = a.customer_id
WHERE a.staff_id = ANY(%(staff)s::bigint[]) AND c.merged_into_id IS NULL
GROUP BY a.staff_id
"""
PROMISES = f"{of_their_tier(BenefitKind.AGENT)} > 0"
_PROMISED = f"SELECT {PROMISES}"
