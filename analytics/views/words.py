"""What the pages call things."""

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from analytics.periods import Period

NODES: dict[str, Any] = {
    "sales": gettext_lazy("Sales"),
    "members": gettext_lazy("Sales to customers"),
    "guests": gettext_lazy("Sales to guests"),
    "customers": gettext_lazy("Customers"),
    "visits": gettext_lazy("Visits a customer"),
    "items": gettext_lazy("Items a visit"),
    "price": gettext_lazy("Price an item"),
    "receipts": gettext_lazy("Guest receipts"),
    "lines": gettext_lazy("Lines a receipt"),
    "line_price": gettext_lazy("Price a line"),
}
REASONS: dict[str, Any] = {
    "new_chain": gettext_lazy("New: bought nothing before"),
    "new_goods": gettext_lazy("New to these goods"),
    "gained": gettext_lazy("Switched from others"),
    "more": gettext_lazy("Bought more"),
    "less": gettext_lazy("Bought less"),
    "lost": gettext_lazy("Switched to others"),
    "left_goods": gettext_lazy("Left these goods"),
    "left_chain": gettext_lazy("Gone: bought nothing since"),
}
KINDS: dict[str, Any] = {
    "new": pgettext_lazy("customers of a month", "New"),
    "retained": gettext_lazy("Retained"),
    "returning": gettext_lazy("Returning"),
    "reactivated": gettext_lazy("Reactivated"),
    "lapsed": gettext_lazy("Lapsed"),
}


def days(period: Period) -> str:
    return pgettext("days", "%(a)s to %(b)s") % {
        "a": date_format(period.since),
        "b": date_format(period.until),
    }
