"""Where a customer's churn and value come from: the scores of other packages once they serve, until then what is known.

    measures.offer_scores("lifetime", VALUE, _("…"), table="segmentation_lifetimescore", column="value_365", fits=Fit)
    measures.offer(Source("other", CHURN, _("…"), sql, generation_of))

The first is for tables of generations (`segmentation/generations.py`), the second for anything else: `sql` reads
`customer_id` and the figure of a range of customers (`%(low)s` ≤ id < `%(high)s`) under the generation `%(night)s`;
`generation_of(night)` is the generation that holds at a night, or None while there is none. Of several that serve, the
one offered last is taken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

CHURN, VALUE = "churn", "value"
OWN = "own"  # what this package works out itself where nothing is offered


@dataclass(frozen=True)
class Source:
    """A figure of each customer. Churn: the probability, 0 to 1. Value: in the chain's currency."""

    code: str
    measure: str
    label: Any  # translatable
    sql: str
    generation_of: Callable[[int], int | None]


_sources: dict[str, Source] = {}
_OWN_LABELS = {
    CHURN: _("Dormant or lost now, of those who were active 13 weeks ago"),
    VALUE: _("Revenue of the window for each customer"),
}


def offer(source: Source) -> None:
    """Called from `AppConfig.ready()`; the same code replaces."""
    _sources.pop(source.code, None)
    _sources[source.code] = source


def offer_scores(
    code: str, measure: str, label: Any, *, table: str, column: str, fits: type[models.Model]
) -> None:
    """Offer a column of a table of scores; the generation is the newest fit up to the night that asks."""

    def generation_of(night: int) -> int | None:
        known = fits._default_manager.filter(night__lte=night).order_by("-night_id")
        return known.values_list("night_id", flat=True).first()

    sql = f"""SELECT customer_id, {column}::float8 FROM {table} WHERE customer_id >= %(low)s AND customer_id < %(high)s
        AND night_id = %(night)s AND {column} IS NOT NULL"""  # noqa: S608  our own words
    offer(Source(code, measure, label, sql, generation_of))


def serving(measure: str, night: int) -> tuple[Source, int] | None:
    """The source of a measure and the generation to read at a night; None: we work it out ourselves."""
    for source in reversed(_sources.values()):
        if source.measure == measure and (generation := source.generation_of(night)) is not None:
            return source, generation
    return None


def label_of(measure: str, code: str) -> Any:
    """What the figure is called, by the code that the night kept."""
    source = _sources.get(code)
    return source.label if source else _OWN_LABELS[measure]
