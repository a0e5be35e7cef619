"""The tabs under Loyalty, in their order. Each page names its tab by `key`."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from crm.org.permissions import Permission


class Tab(NamedTuple):
    """`label` is a `gettext_noop` text, translated when it is shown; `name` is that of the page's address."""

    key: str
    label: Any
    name: str
    permission: Permission


TABS: list[Tab] = [
    Tab("overview", gettext_noop("Overview"), "loyalty:overview", Permission.VIEW_LIABILITY),
    Tab("earning", gettext_noop("Earning"), "loyalty:earning", Permission.VIEW_LOYALTY),
    Tab("tiers", gettext_noop("Tiers"), "loyalty:tiers", Permission.VIEW_LOYALTY),
    Tab("rewards", gettext_noop("Rewards"), "loyalty:rewards", Permission.VIEW_LOYALTY),
    Tab("coupons", gettext_noop("Coupons"), "loyalty:coupons", Permission.MANAGE_COUPONS),
    Tab("stored", gettext_noop("Stored value"), "loyalty:stored-value", Permission.VIEW_LOYALTY),
    Tab("referrals", gettext_noop("Friends"), "loyalty:referrals", Permission.APPROVE_POINTS),
    Tab("approvals", gettext_noop("Approvals"), "loyalty:approvals", Permission.APPROVE_POINTS),
    Tab("liability", gettext_noop("Liability"), "loyalty:liability", Permission.VIEW_LIABILITY),
    Tab("simulator", gettext_noop("Simulator"), "loyalty:simulations", Permission.EDIT_PROGRAMME),
]
