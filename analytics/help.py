"""What the help page says of analyses."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui.help import Topic, register


def fill() -> None:
    register(ANALYSES)


ANALYSES = Topic(
    "analyses",
    _("Analyses"),
    (
        _("Choose the days, what they are compared with, and which sales. The address keeps it: send the page."),
        _("The revenue tree says what brought the change: customers, visits, items or prices. The parts sum to it."),
        _("Gain and loss says from whom the change of a category or brand came, and from or to which others."),
        _("Cross-shop compares two or three categories, brands or stores; “New and lapsed” counts comings and goings."),
        _("“What became of them” follows a group or a saved segment from an earlier night, beside all others."),
        _("Numbers of customers open the people, as far as they are customers of your stores."),
    ),
    Permission.VIEW_SEGMENTS,
    38,
    "analytics:revenue",
)  # fmt: skip
