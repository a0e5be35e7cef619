"""The nouns of the registry: kinds of values, what can be asked of each kind, attributes, behaviours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from django.utils.translation import pgettext_lazy

Options = Callable[[], Mapping[str, Any]]  # code to label, in the reader's language
Limit = int | Callable[[], int] | None  # a callable where the chain decides; None: there is none


class Kind(StrEnum):
    """Of what type a value is. In SQL: numeric or integer; numeric; date; text; text[]; boolean; text."""

    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"  # one of `options`
    CHOICES = "choices"  # any number of `options`; nobody's is unknown, it may be empty
    FLAG = "flag"
    TEXT = "text"


class Operator(StrEnum):
    """What can be asked. An unknown value answers no to all but `unknown`, and yes to what is the opposite of a
    question that it answers no to (`none_of`, `has_none`, `is_not`, `no`)."""

    IS = "is"
    IS_NOT = "is_not"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"  # both ends included
    ON = "on"
    BEFORE = "before"  # the day itself is not
    AFTER = "after"
    LAST_DAYS = "last_days"  # in the last n days up to and with today
    NEXT_DAYS = "next_days"  # in the next n days from and with today
    LONGER_AGO = "longer_ago"  # more than n days ago
    ANY_OF = "any_of"
    NONE_OF = "none_of"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"
    HAS_NONE = "has_none"
    YES = "yes"
    NO = "no"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    KNOWN = "known"
    UNKNOWN = "unknown"

    @property
    def label(self) -> Any:
        return _LABELS[self]

    @property
    def takes(self) -> str:
        """What it wants beside itself: "nothing", "one" (value of the kind), "two", "many" (a list), "days"."""
        return _TAKES.get(self, "one")


_O = Operator
_TAKES = {
    _O.BETWEEN: "two", _O.ANY_OF: "many", _O.NONE_OF: "many", _O.HAS_ANY: "many", _O.HAS_ALL: "many",
    _O.HAS_NONE: "many", _O.LAST_DAYS: "days", _O.NEXT_DAYS: "days", _O.LONGER_AGO: "days", _O.YES: "nothing",
    _O.NO: "nothing", _O.KNOWN: "nothing", _O.UNKNOWN: "nothing",
}  # fmt: skip
_LABELS = {
    _O.IS: pgettext_lazy("condition", "is"),
    _O.IS_NOT: pgettext_lazy("condition", "is not"),
    _O.AT_LEAST: pgettext_lazy("condition", "is at least"),
    _O.AT_MOST: pgettext_lazy("condition", "is at most"),
    _O.BETWEEN: pgettext_lazy("condition", "is between"),
    _O.ON: pgettext_lazy("condition", "is on"),
    _O.BEFORE: pgettext_lazy("condition", "is before"),
    _O.AFTER: pgettext_lazy("condition", "is after"),
    _O.LAST_DAYS: pgettext_lazy("condition", "is in the last days"),
    _O.NEXT_DAYS: pgettext_lazy("condition", "is in the next days"),
    _O.LONGER_AGO: pgettext_lazy("condition", "is longer ago than days"),
    _O.ANY_OF: pgettext_lazy("condition", "is one of"),
    _O.NONE_OF: pgettext_lazy("condition", "is none of"),
    _O.HAS_ANY: pgettext_lazy("condition", "has one of"),
    _O.HAS_ALL: pgettext_lazy("condition", "has all of"),
    _O.HAS_NONE: pgettext_lazy("condition", "has none of"),
    _O.YES: pgettext_lazy("condition", "yes"),
    _O.NO: pgettext_lazy("condition", "no"),
    _O.CONTAINS: pgettext_lazy("condition", "contains"),
    _O.STARTS_WITH: pgettext_lazy("condition", "starts with"),
    _O.KNOWN: pgettext_lazy("condition", "is known"),
    _O.UNKNOWN: pgettext_lazy("condition", "is not known"),
}
_AMOUNTS = (_O.AT_LEAST, _O.AT_MOST, _O.BETWEEN, _O.IS, _O.IS_NOT, _O.KNOWN, _O.UNKNOWN)
OPERATORS: dict[Kind, tuple[Operator, ...]] = {
    Kind.NUMBER: _AMOUNTS,
    Kind.MONEY: _AMOUNTS,
    Kind.DATE: (
        _O.LAST_DAYS, _O.NEXT_DAYS, _O.LONGER_AGO, _O.ON, _O.BEFORE, _O.AFTER, _O.BETWEEN, _O.KNOWN, _O.UNKNOWN,
    ),
    Kind.CHOICE: (_O.ANY_OF, _O.NONE_OF, _O.KNOWN, _O.UNKNOWN),
    Kind.CHOICES: (_O.HAS_ANY, _O.HAS_ALL, _O.HAS_NONE),
    Kind.FLAG: (_O.YES, _O.NO),
    Kind.TEXT: (_O.IS, _O.IS_NOT, _O.CONTAINS, _O.STARTS_WITH, _O.KNOWN, _O.UNKNOWN),
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """When something is asked: `on` is today in the chain's zone, `night` the number of the published night (0: none).

    Every `sql` of the registry may use both, as %(on)s and %(night)s. What has hours is asked for the day as a whole:
    what begins on it has begun, what ends on it has not ended (`customers/attributes/days.py`).
    """

    on: date
    night: int

    def params(self) -> dict[str, Any]:
        return {"on": self.on, "night": self.night}


@dataclass(frozen=True)
class Relation:
    """Where values stand: `sql` is a table or a SELECT in brackets with a column `customer_id` and at most one row a
    customer, known as `name` in the expressions of its attributes. `watches` are the tables whose changes change it
    ("table.column" where another column than customer_id says whose).

    `on` joins it where it is not of a customer (the home store): an expression over `person`, the customer's own row,
    which all expressions may use.
    """

    name: str
    sql: str
    watches: tuple[str, ...] = ()
    on: str = ""


PERSON = Relation(
    "person", "customers_customer", ("customers_customer",)
)  # always there; `id` is the customer


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """What a number can be: `least` and `most` are the smallest and the largest that it can ever have."""

    least: Limit = None
    most: Limit = None

    def bounds(self) -> tuple[int | None, int | None]:
        return _limit(self.least), _limit(self.most)


def _limit(limit: Limit) -> int | None:
    return limit() if callable(limit) else limit


@dataclass(frozen=True)
class Attribute(Bounded):
    """A value of a customer. `sql` is an expression over the relation; NULL (or no row): unknown.

    `code` is for good: definitions name it. `heading` groups attributes where people choose ("person", "purchases",
    ...). `unit`: "days", "years", "points", "percent" or "". Choices are codes as text, `is_numbered` ones whole
    numbers in SQL; `options` of hundreds and more (products) say `is_long`, and pages search them.

    `spread`: a choice stands for more than itself (a category for all below it): a SELECT of codes over {chosen}.
    `noun`: what it is called within a sentence ("whose … is at least 3"), where the label is no noun or has another
    form there. `phrases`: how a sentence says a question of it, where the usual words would not do ("who are
    enrolled"); `n` in them decides between one and many. `also`: by what other words people look for it.
    `sees`: who sees its values (None: everybody who sees the customer); `is_guarded`: the others cannot ask it either.
    """

    code: str
    label: Any
    heading: str
    kind: Kind
    relation: Relation
    sql: str
    options: Options | None = None
    unit: str = ""
    is_long: bool = False
    is_numbered: bool = False
    spread: str = ""
    sees: Callable[[Any], bool] | None = None
    is_guarded: bool = False
    is_retired: bool = False  # no longer offered; what names it goes on
    help: Any = ""
    noun: Any = ""
    phrases: Mapping[Operator, Any] = field(default_factory=dict, compare=False)
    also: Any = ""

    @property
    def is_personal(self) -> bool:
        """Not everybody sees its values."""
        return self.sees is not None

    def is_seen_by(self, viewer: Any) -> bool:
        return self.sees is None or self.sees(viewer)

    def is_asked_by(self, viewer: Any) -> bool:
        return not self.is_guarded or self.is_seen_by(viewer)


@dataclass(frozen=True)
class Field(Bounded):
    """What a behaviour can be narrowed by. `sql` is an expression over `did`, the behaviour's rows."""

    code: str
    label: Any
    kind: Kind
    sql: str
    options: Options | None = None
    unit: str = ""
    is_long: bool = False
    is_numbered: bool = False
    spread: str = ""


@dataclass(frozen=True)
class Measure(Bounded):
    """What can be counted of a behaviour: `sql` is an aggregate over `did`; NULL counts as 0. `kind`: number, money."""

    code: str
    label: Any
    kind: Kind
    sql: str
    unit: str = ""


@dataclass(frozen=True)
class Behaviour:
    """What customers do. `sql`: a table or SELECT in brackets with `customer_id`, `day` (date, of the place where it
    happened) and what the fields and measures name, a row each time, known as `did`. The first measure is how often."""

    code: str
    label: Any  # "Bought"
    sql: str
    fields: tuple[Field, ...]
    measures: tuple[Measure, ...]
    watches: tuple[str, ...] = ()
    help: Any = ""
    also: Any = ""  # by what other words people look for it
