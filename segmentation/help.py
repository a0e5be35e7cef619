"""What the help page says of segments."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui.help import Topic, register


def fill() -> None:
    register(SEGMENTS)
    register(SCORING)
    register(PRODUCTS)


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
PRODUCTS = Topic(
    "products",
    _("Goods that go together and come next"),
    (
        _(
            "“Bought together” shows pairs of goods. Lift says how much more often than by chance; 1 is chance."
        ),
        _(
            "“Needed this week” lists who buys something regularly and is about to need it. Give them as follow-ups."
        ),
        _("“What to stock” adds that up for each store, beside what was sold there in the weeks before."),
        _("At the Counter the best suggestion stands beside the member, with its reason."),
    ),
    Permission.VIEW_SEGMENTS,
    32,
    "segmentation:products",
)
