"""Why somebody is in a segment: each condition with the value that it met, now or as it was when they came in.

A segment that is changed keeps the spells of those who stay. So *by which version* somebody was in it on a day is the
version that was settled then; what its conditions met is known where they came in by that one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext, pgettext

from crm.org.models import Chain
from crm.org.scope import Viewer
from crm.ui import words
from customers.attributes import Attribute, Kind, Measure, Moment, registry
from customers.models import Customer
from segmentation.models import Segment, SegmentSpell, SegmentVersion
from segmentation.segments import evaluating, sentences
from segmentation.segments.reading import InvalidSegment, read
from segmentation.segments.tree import Condition, Did, Is, Node, conditions


@dataclass(frozen=True)
class Reason:
    """A condition in words, the value (None: not known), whether it holds (None: it is not known any more)."""

    words: str
    value: Any
    holds: bool | None
    is_hidden: bool = False  # the reader may not see values of this attribute
    asked: Attribute | Measure | None = None

    @property
    def said(self) -> str:
        """The value in the reader's words and with its unit; "" where it is not known."""
        return "" if self.is_hidden else _said(self.value, self.asked)


@dataclass(frozen=True)
class Why:
    """Why a customer is, or was, in a segment: by `version`, which held at that moment, since `held_since`.

    `reasons`: its conditions; with the values that they met when the customer came in, if it was by this version. Who
    came in by an earlier one stayed when `version` was settled: then their values are not known, `is_by_first` is
    false, and `first` has the conditions of `first_version` with what they met. `since`, `until`: of the time in it.
    """

    since: datetime
    until: datetime | None
    version: int
    held_since: datetime | None
    reasons: list[Reason]
    first_version: int
    first: list[Reason]

    @property
    def is_by_first(self) -> bool:
        return self.version == self.first_version


def because(tree: Node, customer_ids: Sequence[int], moment: Moment) -> dict[int, list[Any]]:
    """The values of all conditions, as they are kept with a spell (JSON)."""
    found = evaluating.values_of(tree, customer_ids, moment)
    return {pk: [_plain(answer.value) for answer in answers] for pk, answers in found.items()}


def now(segment_tree: Node, customer: Customer, viewer: Viewer, moment: Moment | None = None) -> list[Reason]:
    """Every condition with today's value and whether it holds."""
    at = moment or evaluating.moment()
    answers = evaluating.values_of(segment_tree, [customer.pk], at).get(customer.pk, [])
    asked = list(conditions(segment_tree))
    return [
        _reason(one, _plain(answer.value), answer.holds, viewer)
        for one, answer in zip(asked, answers, strict=False)
    ]


def then(segment: Segment, customer: Customer, viewer: Viewer, at: datetime | None = None) -> Why | None:
    """Why they were in it at a moment (None: now). None: they were not."""
    spells = SegmentSpell.objects.filter(segment=segment, customer=customer).at(at)
    spell = spells.select_related("version").first()
    if spell is None:
        return None
    held = _held(segment, spell.version, at)
    first = _told(spell.version, spell.because, viewer)
    reasons = first if held == spell.version else _told(held, None, viewer)
    return Why(
        spell.began_at, spell.ended_at, held.number, held.settled_at, reasons, spell.version.number, first
    )


def _held(segment: Segment, came_by: SegmentVersion, at: datetime | None) -> SegmentVersion:
    """The version by which it was settled at a moment. A customer can be settled by a new one before everybody is."""
    rows = SegmentVersion.objects.filter(segment=segment, number__gt=came_by.number, settled_at__isnull=False)
    if at is not None:
        rows = rows.filter(settled_at__lte=at)
    return rows.order_by("-number").first() or came_by


def _told(version: SegmentVersion, values: list[Any] | None, viewer: Viewer) -> list[Reason]:
    try:
        asked = list(conditions(read(version.definition))) if version.definition else []
    except InvalidSegment:
        asked = []  # it names something that is gone; the spell and its version still stand
    known = values or [None] * len(asked)
    return [_reason(one, value, None, viewer) for one, value in zip(asked, known, strict=False)]


def _reason(one: Condition, value: Any, holds: bool | None, viewer: Viewer) -> Reason:
    asked = _asked(one)
    is_hidden = isinstance(asked, Attribute) and not asked.is_seen_by(viewer)
    return Reason(sentences.clause(one, viewer), None if is_hidden else value, holds, is_hidden, asked)


def _asked(one: Condition) -> Attribute | Measure | None:
    """What a condition's value is a value of."""
    if isinstance(one, Is):
        return registry.attribute(one.attribute)
    behaviour = registry.behaviour(one.deed.did) if isinstance(one, Did) else None
    measures = behaviour.measures if behaviour else ()
    return next((each for each in measures if isinstance(one, Did) and each.code == one.measure), None)


def _said(value: Any, asked: Attribute | Measure | None) -> str:
    if isinstance(value, list):
        return pgettext("list", ", ").join(_said(one, asked) for one in value)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _of_kind(str(value), asked) if asked else _number_or_day(str(value))


def _of_kind(value: str, asked: Attribute | Measure) -> str:
    match asked.kind:
        case Kind.CHOICE | Kind.CHOICES if isinstance(asked, Attribute):
            return str(_options(asked).get(value, value))
        case Kind.TEXT:
            return value
        case Kind.MONEY:
            return words.money(value, Chain.current().currency)
    return _with_unit(_number_or_day(value), value, asked.unit)


def _options(attribute: Attribute) -> Mapping[str, Any]:
    return attribute.options() if attribute.options else {}


def _number_or_day(text: str) -> str:
    try:
        return number_format(Decimal(text), use_l10n=True, force_grouping=True)
    except InvalidOperation:
        pass
    try:
        return date_format(datetime.fromisoformat(text))
    except ValueError:
        return text


def _with_unit(told: str, value: str, unit: str) -> str:
    n = int(value) if value.isdigit() else 2  # parts of one are many
    match unit:
        case "percent":  # what is compared has all its places; people read one
            told = number_format(round(Decimal(value), 1), use_l10n=True)
            return pgettext("value", "%(n)s%%") % {"n": told}
        case "days":
            return ngettext("%(n)s day", "%(n)s days", n) % {"n": told}
        case "years":
            return npgettext("age", "%(n)s year", "%(n)s years", n) % {"n": told}
        case "points":
            return ngettext("%(n)s point", "%(n)s points", n) % {"n": told}
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else format(value.normalize(), "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    return list(value) if isinstance(value, list | tuple) else value
