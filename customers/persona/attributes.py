"""What segments and other rules can ask of personas: each question as a typed attribute.

`sql` is an expression over `persona`, the row of `customers_persona` that holds for the published night; shares are
given in percent, as people write them. `options` name the values of a choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from customers.models import Daypart, PriceLevel, Weekday


@dataclass(frozen=True)
class Attribute:
    """`kind`: number, date, choice, category or brand; the last two hold ids of the catalogue in an array."""

    code: str
    label: Any  # translatable
    kind: str
    sql: str
    options: Mapping[str, Any] = field(default_factory=dict)


def _choice(code: str, label: Any, choices: Any) -> Attribute:
    return Attribute(
        f"persona.{code}", label, "choice", f"persona.{code}", {str(value): name for value, name in choices}
    )


def _share(code: str, label: Any) -> Attribute:
    return Attribute(f"persona.{code}", label, "number", f"persona.{code} / 10.0")


ATTRIBUTES = (
    Attribute("persona.category", _("Favourite category"), "category", "persona.categories"),
    Attribute("persona.brand", _("Favourite brand"), "brand", "persona.brands"),
    Attribute("persona.refill", _("Buys regularly"), "category", "persona.refill_categories"),
    _choice("price_level", _("Price level"), PriceLevel.choices),
    _choice("weekday", _("Favourite weekday"), Weekday.choices),
    _choice("daypart", _("Favourite time of day"), Daypart.choices),
    _share("discount_share", _("Saved by discounts")),
    _share("deal_share", _("Bought with a discount")),
    _share("online_share", _("Online")),
    _share("brand_loyalty", _("Keeps to one brand")),
    Attribute("persona.visits", _("Visits of the year"), "number", "persona.visits"),
    Attribute("persona.basket_amount", _("Basket"), "number", "persona.basket_amount"),
    Attribute("persona.cycle_days", _("Days between visits"), "number", "persona.cycle_days"),
    Attribute("persona.next_on", _("Expected next"), "date", "persona.next_on"),
)
