"""What the help page says of segments."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui.help import Topic, register


def fill() -> None:
    register(SEGMENTS)
    register(BUILDING)
    register(CLUSTERS)
    register(LOOKALIKES)
    register(SCORING)
    register(LIFETIME)


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
BUILDING = Topic(
    "building",
    _("Building a segment"),
    (
        _("“New segment”, “Add a condition”, some letters, Enter. At the right stands how many that are."),
        _("Groups hold all, at least one or none of what is in them. Alt with ↑ or ↓ moves a condition."),
        _("What people did is counted in a time, and narrowed by store, product, channel and the like."),
        _("Saving again makes a version. What a segment meant before, and who was in it, stays."),
        _(
            "“Upload a list” makes a segment of a file: one column says who. What was not found can be fetched."
        ),
    ),
    Permission.VIEW_SEGMENTS,
    30,
    "segmentation:saved",
)
CLUSTERS = Topic(
    "clusters",
    _("Clusters"),
    (
        _("Clusters are groups that your customers fall into by what and how they buy; nobody drew them."),
        _(
            "A card says what sets its cluster apart: each bar is a trait, further than others in that direction."
        ),
        _("The silhouette tells how far groups are apart, the stability whether they come out again."),
    ),
    Permission.VIEW_SEGMENTS,
    31,
    "segmentation:clusters",
)
LOOKALIKES = Topic(
    "lookalikes",
    _("Look-alikes"),
    (
        _(
            "Choose people whom you want more of; the search ranks others by likeness and says what they share."
        ),
        _("Who hardly bought is judged by their profile, everybody else by what they buy."),
        _("The figures are measured on members of the set that were hidden: 0.5 and 10 % would be chance."),
    ),
    Permission.VIEW_SEGMENTS,
    32,
    "segmentation:lookalikes",
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
LIFETIME = Topic(
    "lifetime",
    _("Lifetime value"),
    (
        _(
            "What each customer is expected to buy in the next 30, 90 and 365 days, and whether they will come again."
        ),
        _("It rests on how often and how lately they bought, beside everybody else."),
        _("The plot says how far to believe it: what was expected of the last months, and what came."),
        _(
            "A small or young chain gets averages instead of a model, and no span longer than it has been seen."
        ),
    ),
    Permission.VIEW_SEGMENTS,
    32,
    "segmentation:lifetime-value",
)
