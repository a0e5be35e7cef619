"""What the help page says of loyalty."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui.help import Topic, register


def fill() -> None:
    register(EARNING)


EARNING = Topic(
    "earning",
    _("Earning points"),
    (
        _("The programme says what a point costs, how long points are pending and when they end."),
        _(
            "Rules add to that: multipliers, bonuses, other rates. The example beside the form shows what a rule does."
        ),
        _(
            "A rule is never changed in place: a new version holds from a day to come. A late receipt earns by its day."
        ),
        _("Open a receipt on a customer’s page to see its points and how they were counted."),
    ),
    Permission.EDIT_PROGRAMME,
    45,
    "loyalty:earning",
)
