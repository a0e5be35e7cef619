"""The tabs under Segments, in their order. Each page names its tab by `key`; apps above add theirs."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from crm.org.permissions import Permission


class Tab(NamedTuple):
    """`label` is a `gettext_noop` text, translated when it is shown; `name` is that of the page's address."""

    key: str
    label: Any
    name: str
    permission: Permission
    order: int


TABS: list[Tab] = [
    Tab("saved", gettext_noop("Segments"), "segmentation:saved", Permission.VIEW_SEGMENTS, 10),
    Tab("map", gettext_noop("Heat map"), "segmentation:segments", Permission.VIEW_SEGMENTS, 20),
    Tab("movement", gettext_noop("Movement"), "segmentation:movement", Permission.VIEW_SEGMENTS, 30),
    Tab("clusters", gettext_noop("Clusters"), "segmentation:clusters", Permission.VIEW_SEGMENTS, 70),
    Tab("lookalikes", gettext_noop("Look-alikes"), "segmentation:lookalikes", Permission.VIEW_SEGMENTS, 75),
    Tab(
        "lifetime",
        gettext_noop("Lifetime value"),
        "segmentation:lifetime-value",
        Permission.VIEW_SEGMENTS,
        50,
    ),
    Tab("leaving", gettext_noop("Leaving"), "segmentation:leaving", Permission.VIEW_SEGMENTS, 60),
    Tab("targets", gettext_noop("Targets"), "segmentation:targets", Permission.VIEW_SEGMENTS, 85),
    Tab("products", gettext_noop("Products"), "segmentation:products", Permission.VIEW_SEGMENTS, 80),
    Tab("settings", gettext_noop("Settings"), "segmentation:scheme", Permission.EDIT_SCHEMES, 100),
]
# Pages of the last tab.
SETTINGS: list[Tab] = [
    Tab("scheme", gettext_noop("Scoring"), "segmentation:scheme", Permission.EDIT_SCHEMES, 10),
    Tab("groups", gettext_noop("Groups"), "segmentation:groups", Permission.EDIT_SCHEMES, 20),
    Tab("lifecycle", gettext_noop("Lifecycle"), "segmentation:lifecycle", Permission.EDIT_SCHEMES, 30),
    Tab("clusters", gettext_noop("Clusters"), "segmentation:cluster-settings", Permission.EDIT_SCHEMES, 40),
]


def add(tab: Tab) -> None:
    """Called from `AppConfig.ready()` of an app above."""
    TABS.append(tab)
    TABS.sort(key=lambda each: each.order)
