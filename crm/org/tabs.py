"""The tabs under Settings. Apps above add theirs from `AppConfig.ready()`."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from crm.org.permissions import Permission


class Tab(NamedTuple):
    """`label` is translated when it is shown; `name` is that of the page's address."""

    key: str
    label: Any
    name: str
    permission: Permission


TABS = [
    Tab("chain", gettext_noop("Chain"), "org:chain", Permission.MANAGE_ORGANISATION),
    Tab("regions", gettext_noop("Regions"), "org:regions", Permission.MANAGE_ORGANISATION),
    Tab("stores", gettext_noop("Stores"), "org:stores", Permission.MANAGE_ORGANISATION),
    Tab("departments", gettext_noop("Departments"), "org:departments", Permission.MANAGE_ORGANISATION),
    Tab("staff", gettext_noop("Staff"), "org:staff", Permission.MANAGE_STAFF),
    Tab("consent", gettext_noop("Consent"), "customers:wordings", Permission.EDIT_WORDINGS),
    Tab("fields", gettext_noop("Customer fields"), "customers:fields", Permission.MANAGE_ORGANISATION),
    Tab("keys", gettext_noop("API keys"), "org:keys", Permission.MANAGE_API_KEYS),
    Tab("privacy", gettext_noop("Privacy"), "privacy:requests", Permission.HANDLE_PRIVACY),
    Tab("audit", gettext_noop("Audit"), "audit:trail", Permission.VIEW_AUDIT),
]


def register(tab: Tab) -> None:
    """Add a tab before that of the audit; the same key again replaces it."""
    others = [one for one in TABS if one.key != tab.key]
    TABS[:] = [*others[:-1], tab, others[-1]]
