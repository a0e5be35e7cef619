"""The sums of purchases, and where a customer stands in their life with the chain.

Sums are those of the last night; of who bought or brought something back since (the stale queue), they are made anew.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.attributes import registry
from customers.attributes.kinds import Attribute, Kind, Relation
from customers.attributes.phrases import WAS
from customers.models import Stage

_WINDOW = "%(on)s::date - coalesce((SELECT window_days FROM customers_statebasis), 365)"
SUMS = Relation(
    "sums",
    f"""(SELECT s.customer_id, s.first_on, s.last_on, s.count, s.spent, s.window_count, s.window_spent
    FROM customers_purchasestate s
    WHERE NOT EXISTS (SELECT FROM customers_stalestate q WHERE q.customer_id = s.customer_id)
    UNION ALL
    SELECT p.customer_id, min(p.business_date), max(p.business_date), count(*), sum(p.amount - p.returned),
        count(*) FILTER (WHERE p.business_date > {_WINDOW}),
        coalesce(sum(p.amount - p.returned) FILTER (WHERE p.business_date > {_WINDOW}), 0)
    FROM customers_purchase p
    WHERE p.customer_id IN (SELECT customer_id FROM customers_stalestate) AND p.business_date <= %(on)s::date
        AND (p.returned = 0 OR p.returned < p.amount)
    GROUP BY p.customer_id)""",  # noqa: S608  names of ours
    ("customers_purchase",),
)


def at_night(name: str, table: str, columns: str) -> Relation:
    """The rows of a table of spells that hold at the night; it is a night that changes them, and asks everybody."""
    sql = f"""(SELECT customer_id, {columns} FROM {table}
    WHERE night_id <= %(night)s AND (ended_night IS NULL OR ended_night > %(night)s))"""  # noqa: S608  names of ours
    return Relation(name, sql)


LIFE = at_night("life", "customers_lifecycle", "stage, began_on")


def _sum(code: str, label: Any, kind: Kind, sql: str, **more: Any) -> Attribute:
    return Attribute(f"purchases.{code}", label, "purchases", kind, SUMS, sql, **more)


ATTRIBUTES = (
    _sum(
        "last_on", _("Last purchase"), Kind.DATE, "sums.last_on", phrases=WAS,
        also=pgettext_lazy("search", "recency, last visit, last order"),
    ),
    _sum(
        "first_on", _("First purchase"), Kind.DATE, "sums.first_on", phrases=WAS,
        also=pgettext_lazy("search", "new customer, first visit, first order"),
    ),
    _sum(
        "count", _("Purchases in all"), Kind.NUMBER, "coalesce(sums.count, 0)",
        least=0, noun=_("number of purchases in all"),
        also=pgettext_lazy("search", "frequency, orders, visits"),
    ),
    _sum(
        "spent", _("Spent in all"), Kind.MONEY, "coalesce(sums.spent, 0)", noun=_("total spending"),
        also=pgettext_lazy("search", "revenue, turnover, sales, money"),
    ),
    _sum(
        "average", _("Average purchase"), Kind.MONEY, "round(sums.spent / nullif(sums.count, 0), 2)",
        also=pgettext_lazy("search", "basket, average order value, AOV"),
    ),
    _sum(
        "window_count", _("Purchases in the window"), Kind.NUMBER, "coalesce(sums.window_count, 0)",
        least=0, noun=_("number of purchases in the window"),
    ),
    _sum(
        "window_spent", _("Spent in the window"), Kind.MONEY, "coalesce(sums.window_spent, 0)",
        noun=_("spending in the window"),
    ),
    _sum(
        "window_average", _("Average purchase in the window"), Kind.MONEY,
        "round(sums.window_spent / nullif(sums.window_count, 0), 2)",
    ),
    Attribute(
        "life.stage", pgettext_lazy("attribute", "Stage"), "purchases", Kind.CHOICE, LIFE, "life.stage",
        lambda: {str(value): label for value, label in Stage.choices}, is_numbered=True,
        also=pgettext_lazy("search", "lifecycle, active, lapsed, lost, churned"),
    ),
    Attribute(
        "life.since", _("In this stage since"), "purchases", Kind.DATE, LIFE, "life.began_on",
        noun=_("entry into their stage"), phrases=WAS,
    ),
)  # fmt: skip


def fill() -> None:
    registry.offer_heading("purchases", pgettext_lazy("attributes", "Purchases"), 50)
    registry.offer(*ATTRIBUTES)
