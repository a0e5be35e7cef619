"""Consents in the words and shapes of pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.models import Staff
from customers.consents import CELLS, Cell, cell
from customers.consents.cells import CHANNELS
from customers.models import REACHING, Consent, ContactChannel

SOURCES = {
    "counter": gettext_lazy("In person"),
    "phone": gettext_lazy("By phone"),
    "letter": gettext_lazy("In writing"),
    "api": gettext_lazy("Another system"),
    "import": gettext_lazy("Import"),
    "preferences": gettext_lazy("Preference page"),
    "unsubscribe": gettext_lazy("Unsubscribe link"),
    "join": gettext_lazy("Sign-up form"),
    "merge": gettext_lazy("Merge of two records"),
    "unmerge": gettext_lazy("Undone merge of two records"),
    "undo": gettext_lazy("Taken back"),
}


@dataclass(frozen=True)
class Row:
    """A channel with a cell for each of `REACHING`, or a use of data, which has no channel, with one cell."""

    label: Any
    cells: list[Any]


@dataclass(frozen=True)
class Grid:
    """All that consent is asked for, as people read it: channel by purpose, and the uses of data."""

    channels: list[Row]
    uses: list[Row]


def grid(cells: Mapping[Cell, Any]) -> Grid:
    """States (or the fields of a form) by cell, in their places."""
    by_channel = [
        Row(channel.label, [cells[Cell(purpose, channel)] for purpose in REACHING]) for channel in CHANNELS
    ]
    uses = [Row(one.purpose.label, [cells[one]]) for one in CELLS if one.channel == ContactChannel.ANY]
    return Grid(by_channel, uses)


def source(code: str) -> str:
    """How somebody said it, in a word; the part after the colon (a store, a number) stays as it is."""
    kind, _colon, rest = code.partition(":")
    known = SOURCES.get(kind)
    if known is None:
        return code
    return f"{known} ({rest})" if kind == "join" and rest else str(known)


@dataclass(frozen=True)
class Word:
    """A line of the history."""

    event: Consent
    about: str
    said: str
    tone: str
    source: str
    by: str


def of_events(events: Iterable[Consent]) -> list[Word]:
    rows = list(events)
    numbers = {row.recorded_by.partition(":")[2] for row in rows if row.recorded_by.startswith("staff:")}
    names = dict(Staff.objects.filter(pk__in=[n for n in numbers if n.isdecimal()]).values_list("pk", "name"))
    return [_word(row, names) for row in rows]


def _word(row: Consent, names: dict[int, str]) -> Word:
    about = cell(row.channel, row.purpose)
    if about.purpose == 0:
        said, tone = (
            (_("Do not contact"), "alert") if row.is_given is False else (_("May be contacted"), "good")
        )
    else:
        said, tone = {True: (_("Yes"), "good"), False: (_("No"), "alert"), None: (_("Not asked"), "")}[
            row.is_given
        ]
    kind, _colon, number = row.recorded_by.partition(":")
    by = names.get(int(number), "") if kind == "staff" and number.isdecimal() else ""
    return Word(row, about.label, said, tone, source(row.source), by)
