"""A preview of a merge in words."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from crm.org.models import Store
from crm.ui import words
from customers import customfields
from customers.masks import masked
from customers.merging.facts import PREFIX, Why
from customers.merging.preview import Field, Known, Preview
from customers.models import Customer, IdentityKind

WHY = {
    Why.SAME: gettext_lazy("the same"),
    Why.OWN: gettext_lazy("kept"),
    Why.FILLED: gettext_lazy("filled in, was blank"),
    Why.EARLIER: gettext_lazy("the earlier one"),
    Why.CHOSEN: gettext_lazy("your choice"),
    Why.ENROLLED: gettext_lazy("told at the enrolment"),
}
COUNTED = {
    "customers.Purchase": ngettext_lazy("%(n)s purchase", "%(n)s purchases", "n"),
    "customers.Return": ngettext_lazy("%(n)s return", "%(n)s returns", "n"),
    "customers.CustomerTag": ngettext_lazy("%(n)s tag", "%(n)s tags", "n"),
    "customers.Note": ngettext_lazy("%(n)s note", "%(n)s notes", "n"),
    "customers.WorkItem": ngettext_lazy("%(n)s follow-up", "%(n)s follow-ups", "n"),
    "customers.Interaction": ngettext_lazy("%(n)s touch", "%(n)s touches", "n"),
    "customers.Consent": ngettext_lazy("%(n)s word of consent", "%(n)s words of consent", "n"),
}
OTHER = ngettext_lazy("%(n)s other record", "%(n)s other records", "n")


# What belongs together, in this order; a field that is named nowhere stands with the chain's.
PERSON = frozenset({"name", "gender", "birthday", "age_band", "language", "occupation", "income_band"})
HOME = frozenset({"address", "household", "household_code", "household_size"})


@dataclass(frozen=True)
class Row:
    """A fact side by side, in words."""

    field: Field
    label: str
    mine: str
    theirs: str
    result: str
    why: Any

    @property
    def is_same(self) -> bool:
        return self.mine == self.theirs

    @property
    def is_single(self) -> bool:
        """Only one of the two says something."""
        return not self.is_same and words.NOTHING in (self.mine, self.theirs)

    @property
    def keeps_theirs(self) -> bool:
        return self.result == self.theirs and not self.is_same


@dataclass(frozen=True)
class Mark:
    """An identifier, masked. `is_choice`: it may become the main one of its kind."""

    value: str
    is_main: bool
    is_choice: bool


@dataclass(frozen=True)
class Marks:
    """The identifiers of one kind side by side; all of them stay."""

    kind: str
    label: str
    mine: list[Mark]
    theirs: list[Mark]
    is_open: bool

    @property
    def main(self) -> str:
        return next((one.value for one in (*self.mine, *self.theirs) if one.is_main), "")

    @property
    def main_of_mine(self) -> str:
        return next((one.value for one in self.mine if one.is_choice), "")

    @property
    def main_of_theirs(self) -> str:
        return next((one.value for one in self.theirs if one.is_choice), "")


@dataclass(frozen=True)
class Side:
    """One of the two: how a person calls them, and by what to tell them apart."""

    name: str
    customer: Customer


@dataclass(frozen=True)
class Shown:
    """What the page shows of a preview."""

    preview: Preview
    viewer: Any

    @cached_property
    def rows(self) -> list[Row]:
        say = _Values([self.preview.survivor, self.preview.loser])
        return [
            Row(
                one, say.label(one.name), say(one.name, one.mine), say(one.name, one.theirs),
                say(one.name, one.result), WHY[one.why],
            )
            for one in self.preview.fields
            if one.name not in ("is_stub", "first_seen_at") and say.shows(one.name, self.viewer)
        ]  # fmt: skip

    @cached_property
    def groups(self) -> list[tuple[str, list[Row]]]:
        """The rows, what belongs together under one heading."""
        parts: dict[str, list[Row]] = {_("Person"): [], _("Home"): [], _("With the chain"): []}
        person, home, chain = parts.values()
        for row in self.rows:
            (person if row.field.name in PERSON else home if row.field.name in HOME else chain).append(row)
        return [(label, rows) for label, rows in parts.items() if rows]

    @cached_property
    def to_choose(self) -> int:
        """How many facts wait for a choice."""
        return sum(row.field.is_open for row in self.rows) + sum(one.is_open for one in self.identifiers)

    @cached_property
    def identifiers(self) -> list[Marks]:
        by_kind: dict[str, list[Known]] = {}
        for one in sorted(self.preview.known, key=lambda one: one.identity.kind):
            by_kind.setdefault(one.identity.kind, []).append(one)
        return [_marks(kind, known) for kind, known in by_kind.items()]

    @cached_property
    def mine(self) -> Side:
        return self._side(self.preview.survivor, False)

    @cached_property
    def theirs(self) -> Side:
        return self._side(self.preview.loser, True)

    def _side(self, customer: Customer, is_theirs: bool) -> Side:
        """Without a name, what they are reached by says who it is."""
        known = [one.identity for one in self.preview.known if one.is_theirs is is_theirs]
        marks = [masked(one.kind, one.value) for one in known if one.is_primary]
        return Side(customer.name or next(iter(marks), "") or customer.public_id, customer)

    @cached_property
    def moves(self) -> str:
        """ "12 purchases, 1 return, 3 tags"."""
        counts = dict(self.preview.moves)
        parts = [_counted(sentence, n) for label, sentence in COUNTED.items() if (n := counts.pop(label, 0))]
        if rest := sum(counts.values()):
            parts.append(_counted(OTHER, rest))
        return _(", ").join(parts)

    @cached_property
    def conflicts(self) -> list[tuple[str, list[str], list[str]]]:
        return [
            (
                str(IdentityKind(one.kind).label),
                [masked(one.kind, value) for value in one.mine],
                [masked(one.kind, value) for value in one.theirs],
            )
            for one in self.preview.conflicts
        ]

    @cached_property
    def consents(self) -> list[tuple[str, str, str, str]]:
        found = self.preview.consents
        return [(one.cell.label, _said(one.mine), _said(one.theirs), _said(one.result)) for one in found]


def _marks(kind: str, known: list[Known]) -> Marks:
    own, other = (
        [
            Mark(masked(kind, one.identity.value), one.is_main, one.is_open and one.identity.is_primary)
            for one in known if one.is_theirs is is_theirs
        ]
        for is_theirs in (False, True)
    )  # fmt: skip
    return Marks(kind, str(IdentityKind(kind).label), own, other, any(one.is_choice for one in own + other))


def _counted(sentence: Any, n: int) -> str:
    return str(sentence % {"n": n})


def _said(given: bool | None) -> str:
    return _("not asked") if given is None else _("yes") if given else _("no")


class _Values:
    """Values of facts (JSON) as a person reads them."""

    def __init__(self, people: list[Customer]) -> None:
        self.stores: dict[int, Store] = {
            one.home_store_id: one.home_store for one in people if one.home_store_id and one.home_store
        }
        codes = {code for one in people for code in one.custom}
        self.custom = {one.code: one for one in customfields.definitions(archived=True)} if codes else {}
        self.fields = {str(field.column): field for field in Customer._meta.concrete_fields}

    def shows(self, name: str, viewer: Any) -> bool:
        """May this person see the field? Of the chain's own fields some are for some roles only."""
        own = self.custom.get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
        return own is None or (own.archived_at is None and customfields.shows(own, viewer))

    def label(self, name: str) -> str:
        if name.startswith(PREFIX):
            code = name.removeprefix(PREFIX)
            return self.custom[code].name if code in self.custom else code
        label = str(self.fields[name].verbose_name)
        return label[:1].upper() + label[1:]

    def __call__(self, name: str, value: Any) -> str:
        if value in (None, "", []):
            return words.NOTHING
        if name == "home_store_id":
            store = self.stores.get(value)
            return store.name if store else words.NOTHING
        if name.startswith(PREFIX):
            return self._custom(name.removeprefix(PREFIX), value)
        if name == "language":
            return words.language(value)
        return self._plain(name, value)

    def _plain(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return _said(value)
        if isinstance(value, str) and self.fields[name].get_internal_type() in ("DateField", "DateTimeField"):
            moment = parse_datetime(value) if "T" in value else None
            return words.day(timezone.localdate(moment) if moment else parse_date(value))
        choices = {str(key): str(label) for key, label in self.fields[name].flatchoices}
        return choices.get(str(value), str(value))

    def _custom(self, code: str, value: Any) -> str:
        if isinstance(value, bool):
            return _said(value)
        field = self.custom.get(code)
        return field.options(retired=True).get(str(value), str(value)) if field else str(value)
