"""What may be done, and which role may do it. Default is no.

A permission is a verb on a noun. Views and endpoints declare exactly one; apps above read the registry, nobody
writes to it at run time.
"""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    CLERK = "clerk", _("Clerk")
    AGENT = "agent", _("Service agent")
    STORE_MANAGER = "store_manager", _("Store manager")
    REGIONAL_MANAGER = "regional_manager", _("Regional manager")
    MARKETER = "marketer", _("Marketer")
    ANALYST = "analyst", _("Analyst")
    ADMINISTRATOR = "administrator", _("Administrator")
    INTEGRATION = "integration", _("Integration")


class Permission(StrEnum):
    SIGNED_IN = "signed_in"  # anybody with a staff account: home, own preferences
    FIND_CUSTOMERS = "find_customers"  # the Counter: exact look-up anywhere, search within one's scope
    VIEW_CUSTOMERS = "view_customers"
    EDIT_CUSTOMERS = "edit_customers"
    CREATE_TAGS = "create_tags"  # a word that no customer had before
    MERGE_CUSTOMERS = "merge_customers"
    EXPORT_CUSTOMERS = "export_customers"
    WORK_ITEMS = "work_items"  # follow-ups: one's own and those that are anybody's of one's stores
    ASSIGN_WORK = "assign_work"  # give them to others, make many, see who does what
    EDIT_WORK_KINDS = "edit_work_kinds"
    RECORD_CONSENTS = "record_consents"
    EDIT_WORDINGS = "edit_wordings"
    MANAGE_SIGN_UP = "manage_sign_up"
    VIEW_SEGMENTS = "view_segments"
    EXPORT_SEGMENTS = "export_segments"
    EDIT_SEGMENTS = (
        "edit_segments"  # save segments, copy those of others; the chain's are guarded by scope, too
    )
    EDIT_TARGETS = "edit_targets"  # choose target markets, limit goods by age: for the whole chain
    EDIT_SCHEMES = "edit_schemes"
    VIEW_NIGHTS = "view_nights"
    RUN_NIGHTS = "run_nights"
    VIEW_IMPORTS = "view_imports"
    RUN_IMPORTS = "run_imports"
    REPLAY_QUARANTINE = "replay_quarantine"
    POST_RECEIPTS = "post_receipts"
    POST_EVENTS = "post_events"
    VIEW_CATALOGUE = "view_catalogue"  # stores and products: reference data without personal values
    VIEW_LOYALTY = "view_loyalty"  # balances, and how the programme works
    VIEW_LIABILITY = "view_liability"  # sums of points by store and month: what the programme owes and costs
    REDEEM_POINTS = "redeem_points"  # spend for a customer who stands there, and give it back
    ADJUST_POINTS = "adjust_points"  # by hand, within the limit of the role; beyond it somebody approves
    APPROVE_POINTS = "approve_points"
    EDIT_PROGRAMME = "edit_programme"  # rules, tiers, rewards
    MANAGE_COUPONS = "manage_coupons"
    MANAGE_ORGANISATION = "manage_organisation"
    MANAGE_STAFF = "manage_staff"
    MANAGE_API_KEYS = "manage_api_keys"
    VIEW_AUDIT = "view_audit"
    HANDLE_PRIVACY = "handle_privacy"  # exports, erasures, requests, retention: the privacy officer
    RECORD_PRIVACY = "record_privacy"  # enter what a person asked for; see the requests of one's stores
    VIEW_REVEALS = "view_reveals"  # who was shown what in full, in one's stores


_P = Permission
_COUNTER = {_P.SIGNED_IN, _P.FIND_CUSTOMERS, _P.VIEW_CUSTOMERS, _P.VIEW_CATALOGUE, _P.VIEW_LOYALTY}
_LEADS = {
    _P.REDEEM_POINTS,
    _P.ADJUST_POINTS,
    _P.APPROVE_POINTS,
    _P.VIEW_LIABILITY,
    _P.WORK_ITEMS,
    _P.ASSIGN_WORK,
    _P.RECORD_PRIVACY,
    _P.VIEW_REVEALS,
}
_MANAGER = _COUNTER | {
    _P.EDIT_CUSTOMERS,
    _P.CREATE_TAGS,
    _P.EXPORT_CUSTOMERS,
    _P.VIEW_SEGMENTS,
    _P.EDIT_SEGMENTS,
    _P.EXPORT_SEGMENTS,
}
_COLLECTS = {_P.RECORD_CONSENTS, _P.MANAGE_SIGN_UP}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.CLERK: frozenset(
        _COUNTER | {_P.EDIT_CUSTOMERS, _P.RECORD_CONSENTS, _P.WORK_ITEMS, _P.REDEEM_POINTS}
    ),
    Role.AGENT: frozenset(
        _COUNTER
        | {_P.EDIT_CUSTOMERS, _P.RECORD_CONSENTS, _P.WORK_ITEMS, _P.RECORD_PRIVACY}
        | {_P.REDEEM_POINTS, _P.ADJUST_POINTS}
    ),
    Role.STORE_MANAGER: frozenset(_MANAGER | _LEADS | _COLLECTS),
    Role.REGIONAL_MANAGER: frozenset(
        _MANAGER | _LEADS | _COLLECTS | {_P.MERGE_CUSTOMERS, _P.VIEW_IMPORTS, _P.VIEW_NIGHTS}
    ),
    Role.MARKETER: frozenset(
        _MANAGER
        | {_P.EDIT_TARGETS, _P.EDIT_SCHEMES, _P.VIEW_NIGHTS, _P.RUN_NIGHTS, _P.VIEW_IMPORTS, _P.RUN_IMPORTS}
        | {_P.APPROVE_POINTS, _P.EDIT_PROGRAMME, _P.MANAGE_COUPONS, _P.VIEW_LIABILITY}
    ),
    Role.ANALYST: frozenset(
        {
            _P.SIGNED_IN,
            _P.VIEW_CATALOGUE,
            _P.VIEW_CUSTOMERS,
            _P.VIEW_SEGMENTS,
            _P.EDIT_SEGMENTS,
            _P.EDIT_TARGETS,
            _P.EXPORT_SEGMENTS,
            _P.EXPORT_CUSTOMERS,
            _P.VIEW_NIGHTS,
            _P.VIEW_LOYALTY,
            _P.VIEW_LIABILITY,
        }
    ),
    Role.ADMINISTRATOR: frozenset(_P),
    Role.INTEGRATION: frozenset(
        {
            _P.FIND_CUSTOMERS,
            _P.VIEW_CUSTOMERS,
            _P.EDIT_CUSTOMERS,
            _P.RECORD_CONSENTS,
            _P.VIEW_SEGMENTS,
            _P.POST_RECEIPTS,
            _P.WORK_ITEMS,
            _P.ASSIGN_WORK,
            _P.POST_EVENTS,
            _P.VIEW_CATALOGUE,
            _P.VIEW_LOYALTY,
            _P.REDEEM_POINTS,
            _P.ADJUST_POINTS,
        }
    ),
}

# Roles that see the whole chain, whatever stores are named on the person.
CHAIN_WIDE = frozenset({Role.MARKETER, Role.ANALYST, Role.ADMINISTRATOR, Role.INTEGRATION})


def grants(role: str) -> frozenset[Permission]:
    """The permissions of a role; an unknown role has none."""
    return GRANTS.get(Role(role), frozenset()) if role in Role.values else frozenset()
