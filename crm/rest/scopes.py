"""Scopes of keys: what a key was made for, each a few permissions. A key without a scope may nothing."""

from collections.abc import Sequence

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission


class KeyScope(models.TextChoices):
    RECEIPTS_WRITE = "receipts:write", _("Send receipts and returns")
    EVENTS_WRITE = "events:write", _("Send events of web, app and other systems")
    CUSTOMERS_READ = "customers:read", _("Find and read customers")
    CUSTOMERS_WRITE = "customers:write", _("Enrol and change customers")
    CUSTOMERS_MERGE = "customers:merge", _("Merge customers and undo it")
    WORK_READ = "work:read", _("Read follow-ups")
    WORK_WRITE = "work:write", _("Make and finish follow-ups")
    SEGMENTS_READ = "segments:read", _("Read segments and their members")
    SEGMENTS_WRITE = "segments:write", _("Save and change segments")
    PRIVACY_READ = "privacy:read", _("Read privacy requests and export what is held of people")
    PRIVACY_WRITE = "privacy:write", _("Open privacy requests and erase people")
    AUDIT_READ = "audit:read", _("Read the audit trail")
    POINTS_READ = "points:read", _("Read points, tiers and coupons of customers")
    POINTS_WRITE = "points:write", _("Redeem and adjust points")
    COUPONS_WRITE = "coupons:write", _("Reserve and redeem coupons")
    COUPONS_MANAGE = "coupons:manage", _("Read, make and end offers of coupons")
    BASKETS_EVALUATE = "baskets:evaluate", _("Work out what a basket earns and saves")
    CATALOGUE_READ = "catalogue:read", _("Read stores and products")


def choices() -> Sequence[tuple[str, str | Promise]]:
    """Named in the model by this function, so that a new scope needs no migration."""
    return KeyScope.choices


GRANTS: dict[str, frozenset[Permission]] = {
    KeyScope.RECEIPTS_WRITE: frozenset({Permission.POST_RECEIPTS}),
    KeyScope.EVENTS_WRITE: frozenset({Permission.POST_EVENTS}),
    KeyScope.CUSTOMERS_READ: frozenset({Permission.FIND_CUSTOMERS, Permission.VIEW_CUSTOMERS}),
    KeyScope.CUSTOMERS_WRITE: frozenset({Permission.EDIT_CUSTOMERS, Permission.RECORD_CONSENTS}),
    KeyScope.CUSTOMERS_MERGE: frozenset({Permission.MERGE_CUSTOMERS}),
    KeyScope.WORK_READ: frozenset({Permission.WORK_ITEMS}),
    KeyScope.WORK_WRITE: frozenset({Permission.WORK_ITEMS, Permission.ASSIGN_WORK}),
    KeyScope.SEGMENTS_READ: frozenset({Permission.VIEW_SEGMENTS}),
    KeyScope.SEGMENTS_WRITE: frozenset(
        {Permission.VIEW_SEGMENTS, Permission.EDIT_SEGMENTS, Permission.EDIT_TARGETS}
    ),
    KeyScope.PRIVACY_READ: frozenset({Permission.RECORD_PRIVACY, Permission.HANDLE_PRIVACY}),
    KeyScope.PRIVACY_WRITE: frozenset({Permission.RECORD_PRIVACY, Permission.HANDLE_PRIVACY}),
    KeyScope.AUDIT_READ: frozenset({Permission.VIEW_AUDIT}),
    KeyScope.POINTS_READ: frozenset({Permission.VIEW_LOYALTY}),
    KeyScope.POINTS_WRITE: frozenset(
        {Permission.REDEEM_POINTS, Permission.ADJUST_POINTS, Permission.VIEW_LOYALTY}
    ),
    KeyScope.COUPONS_WRITE: frozenset({Permission.REDEEM_POINTS}),
    KeyScope.COUPONS_MANAGE: frozenset({Permission.MANAGE_COUPONS}),
    KeyScope.BASKETS_EVALUATE: frozenset({Permission.VIEW_LOYALTY}),
    KeyScope.CATALOGUE_READ: frozenset({Permission.VIEW_CATALOGUE}),
}


def permissions_of(scopes: list[str]) -> frozenset[Permission]:
    """All permissions of these scopes; an unknown scope grants nothing."""
    return frozenset().union(*(GRANTS.get(scope, frozenset()) for scope in scopes))
