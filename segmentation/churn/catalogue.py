"""The lists of names: features with their units, the reasons under which people read of them, and who may serve."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class Feature(NamedTuple):
    code: str
    reason: str  # a code of REASONS
    name: Any
    unit: Any


class Reason(NamedTuple):
    """`name` says what was looked at, `more` and `less` what the customer is like.

    Which of them is said is decided by a feature, `measured`: above `usual`, or where that is None above the median
    of those whom the model was taught with. It is true whatever it does to the probability. Without a value the
    probability decides: `raises` says whether `more` goes with a higher one; None: only the name is said.
    """

    name: Any
    more: Any
    less: Any
    raises: bool | None
    measured: str = ""
    usual: float | None = None


_LATE, _FEWER = 1.0, -0.1  # a whole usual gap; a fifth less than before
# What people read. Features that say nearly the same share a reason, so that one figure tells of them.
REASONS: dict[str, Reason] = {
    "recency": Reason(
        _("Time since the last visit"), _("They have not come for a while"), _("They came lately"), True, "recency"
    ),
    "overdue": Reason(
        _("Lateness by their own rhythm"), _("By their own rhythm they are late"), _("They are not late yet"), True,
        "overdue_mean", _LATE,
    ),
    "rhythm": Reason(
        _("Gaps between visits"), _("They often stay away for long"), _("They seldom stay away for long"), True,
        "gap_mean",
    ),
    "frequency": Reason(
        _("Visits lately"), _("They came often lately"), _("They came seldom lately"), False, "visits_56"
    ),
    "visits": Reason(
        _("Visits in all"), _("They have come often so far"), _("They have come seldom so far"), False, "visits"
    ),
    "trend": Reason(
        _("Trend of visits"), _("They come as often as before"), _("They come less often than before"), False,
        "visits_trend_84", _FEWER,
    ),
    "spend": Reason(_("Spending"), _("They spend much"), _("They spend little"), False, "spend_84"),
    "spend_trend": Reason(
        _("Trend of spending"), _("They spend as much as before"), _("They spend less than before"), False,
        "spend_trend_84", _FEWER,
    ),
    "tenure": Reason(
        _("Time with us"), _("They have been with us for a long time"), _("They have been with us for a short time"),
        None, "tenure",
    ),
    "basket": Reason(
        _("Baskets"), _("Their baskets are those of people who leave"), _("Their baskets are those of people who stay"),
        True,
    ),
    "discount": Reason(
        _("Discounts"), _("They buy much at a discount"), _("They buy little at a discount"), None, "discount_share"
    ),
    "variety": Reason(
        _("Variety of goods and stores"), _("They buy many kinds of goods"), _("They buy few kinds of goods"), False,
        "kinds",
    ),
    "weekday": Reason(
        _("Days of the week"), _("They keep to one day of the week"), _("They come on any day of the week"), None,
        "weekday_share",
    ),
}  # fmt: skip
_day, _visit, _money, _share, _ratio = _("days"), _("visits"), _("money"), _("share"), _("ratio")
FEATURES: tuple[Feature, ...] = (
    Feature("recency", "recency", _("Days since the last visit"), _day),
    Feature("overdue_mean", "overdue", _("Days since the last visit ÷ usual gap"), _ratio),
    Feature("overdue_median", "overdue", _("Days since the last visit ÷ median gap"), _ratio),
    Feature("overdue_ninth", "overdue", _("Days since the last visit ÷ a long gap of theirs"), _ratio),
    Feature("overdue_longest", "overdue", _("Days since the last visit ÷ their longest gap"), _ratio),
    Feature("gaps_as_long", "overdue", _("Share of gaps as long as the time since the last visit"), _share),
    Feature("gap_mean", "rhythm", _("Usual gap between visits"), _day),
    Feature("gap_median", "rhythm", _("Median gap between visits"), _day),
    Feature("gap_ninth", "rhythm", _("Gap that one in ten exceeds"), _day),
    Feature("gap_longest", "rhythm", _("Longest gap between visits"), _day),
    Feature("gap_last", "rhythm", _("Last gap between visits"), _day),
    Feature("gap_late", "rhythm", _("Mean of the last four gaps"), _day),
    Feature("gap_spread", "rhythm", _("How much gaps vary"), _ratio),
    Feature("gaps_of_28", "rhythm", _("Gaps of four weeks and longer"), _visit),
    Feature("visits_7", "frequency", _("Visits in the last 7 days"), _visit),
    Feature("visits_14", "frequency", _("Visits in the last 14 days"), _visit),
    Feature("visits_28", "frequency", _("Visits in the last 28 days"), _visit),
    Feature("visits_56", "frequency", _("Visits in the last 56 days"), _visit),
    Feature("visits_84", "frequency", _("Visits in the last 84 days"), _visit),
    Feature("visits_168", "frequency", _("Visits in the last 168 days"), _visit),
    Feature("pace_14", "frequency", _("Visits, each half as much after 14 days"), _visit),
    Feature("pace_42", "frequency", _("Visits, each half as much after 42 days"), _visit),
    Feature("active_weeks", "frequency", _("Weeks with a visit, of the last twelve"), _("weeks")),
    Feature("visits", "visits", _("Visits in all"), _visit),
    Feature("visits_trend_28", "trend", _("Visits: last 28 days against the 56 before"), _ratio),
    Feature("visits_trend_84", "trend", _("Visits: last 84 days against the 84 before"), _ratio),
    Feature("spend", "spend", _("Spent in all"), _money),
    Feature("spend_28", "spend", _("Spent in the last 28 days"), _money),
    Feature("spend_56", "spend", _("Spent in the last 56 days"), _money),
    Feature("spend_84", "spend", _("Spent in the last 84 days"), _money),
    Feature("spend_168", "spend", _("Spent in the last 168 days"), _money),
    Feature("spend_trend_28", "spend_trend", _("Spending: last 28 days against the 56 before"), _ratio),
    Feature("spend_trend_84", "spend_trend", _("Spending: last 84 days against the 84 before"), _ratio),
    Feature("tenure", "tenure", _("Days since the first visit"), _day),
    Feature("basket_spend", "basket", _("Spent a receipt"), _money),
    Feature("basket_lines", "basket", _("Lines a receipt"), _("lines")),
    Feature("basket_last", "basket", _("Last receipt ÷ usual receipt"), _ratio),
    Feature("discount_share", "discount", _("Share of discounts in prices"), _share),
    Feature("kinds", "variety", _("Different kinds of goods"), _("kinds")),
    Feature("stores", "variety", _("Different stores"), _("stores")),
    Feature("last_store_share", "variety", _("Share of receipts at the last store"), _share),
    Feature("weekday_share", "weekday", _("Share of visits on the favourite weekday"), _share),
    Feature("weekend_share", "weekday", _("Share of visits at the weekend"), _share),
)
FOREST = "forest"
# Who may serve, the cleverest first.
CANDIDATES: dict[str, Any] = {
    FOREST: _("Boosted forest"),
    "bgnbd": _("BG/NBD: probability of no purchase"),
    "overdue": _("Days since the last visit ÷ usual gap"),
    "recency": _("Days since the last visit"),
}
PLACE = {feature.code: place for place, feature in enumerate(FEATURES)}
REASON_PLACE = {code: place for place, code in enumerate(REASONS)}
REASON_OF = [REASON_PLACE[feature.reason] for feature in FEATURES]  # of each feature
