"""The default grid of groups, for any number of scores, and the product's own names for the groups.

Rows are recency, columns the second axis, both from 1 (lowest) to the number of scores. The default is drawn for
five; other sizes take, for each cell, the group at the same relative place of that drawing.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NAMES: dict[str, Promise] = {
    "champions": _("Champions"),
    "loyal": _("Loyal"),
    "potential_loyalists": _("Potential loyalists"),
    "new": _("New customers"),
    "promising": _("Promising"),
    "needing_attention": _("Needing attention"),
    "about_to_sleep": _("About to sleep"),
    "at_risk": _("At risk"),
    "cannot_lose": _("Cannot lose them"),
    "hibernating": _("Hibernating"),
    "lost": _("Lost"),
}

# In this order on pages; told apart with any kind of colour vision, together with their names.
COLOURS: dict[str, str] = {
    "champions": "#0f766e",
    "loyal": "#2ca58d",
    "potential_loyalists": "#4f8fd0",
    "new": "#8ec5e8",
    "promising": "#b7b1e0",
    "needing_attention": "#e5c454",
    "about_to_sleep": "#e09f5a",
    "at_risk": "#d9705a",
    "cannot_lose": "#a83248",
    "hibernating": "#8d99a6",
    "lost": "#5b6470",
}

_DRAWN = (  # from the lowest recency score to the highest
    ("lost", "lost", "at_risk", "cannot_lose", "cannot_lose"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "at_risk"),
    ("about_to_sleep", "about_to_sleep", "needing_attention", "loyal", "loyal"),
    ("promising", "potential_loyalists", "potential_loyalists", "loyal", "champions"),
    ("new", "potential_loyalists", "potential_loyalists", "champions", "champions"),
)


def default_grid(buckets: int = 5) -> list[list[str]]:
    """Group codes as `grid[r - 1][x - 1]`."""
    places = [(2 * i + 1) * len(_DRAWN) // (2 * buckets) for i in range(buckets)]
    return [[_DRAWN[row][column] for column in places] for row in places]
