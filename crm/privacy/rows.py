"""The rows of a person in one table of the register, however they are found there."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.models import BooleanField, Func, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.module_loading import import_string

from crm.privacy.register import SEARCH, Entry
from crm.privacy.subjects import Subject


def rows_of(entry: Entry, subject: Subject) -> QuerySet[Any]:
    """The person's rows in this table, in the order of their keys."""
    if entry.table.find == SEARCH:
        rows = _quoting(entry, subject)
    elif entry.table.find:
        rows = function(entry.table.find)(subject)
    else:
        of = [Q(**{f"{name}__in": subject.customer_ids}) for name in entry.table.by]
        rows = entry.model._base_manager.filter(reduce(or_, of))
    return rows.order_by("pk")


def function(place: str) -> Any:
    """ "customers.traces:arrivals" → that function."""
    return import_string(place.replace(":", "."))


def _quoting(entry: Entry, subject: Subject) -> QuerySet[Any]:
    rows = entry.model._base_manager.all()
    if not subject.quotes:
        return rows.none()
    names = entry.table.exported()
    return rows.filter(reduce(or_, (Q(quotes(entry.model, name, subject.quotes)) for name in names)))


def quotes(model: type[models.Model], name: str, texts: Iterable[str]) -> Any:
    """Whether a column quotes one of these texts, a phone also where somebody wrote it with spaces or dashes."""
    field: Any = model._meta.get_field(name)
    if isinstance(field, models.BinaryField):
        text: Any = Func(name, function="encode", template="%(function)s(%(expressions)s, 'escape')")
        wanted = [_escaped(quote) for quote in texts]
    else:
        text = Func(Cast(name, models.TextField()), function="regexp_replace", template=_RUN_TOGETHER)
        wanted = [quote.lower() for quote in texts]
    lowered = Func(text, function="lower", output_field=models.TextField())
    return _LikeAny(lowered, patterns=[f"%{_literal(quote.lower())}%" for quote in wanted])


_RUN_TOGETHER = r"%(function)s(%(expressions)s, '(?<=\d)[ .-](?=\d)', '', 'g')"


class _LikeAny(Func):
    """`text LIKE ANY (patterns)`."""

    output_field = BooleanField()

    def __init__(self, text: Any, patterns: list[str]) -> None:
        super().__init__(text)
        self.patterns = patterns

    def as_sql(self, compiler: Any, connection: Any, *_more: Any, **_named: Any) -> tuple[str, Any]:
        sql, params = compiler.compile(self.source_expressions[0])
        return f"{sql} LIKE ANY (%s)", [*params, self.patterns]


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _escaped(text: str) -> str:
    r"""As PostgreSQL's encode(…, 'escape') writes it: bytes beyond ASCII as \ooo, a backslash twice."""
    letters = text.replace("\\", "\\\\").encode()
    return "".join(chr(byte) if byte < 128 else f"\\{byte:03o}" for byte in letters)
