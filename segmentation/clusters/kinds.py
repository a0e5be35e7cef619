"""The traits: what is measured of a customer, what it is called, and the words for having much or little of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from customers.models import Category

CATEGORY = "category:"  # such as "category:17", the share of what they spent


@dataclass(frozen=True)
class Trait:
    """`unit`: days, count, money (cents), share (of 1) or place (0 to 100). Of a `family` a name uses one trait.

    `is_log`: compared by ratio and not by difference. `is_share`: a mean of visits, and so unsure where these are few.
    """

    code: str
    label: Any
    unit: str
    high: Any
    low: Any
    family: str
    is_log: bool = False
    is_share: bool = False


def _counted(code: str, label: Any, unit: str, high: Any, low: Any, *, family: str = "") -> Trait:
    return Trait(code, label, unit, high, low, family or code, is_log=True)


def _share(code: str, label: Any, high: Any, low: Any, family: str = "") -> Trait:
    return Trait(code, label, "share", high, low, family or code, is_share=True)


HABITS = (
    _counted("recency", _("Days since the last purchase"), "days", _("not seen lately"), _("here lately")),
    _counted("tenure", _("Days since the first purchase"), "days", _("long-standing"), _("newly won")),
    _counted("frequency", _("Visits"), "count", _("frequent visits"), _("rare visits")),
    _counted("spend", _("Spent"), "money", _("big spenders"), _("small spenders")),
    _counted("basket_amount", _("Basket"), "money", _("big baskets"), _("small baskets"), family="basket"),
    _counted("basket_lines", _("Items a visit"), "count", _("many items"), _("few items"), family="basket"),
    _share("discount_share", _("Saved by discounts"), _("discounts"), _("full price")),
    _share("online_share", _("Online"), pgettext("cluster", "online"), _("in the store")),
    _share("weekend_share", _("On Saturday or Sunday"), _("weekend"), _("on weekdays")),
    _share("morning_share", _("Before noon"), pgettext("cluster", "morning"), _("after noon"), "daypart"),
    _share("evening_share", _("From 18:00 on"), pgettext("cluster", "evening"), _("by day"), "daypart"),
    Trait("price_place", _("Dear goods (0 to 100)"), "place", _("dear goods"), _("cheap goods"), "price"),
    _share("brand_loyalty", _("Keeps to one brand"), _("true to brands"), _("changing brands")),
    _share("elsewhere_share", _("In other than the main store"), _("several stores"), _("one store")),
    _counted(
        "variety", _("Categories bought from"), "count", _("all kinds of goods"), _("few kinds of goods")
    ),
)
BY_CODE = {one.code: one for one in HABITS}


def category_of(code: str) -> int | None:
    """The category that a trait is the share of, or None."""
    return int(code.removeprefix(CATEGORY)) if code.startswith(CATEGORY) else None


def of(code: str, names: dict[int, str]) -> Trait:
    """The trait of a code. `names`: of the categories."""
    pk = category_of(code)
    if pk is None:
        return BY_CODE[code]
    name = names.get(pk, f"#{pk}")
    little = gettext("little %(category)s") % {"category": name}
    return Trait(code, name, "share", name, little, code, is_share=True)


def family_of(code: str) -> str:
    return BY_CODE[code].family if code in BY_CODE else code


def category_names(codes: Iterable[str]) -> dict[int, str]:
    """Names of the categories among these traits."""
    ids = {pk for code in codes if (pk := category_of(code.rstrip("+-"))) is not None}
    return dict(Category.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
