"""Reasons and limits: data, with what the product brings along."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Abs

from crm.audit import trail
from crm.org.permissions import Permission, Role, grants
from loyalty.models import Adjustment, AdjustmentLimit, AdjustmentReason, AdjustmentState
from loyalty.models.adjustments import REASONS

DEFAULTS = {
    Role.CLERK: (300, 1_500),  # at the Counter, for receipts that were missed: nothing else is theirs to give
    Role.AGENT: (500, 2_000),
    Role.STORE_MANAGER: (2_000, 10_000),
    Role.REGIONAL_MANAGER: (5_000, 25_000),
    Role.ADMINISTRATOR: (5_000, 25_000),
    Role.INTEGRATION: (500, 10_000),
}


def reasons() -> list[AdjustmentReason]:
    """Those in use; the product's own are made on first use."""
    found = list(AdjustmentReason.objects.order_by("pk"))
    if not found:
        with trail.first_use("loyalty.adjustmentreason"):
            AdjustmentReason.objects.bulk_create(
                [AdjustmentReason(code=code) for code in REASONS], ignore_conflicts=True
            )
        found = list(AdjustmentReason.objects.order_by("pk"))
    return [one for one in found if one.is_open]


def of_roles() -> list[AdjustmentLimit]:
    """One of every role that may adjust, or serve with points, in the order of the roles."""
    found = {one.role: one for one in AdjustmentLimit.objects.all()}
    if missing := DEFAULTS.keys() - found.keys():
        with trail.first_use("loyalty.adjustmentlimit"):
            AdjustmentLimit.objects.bulk_create(
                [
                    AdjustmentLimit(role=role, points=a, points_a_day=b)
                    for role, (a, b) in DEFAULTS.items()
                    if role in missing
                ],
                ignore_conflicts=True,
            )
        found = {one.role: one for one in AdjustmentLimit.objects.all()}
    return [found[role] for role in Role.values if role in found and _gives(grants(role))]


def _gives(rights: Collection[Permission]) -> bool:
    return not {Permission.ADJUST_POINTS, Permission.REDEEM_POINTS}.isdisjoint(rights)


def limit_of(by: Any) -> AdjustmentLimit:
    """Of a person's role, or a system's; nobody's without a row: then everything waits."""
    role = str(getattr(by, "role", "") or Role.INTEGRATION)
    known = {one.role: one for one in of_roles()}
    return known.get(role) or AdjustmentLimit(role=role, points=0, points_a_day=0)


def is_within(by: Any, points: int, on: date) -> bool:
    """May this person move so many points on a day without anybody else? Serialised by the row of the role."""
    limit = limit_of(by)
    AdjustmentLimit.objects.select_for_update().filter(role=limit.role).first()
    if abs(points) > limit.points:
        return False
    own = Adjustment.objects.filter(
        asked_by=trail.actor_name(by), asked_on=on, is_above_limit=False, state__in=BOOKED
    )
    moved = own.aggregate(n=Sum(Abs("points")))["n"] or 0
    return int(moved) + abs(points) <= limit.points_a_day


def change(wanted: Mapping[str, Mapping[str, int]], *, by: Any) -> None:
    """Set the limits of roles: `points` at once and `points_a_day`. All, or none."""
    with transaction.atomic():
        known = {one.role: one for one in of_roles()}
        for role, told in wanted.items():
            kept = known[role]
            changes = {name: (getattr(kept, name), n) for name, n in told.items() if getattr(kept, name) != n}
            if changes:
                AdjustmentLimit.objects.filter(role=role).update(**told)
                trail.record("adjustment.limit", kept, by=by, details={"role": role}, changes=changes)


BOOKED = (AdjustmentState.APPLIED, AdjustmentState.UNDONE)
