"""What the help page says of segments."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui.help import Topic, register


def fill() -> None:
    register(SEGMENTS)
    register(LEAVING)
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
LEAVING = Topic(
    "leaving",
    _("Leaving"),
    (
        _("Each night tells of everybody how likely they buy nothing for a while, and for which reasons."),
        _("The list begins with those with whom most is at stake: likely to leave, and used to spending."),
        _(
            "“Give as follow-ups” makes calls of the list. The page also says how often such figures came true."
        ),
    ),
    Permission.VIEW_SEGMENTS,
    32,
    "segmentation:leaving",
)
