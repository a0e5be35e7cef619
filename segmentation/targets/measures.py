"""Where a customer's churn and value come from: the scores of other packages once they serve, until then what is known.

    measures.offer(Source("lifetime", "value", _("Value of the next year"), sql, generation_of))

`sql` reads `customer_id` and the figure of a range of customers (`%(low)s` ≤ id < `%(high)s`) under the generation
`%(night)s`; `generation_of(night)` is the generation that holds at a night, or None while there is none. Of several
that serve, the one offered last is taken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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


def withdraw(code: str) -> None:
    _sources.pop(code, None)


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
