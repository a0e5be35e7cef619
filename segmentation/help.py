"""What the help page says of segments."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui.help import Topic, register


def fill() -> None:
    register(SEGMENTS)
    register(TARGETS)
    register(SCORING)


SEGMENTS = Topic(
    "segments",
    _("Segments"),
    (
        _("The map: downwards how lately customers came, across how often and for how much they bought."),
        _(
            "Each cell belongs to a group. A cell, a group or a value class opens its people; export them there."
        ),
        _("“Movement” compares two nights: who went from which group to which."),
    ),
    Permission.VIEW_SEGMENTS,
    30,
    "segmentation:segments",
)
TARGETS = Topic(
    "targets",
    _("Target markets"),
    (
        _("Every group and segment as a market: how attractive it is, and how strong you are in it."),
        _(
            "Open one to judge competition and fit, to choose it, and to note product, price, channel and promotion."
        ),
        _(
            "On the day of its review whoever looks after it is told; the page says what has changed since the choice."
        ),
    ),
    Permission.VIEW_SEGMENTS,
    32,
    "segmentation:targets",
)
SCORING = Topic(
    "scoring",
    _("Scoring"),
    (
        _(
            "Window, number of scores, limits and the painted map make a version. It holds from the next night on."
        ),
        _("Earlier nights keep their version, so the past does not change."),
        _(
            "“Lifecycle” sets after how many days somebody is dormant or lost. That, too, holds from the next night on."
        ),
    ),
    Permission.EDIT_SCHEMES,
    35,
    "segmentation:scheme",
)
