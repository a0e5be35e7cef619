"""Erasing a person: what they were is gone, what was sold stays sold. See docs/privacy.md.

1. *Places*: what is no column (files) is cleaned first, while the identifiers to look for are still known. It can be
   done again at any time. Tables that are searched for quotes are read then, too: that may take long and holds nobody.
2. *Tables*, in one transaction with the certificate and the entry in the trail: the person is held, so that nobody
   writes of them meanwhile; accounts are closed (`CLOSINGS`); then each table is treated as the register says.
3. *After the commit*: the erasure goes into the erasure log, from which a restore does it again, and the tables that
   were touched are swept (dead rows, statistics).

Safe to call twice: who was erased before has a certificate, and that one is returned, unless something that tells who
they are was written since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.privacy import blanks, digests, erasurelog, sweeping
from crm.privacy.models import Certificate, Request
from crm.privacy.register import SEARCH, Entry, Erasure, Kind, Whose, closings, entries, places
from crm.privacy.rows import function, rows_of
from crm.privacy.subjects import Subject, people

Counts = dict[str, dict[str, Any]]
_TELLING = (Kind.IDENTITY, Kind.CONTACT, Kind.DEMOGRAPHIC, Kind.TEXT)


class NobodyToErase(Refusal):
    code: ClassVar[str] = "nobody_to_erase"
    status: ClassVar[int] = 404


class StillInUse(Refusal):
    """Something that holds the person is being worked on; the message says what and what to do."""

    code: ClassVar[str] = "still_in_use"
    status: ClassVar[int] = 409


class Traces(Protocol):
    """What a place of the register offers that is no column."""

    def quoting(self, subject: Subject) -> list[dict[str, Any]]:
        """What stands there of the person, for the export."""

    def take_out(self, subject: Subject) -> int:
        """Take the person out; how many pieces. May raise StillInUse before anything has changed."""


@dataclass(frozen=True)
class Replay:
    """An erasure that was done before a restore and is done again: its key, time and author stay.

    `customer_ids`: whom it was about, as far as they are there.
    """

    key: UUID
    erased_at: datetime
    erased_by: str
    customer_ids: tuple[int, ...]


def erase(
    customer_id: int, *, by: Any, at: datetime, request: Request | None = None, replay: Replay | None = None
) -> Certificate:
    """Erase the person behind this customer, with everybody who was merged into them. Their certificate.

    Raises NobodyToErase, StillInUse; then nothing has changed.
    """
    numbers = replay.customer_ids if replay else (customer_id,)
    subject = people().subject(*numbers)
    if subject is None:
        raise NobodyToErase(_("There is no such customer."))
    if not replay and (before := _done(subject)):
        return before
    counts, searched = _clean_places(subject), _searched(subject)
    with transaction.atomic():
        subject = _held(numbers)
        if not replay and (before := _done(subject)):  # somebody else erased them meanwhile
            return before
        for name in closings():
            function(name)(subject, by=by, at=at)
        tables = {entry.label: (entry, _treat(entry, subject, searched)) for entry in entries(Whose.CUSTOMER)}
        counts |= {label: done for label, (_entry, done) in tables.items() if done["rows"]}
        certificate = _certify(subject, counts, by=by, at=at, request=request, replay=replay)
        changed = [
            entry.model._meta.db_table for entry, done in tables.values() if done["rows"] and done["columns"]
        ]
        sweeping.ask(changed, key=str(certificate.key), by=by)
        transaction.on_commit(erasurelog.catch_up)
    return certificate


def certificate_of(subject: Subject) -> Certificate | None:
    """The certificate of a person who was erased before."""
    return Certificate.objects.filter(customer_id=subject.customer_id, born_at=subject.born_at).last()


def _done(subject: Subject) -> Certificate | None:
    """The certificate of an earlier erasure, where nothing of the person came back after it."""
    before = certificate_of(subject)
    return (
        None if before is None or any(_remains(one, subject) for one in entries(Whose.CUSTOMER)) else before
    )


def _remains(entry: Entry, subject: Subject) -> bool:
    """Whether rows of this table still tell who the person is. What is only searched for quotes has none of its own."""
    columns = {
        name: how for name, how in changed_columns(entry).items() if entry.table.columns[name] in _TELLING
    }
    if not columns or entry.table.find:
        return False
    rows = rows_of(entry, subject)
    if entry.table.erasure is Erasure.DELETE:
        return bool(rows.exists())
    blank = [name for name, how in columns.items() if how is Erasure.BLANK]
    return any(rows.exclude(**{name: blanks.blank_of(_field(entry, name))}).exists() for name in blank)


def preview(customer_id: int) -> Counts:
    """What an erasure would do, by table: rows, and what becomes of them. Changes nothing."""
    subject = people().subject(customer_id)
    if subject is None:
        raise NobodyToErase(_("There is no such customer."))
    found = {}
    for entry in entries(Whose.CUSTOMER):
        if rows := rows_of(entry, subject).count():
            found[entry.label] = {"rows": rows, "entry": entry}
    return found


def _held(numbers: Sequence[int]) -> Subject:
    with connection.cursor() as cursor:
        subject = people().held(cursor, *numbers)
    if subject is None:
        raise NobodyToErase(_("There is no such customer."))
    return subject


def _clean_places(subject: Subject) -> Counts:
    handlers = [(place.name, function(place.handler)) for place in places() if place.handler]
    done = {name: {"rows": handler.take_out(subject), "columns": []} for name, handler in handlers}
    return {name: count for name, count in done.items() if count["rows"]}


def _searched(subject: Subject) -> dict[str, list[Any]]:
    """Keys of the rows that quote the person, by table: of those that say `find=SEARCH`."""
    looked = [entry for entry in entries(Whose.CUSTOMER) if entry.table.find == SEARCH]
    return {entry.label: _keys(rows_of(entry, subject)) for entry in looked}


def _treat(entry: Entry, subject: Subject, searched: dict[str, list[Any]]) -> dict[str, Any]:
    """Do to the person's rows in this table what the register says; how many rows, and which columns.

    A table that is kept and was searched tells how many rows quote the person: there should be none.
    """
    columns = changed_columns(entry)
    if entry.label in searched:
        rows = entry.model._base_manager.filter(pk__in=searched[entry.label])
    elif columns:
        rows = rows_of(entry, subject).order_by()
    else:
        return {"rows": 0, "columns": []}
    if entry.table.erasure is Erasure.DELETE:
        return {"rows": rows._raw_delete(rows.db), "columns": sorted(columns)}
    return {
        "rows": _change(entry, rows, columns, subject) if columns else rows.count(),
        "columns": sorted(columns),
    }


def _change(entry: Entry, rows: Any, columns: dict[str, Erasure], subject: Subject) -> int:
    """Empties, digests or rewrites these columns."""
    _digest(entry, rows, [name for name, how in columns.items() if how is Erasure.DIGEST])
    values = {
        name: blanks.blank_of(_field(entry, name)) for name, how in columns.items() if how is Erasure.BLANK
    }
    if entry.table.rewrite:
        values |= function(entry.table.rewrite)(subject)
    keys = _keys(rows)
    return int(entry.model._base_manager.filter(pk__in=keys).update(**values)) if values else len(keys)


def changed_columns(entry: Entry) -> dict[str, Erasure]:
    """The personal columns of this table that an erasure does not keep."""
    known = {name: entry.table.erasure_of(name) for name in entry.table.columns}
    return {name: how for name, how in known.items() if how is not Erasure.KEEP}


def _keys(rows: Any) -> list[Any]:
    return list(rows.values_list("pk", flat=True))


def _field(entry: Entry, name: str) -> Any:
    return entry.model._meta.get_field(name)


def _digest(entry: Entry, rows: Any, names: list[str]) -> None:
    """Replaces texts row by row: few tables have such a column, and few rows of a person."""
    for row in rows.only("pk", *names).iterator() if names else ():
        values = {name: digests.digest(name, text) for name in names if (text := getattr(row, name))}
        entry.model._base_manager.filter(pk=row.pk).update(**values)


def _certify(
    subject: Subject, counts: Counts, *, by: Any, at: datetime, request: Request | None, replay: Replay | None
) -> Certificate:
    details = {
        "request": request.pk if request else None,
        "tables": len(counts),
        "replayed": replay is not None,
    }
    entry = trail.record(
        "customer.erase",
        f"customers.customer:{subject.customer_id}",
        by=by,
        store_id=subject.store_id,
        details=details,
    )
    again = {"key": replay.key, "replayed_at": at} if replay else {}
    return Certificate.objects.create(
        customer_id=subject.customer_id, customer_ids=list(subject.customer_ids), born_at=subject.born_at,
        store_id=subject.store_id, erased_at=replay.erased_at if replay else at,
        erased_by=replay.erased_by if replay else trail.actor_name(by), request=request, counts=counts,
        digests=digests.digests(subject.identifiers), trail_id=entry.pk, **again,
    )  # fmt: skip
