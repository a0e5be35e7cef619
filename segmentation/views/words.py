"""A score in words: what was measured, and between which limits the score lies."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.ui import words
from segmentation.models import ValueClass
from segmentation.standings import Explanation, Scored


@dataclass(frozen=True)
class ScoreInWords:
    """`steps`: every score with its limits, from the best to the lowest, as (score, words, is_theirs)."""

    name: str
    value: str
    score: int
    dots: list[bool]
    limits: str
    steps: list[tuple[int, str, bool]]


def certainty(share: float | None) -> str:
    """A probability; nothing to come is ever told to be certain."""
    if share is not None and share > 0.99:
        return "> " + words.percent(0.99, 0)
    return words.percent(share, 0)


def of_score(one: Scored, found: Explanation, currency: str) -> ScoreInWords:
    names = {"recency": _("Recency"), "frequency": _("Frequency"), "monetary": _("Money")}
    steps = [
        (score, _limits(one.measure, currency, *_bucket(one, score)), score == one.score)
        for score in range(one.buckets, 0, -1)
    ]
    return ScoreInWords(
        names[one.measure],
        _value(one, found.night.window_days, currency),
        one.score,
        [place < one.score for place in range(one.buckets)],
        _limits(one.measure, currency, one.above, one.up_to),
        steps,
    )


def of_class(found: Explanation, currency: str) -> str:
    """Why the customer is of their value class, with their own money and the limits of that night."""
    spent = words.money(found.spent, currency, 2)
    days = words.number(found.night.window_days)
    told = {"spent": spent, "days": days}
    place = found.standing.value_class
    if place == ValueClass.NONE or len(found.value_cuts) < 2:
        return ""
    medium, high = (words.money(Decimal(limit), currency, 0) for limit in found.value_cuts[:2])
    if place == ValueClass.HIGH:
        return _("They spent %(spent)s in %(days)s days; high begins at %(high)s.") % (told | {"high": high})
    if place == ValueClass.MEDIUM:
        said = _("They spent %(spent)s in %(days)s days; medium begins at %(medium)s, high at %(high)s.")
        return said % (told | {"medium": medium, "high": high})
    return _("They spent %(spent)s in %(days)s days; medium begins at %(medium)s.") % (
        told | {"medium": medium}
    )


def _value(one: Scored, window: int, currency: str) -> str:
    if one.measure == "recency":
        days = int(one.value)
        return ngettext(
            "last bought %(n)s day before this night", "last bought %(n)s days before this night", days
        ) % {"n": words.number(days)}
    span = {"days": words.number(window)}
    if one.measure == "frequency":
        count = int(one.value)
        said = ngettext("%(n)s purchase in %(days)s days", "%(n)s purchases in %(days)s days", count)
        return said % {"n": words.number(count), **span}
    return _("%(money)s in %(days)s days") % {"money": words.money(Decimal(one.value), currency, 2), **span}


def _bucket(one: Scored, score: int) -> tuple[int | None, int | None]:
    place = len(one.cuts) - score + 1 if one.measure == "recency" else score - 1
    return (one.cuts[place - 1] if place > 0 else None), (one.cuts[place] if place < len(one.cuts) else None)


def _limits(measure: str, currency: str, above: int | None, up_to: int | None) -> str:
    """The ends of a bucket: `above` is outside it, `up_to` inside."""
    if above is None and up_to is None:
        return _("everybody")
    if above is None:
        return _("up to %(b)s") % {"b": _plain(measure, currency, up_to)}
    if up_to is None:
        return _("more than %(a)s") % {"a": _plain(measure, currency, above)}
    if measure != "monetary" and above + 1 == up_to:
        return _plain(measure, currency, up_to)
    if measure == "monetary":
        ends = {"a": _plain(measure, currency, above), "b": _plain(measure, currency, up_to)}
        return _("more than %(a)s, up to %(b)s") % ends
    return _("%(a)s to %(b)s") % {"a": words.number(above + 1), "b": _plain(measure, currency, up_to)}


def _plain(measure: str, currency: str, value: Any) -> str:
    if measure == "recency":
        return ngettext("%(n)s day", "%(n)s days", value) % {"n": words.number(value)}
    if measure == "frequency":
        return ngettext("%(n)s purchase", "%(n)s purchases", value) % {"n": words.number(value)}
    return words.money(Decimal(value), currency, 0)


def points(share: float) -> str:
    """What a reason adds to a probability, in points of a hundred: 0.123 → +12.3; it always has its sign."""
    sign = "\u2212" if share < 0 else "+"
    return sign + words.number(Decimal(str(abs(share))) * 100, 1)
