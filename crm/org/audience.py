"""Who may see the rows of a store: the other way round from `scope`, as a question to the database."""

from django.db.models import Q, QuerySet

from crm.org.models import Staff
from crm.org.permissions import CHAIN_WIDE, GRANTS, Permission, Role


def who_see(store_id: int | None, permission: Permission) -> QuerySet[Staff]:
    """Active staff who have `permission` and this store in their scope. None: what is no store's, the chain's alone."""
    able = {role for role, granted in GRANTS.items() if permission in granted}
    seen = Q(role__in=able & CHAIN_WIDE)
    if store_id is not None:
        leads = Q(role=Role.REGIONAL_MANAGER, region__stores=store_id)
        links = Staff.stores.through.objects.filter(store=store_id)
        local = able - CHAIN_WIDE - {Role.REGIONAL_MANAGER}
        seen |= Q(role__in=local, pk__in=links.values("staff"))
        if Role.REGIONAL_MANAGER in able:
            seen |= leads
    return Staff.objects.filter(seen, is_active=True)
