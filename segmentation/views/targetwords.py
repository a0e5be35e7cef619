"""Target markets in words: factors, modes and what follows from them, what the matrix advises."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from crm.ui import words
from segmentation.models import Mode, TargetStatus
from segmentation.targets import scoring
from segmentation.targets.scoring import Zone

FACTORS: dict[str, tuple[Any, Any]] = {
    "size": (_("Size"), _("Members at the end of the night.")),
    "growth": (_("Growth"), _("Members now against 13 weeks ago; until there are such nights, against 4 weeks ago.")),
    "value": (_("Worth"), _("What a member is worth to us.")),
    "churn": (_("Leaving"), _("The part of them that leaves. Less is better.")),
    "reach": (_("Reach"), _("Members with an address and a yes to offers by at least one channel.")),
    "competition": (
        _("Competition"), _("Entered by a person, 1 to 5: how hard others fight for them. Less is better.")
    ),
    "fit": (_("Fit"), _("Entered by a person, 1 to 5: how well our stores, range and people suit them.")),
    "wallet": (
        _("Share of wallet"),
        _("The mean of up to three signs of how much of their shopping they do with us."),
    ),
    "revenue": (_("Share of revenue"), _("What they bring, of the revenue of all in the window.")),
}  # fmt: skip
WALLET: dict[str, tuple[Any, Any]] = {
    "breadth": (
        _("Breadth"),
        _("Categories that the buyers buy, of those that at least half of the segment's best tenth buy."),
    ),
    "rhythm": (
        _("Rhythm"),
        _("Days with a visit in 13 weeks, of those that each one's own rhythm lets expect; at most all."),
    ),
    "peers": (
        _("Against peers"),
        _("What they spent against the middle buyer of the same household size and income, where those are known."),
    ),
}  # fmt: skip
ZONES: dict[Zone, tuple[Any, str, Any]] = {
    Zone.GO: (_("Invest"), "good", _("Attractive, and we are strong: serve it first.")),
    Zone.CHOOSE: (_("Be selective"), "accent", _("Choose what pays: build strength, or keep what earns.")),
    Zone.HOLD: (_("Hold back"), "", _("Serve it with what there is; spend nothing extra.")),
}
STATUSES = {TargetStatus.CONSIDERED: "", TargetStatus.CHOSEN: "good", TargetStatus.DROPPED: "warn"}
MODES: dict[Mode, Any] = {
    Mode.UNDIFFERENTIATED: _(
        "The whole market gets one range, one price list and one message. The cheapest to run; it suits goods that "
        "everybody buys alike. Chosen segments are watched, not served apart."
    ),
    Mode.SEGMENTED: _(
        "Each chosen segment gets its own offer, channel and message. Few segments, each large enough to pay for its "
        "campaign; everybody else gets the common offer."
    ),
    Mode.ONE_TO_ONE: _(
        "Each customer gets what their own purchases suggest, within the limits of consent. Segments say how much "
        "may be spent on whom; it needs profiles, recommendations and people who look after the rules."
    ),
}


class Column(NamedTuple):
    """A column of the table: `value` of a candidate sorts it; unknown comes last. `said` writes it."""

    key: str
    label: Any
    value: Any
    said: Any = words.number
    is_wide: bool = True  # left out where there is little room
    is_money: bool = False


def _figure(name: str) -> Any:
    return lambda one: getattr(one.figures, name) if one.figures else None


def _whole(value: Any) -> str:
    return words.number(value, 0)


def _judged(name: str) -> Any:
    return lambda one: getattr(one.target, name) if one.target else None


COLUMNS = (
    Column("name", _("Segment"), lambda one: one.name.lower(), is_wide=False),
    Column("status", _("Status"), lambda one: list(STATUSES).index(one.status)),
    Column("attractiveness", _("Attractive"), lambda one: one.scores.attractiveness, _whole, is_wide=False),
    Column("strength", _("Strong"), lambda one: one.scores.strength, _whole, is_wide=False),
    Column("size", _("Customers"), _figure("customers"), is_wide=False),
    Column("growth", _("Growth"), _figure("growth"), words.percent),
    Column("revenue", _("Revenue"), _figure("revenue"), _whole, is_money=True),
    Column("share", _("of revenue"), _figure("share_of_revenue"), words.percent),
    Column("value", _("Value each"), _figure("value"), _whole, is_money=True),
    Column("churn", _("Leaving"), _figure("churn"), words.percent),
    Column("reach", _("Reach"), _figure("reach"), words.percent),
    Column("wallet", _("Share of wallet"), lambda one: one.scores.factors["wallet"], _whole),
    Column("competition", _("Competition"), _judged("competition")),
    Column("fit", _("Fit"), _judged("fit")),
)
RISING = ("name", "status", "churn", "competition")  # sorted from the least on when they are clicked first


def explained(weights: dict[str, int]) -> list[tuple[Any, list[tuple[Any, Any, int]]]]:
    """The factors of both axes: (axis, [(name, sentence, weight)])."""
    axes = ((_("Attractiveness"), scoring.ATTRACTIVENESS), (_("Our strength"), scoring.STRENGTH))
    return [(axis, [(*FACTORS[name], weights[name]) for name in names]) for axis, names in axes]
