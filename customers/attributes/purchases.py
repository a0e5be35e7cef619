"""The sums of purchases, as of the last night, and where a customer stands in their life with the chain."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.attributes import registry
from customers.attributes.kinds import Attribute, Kind, Relation
from customers.models import Stage

SUMS = Relation("sums", "customers_purchasestate", ("customers_purchasestate",))


def at_night(name: str, table: str, columns: str) -> Relation:
    """The rows of a table of spells that hold at the night."""
    sql = f"""(SELECT customer_id, {columns} FROM {table}
    WHERE night_id <= %(night)s AND (ended_night IS NULL OR ended_night > %(night)s))"""  # noqa: S608  names of ours
    return Relation(name, sql, (table,))


LIFE = at_night("life", "customers_lifecycle", "stage, began_on")


def _sum(code: str, label: Any, kind: Kind, sql: str, unit: str = "") -> Attribute:
    return Attribute(f"purchases.{code}", label, "purchases", kind, SUMS, sql, unit=unit)


ATTRIBUTES = (
    _sum("last_on", _("Last purchase"), Kind.DATE, "sums.last_on"),
    _sum("first_on", _("First purchase"), Kind.DATE, "sums.first_on"),
    _sum("count", _("Purchases in all"), Kind.NUMBER, "coalesce(sums.count, 0)"),
    _sum("spent", _("Spent in all"), Kind.MONEY, "coalesce(sums.spent, 0)"),
    _sum("average", _("Average purchase"), Kind.MONEY, "round(sums.spent / nullif(sums.count, 0), 2)"),
    _sum("window_count", _("Purchases in the window"), Kind.NUMBER, "coalesce(sums.window_count, 0)"),
    _sum("window_spent", _("Spent in the window"), Kind.MONEY, "coalesce(sums.window_spent, 0)"),
    _sum(
        "window_average", _("Average purchase in the window"), Kind.MONEY,
        "round(sums.window_spent / nullif(sums.window_count, 0), 2)",
    ),
    Attribute(
        "life.stage", pgettext_lazy("attribute", "Stage"), "purchases", Kind.CHOICE, LIFE, "life.stage",
        lambda: {str(value): label for value, label in Stage.choices}, is_numbered=True,
    ),
    Attribute("life.since", _("In this stage since"), "purchases", Kind.DATE, LIFE, "life.began_on"),
)  # fmt: skip


def fill() -> None:
    registry.offer_heading("purchases", pgettext_lazy("attributes", "Purchases"), 50)
    registry.offer(*ATTRIBUTES)
