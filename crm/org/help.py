"""What the help page says of the settings."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui.help import Topic, register


def fill() -> None:
    register(SETTINGS)


SETTINGS = Topic(
    "settings",
    _("Settings"),
    (
        _("Go from left to right: chain, regions, stores, departments, staff. A store's code is for ever."),
        _("First passwords and keys are shown once. Who has left can no longer sign in; nothing is deleted."),
        _(
            "Two people at one record: what somebody else changed meanwhile is shown to you before it is overwritten."
        ),
        _("Give each system its own key: then one can be revoked without touching the others."),
    ),
    Permission.MANAGE_ORGANISATION,
    70,
    "org:chain",
)
