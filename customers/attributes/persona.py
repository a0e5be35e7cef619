"""What a customer's purchases say about the person (`customers/persona`), as of the published night.

Shares are given in percent, as people write them.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.attributes import goods, registry
from customers.attributes.kinds import Attribute, Kind, Operator
from customers.attributes.phrases import EXPECTED
from customers.attributes.purchases import at_night
from customers.models import Daypart, PriceLevel, Weekday

PERSONA = at_night(
    "persona",
    "customers_persona",
    "visits, categories, brands, brand_loyalty, price_level, discount_share, deal_share, online_share, weekday,"
    " daypart, basket_amount, cycle_days, next_on, refill_categories",
)


def _choice(code: str, label: Any, choices: Any, **more: Any) -> Attribute:
    options = {str(value): name for value, name in choices}
    return Attribute(
        f"persona.{code}",
        label,
        "persona",
        Kind.CHOICE,
        PERSONA,
        f"persona.{code}",
        lambda: options,
        is_numbered=True,
        **more,
    )


def _share(code: str, label: Any, noun: Any, **more: Any) -> Attribute:
    sql = f"persona.{code} / 10.0"
    return Attribute(
        f"persona.{code}", label, "persona", Kind.NUMBER, PERSONA, sql, unit="percent", noun=noun, least=0, most=100,
        **more,
    )  # fmt: skip


def _goods(code: str, label: Any, column: str, options: Any, spread: str = "", **more: Any) -> Attribute:
    return Attribute(
        f"persona.{code}", label, "persona", Kind.CHOICES, PERSONA, f"coalesce(persona.{column}, '{{}}')", options,
        is_long=True, is_numbered=True, spread=spread, **more,
    )  # fmt: skip


_REFILL = {
    Operator.HAS_ANY: pgettext_lazy("clause", "who regularly buy %(value)s"),
    Operator.HAS_ALL: pgettext_lazy("clause", "who regularly buy %(value)s"),
    Operator.HAS_NONE: pgettext_lazy("clause", "who do not regularly buy %(value)s"),
}
ATTRIBUTES = (
    _goods(
        "category", _("Favourite category"), "categories", goods.categories, goods.BELOW,
        noun=_("favourite categories"),
    ),
    _goods("brand", _("Favourite brand"), "brands", goods.brands, noun=_("favourite brands")),
    _goods(
        "refill", _("Buys regularly"), "refill_categories", goods.categories, goods.BELOW, phrases=_REFILL,
        also=pgettext_lazy("search", "replenishment, due, repeat"),
    ),
    _choice(
        "price_level", _("Price level"), PriceLevel.choices,
        also=pgettext_lazy("search", "cheap, expensive, price-sensitive"),
    ),
    _choice("weekday", _("Favourite weekday"), Weekday.choices),
    _choice("daypart", _("Favourite time of day"), Daypart.choices),
    _share(
        "discount_share", _("Saved by discounts"), _("share saved by discounts"),
        also=pgettext_lazy("search", "promotion, price-sensitive, bargain"),
    ),
    _share(
        "deal_share", _("Bought with a discount"), _("share of goods bought with a discount"),
        also=pgettext_lazy("search", "promotion, price-sensitive, bargain"),
    ),
    _share(
        "online_share", _("Online"), _("share of purchases made online"),
        also=pgettext_lazy("search", "e-commerce, web shop"),
    ),
    _share("brand_loyalty", _("Keeps to one brand"), _("loyalty to one brand")),
    Attribute(
        "persona.visits", _("Visits of the year"), "persona", Kind.NUMBER, PERSONA, "persona.visits",
        least=0, noun=_("number of visits in the year"),
    ),
    Attribute(
        "persona.basket_amount", _("Basket"), "persona", Kind.MONEY, PERSONA, "persona.basket_amount",
        noun=_("average basket"),
        also=pgettext_lazy("search", "average order value, AOV"),
    ),
    Attribute(
        "persona.cycle_days", _("Days between visits"), "persona", Kind.NUMBER, PERSONA, "persona.cycle_days",
        unit="days", least=0, noun=_("number of days between visits"),
        also=pgettext_lazy("search", "rhythm, frequency, interval"),
    ),
    Attribute(
        "persona.next_on", _("Expected next"), "persona", Kind.DATE, PERSONA, "persona.next_on",
        noun=_("next visit"), phrases=EXPECTED,
        also=pgettext_lazy("search", "next visit, next purchase, due"),
    ),
)  # fmt: skip


def fill() -> None:
    registry.offer_heading("persona", pgettext_lazy("attributes", "Persona"), 60)
    registry.offer(*ATTRIBUTES)
