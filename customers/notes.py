"""Notes on a customer: written, edited with their history kept, pinned, taken away and put back; mentions are told.

The trail names the note and whom it mentions, never what it says.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Fault, Refusal
from crm.notices.telling import tell
from crm.org.models import Staff
from crm.org.permissions import Permission
from customers import mentions, present
from customers.models import Customer, Note, NoteVersion
from customers.models.notes import LONGEST_NOTE


class InvalidNote(Refusal):
    """`faults` point at "/text"."""

    code: ClassVar[str] = "invalid_note"


class NotYours(Refusal):
    """Somebody else's words are theirs to change."""

    code: ClassVar[str] = "not_your_note"
    status: ClassVar[int] = 403


def write(customer: Customer, text: str, *, by: Any, at: datetime) -> Note:
    """A new note; who is mentioned in it is told.

    Raises InvalidNote, CannotMention, Erased; then nothing has changed.
    """
    text = _plain(text)
    with transaction.atomic():
        present.hold(customer.pk)
        ids = mentions.found_in(text, customer)
        author = by if isinstance(by, Staff) else None
        note = Note.objects.create(
            customer=customer,
            text=text,
            mentions=ids,
            author=author,
            created_by=trail.actor_name(by),
            created_at=at,
        )
        _record("note.write", note, by, {"mentions": ids})
        _tell(note, ids, by)
    return note


def edit(note: Note, text: str, *, by: Any, at: datetime, seen: str | None = None) -> Note:
    """Change what it says; the former words are kept. Who is mentioned anew is told.

    `seen`: what its author saw. Raises InvalidNote, NotYours, CannotMention, ChangedMeanwhile.
    """
    text = _plain(text)
    with transaction.atomic():
        found = _locked(note)
        _check_author(found, by)
        if seen is not None and _plain(seen) != found.text:
            raise ChangedMeanwhile({"text": found.text}, found)
        if text == found.text:
            return found
        ids = mentions.found_in(text, found.customer)
        NoteVersion.objects.create(
            customer_id=found.customer_id,
            note=found,
            text=found.text,
            replaced_by=trail.actor_name(by),
            replaced_at=at,
        )
        fresh = [one for one in ids if one not in found.mentions]
        _write(found, text=text, mentions=ids, edited_at=at)
        _record("note.edit", found, by, {"mentions": ids})
        _tell(found, fresh, by)
    return found


def delete(note: Note, *, by: Any, at: datetime) -> Note:
    """Take it away; `restore` puts it back. Its author may, and who leads. Raises NotYours."""
    with transaction.atomic():
        found = _locked(note)
        if not by.may(Permission.ASSIGN_WORK):
            _check_author(found, by)
        if found.deleted_at is None:
            _write(found, deleted_at=at, deleted_by=trail.actor_name(by))
            _record("note.delete", found, by)
    return found


def restore(note: Note, *, by: Any) -> Note:
    """Put back what was taken away."""
    with transaction.atomic():
        found = _locked(note)
        if found.deleted_at is not None:
            _write(found, deleted_at=None, deleted_by="")
            _record("note.restore", found, by)
    return found


def pin(note: Note, *, by: Any, at: datetime | None) -> Note:
    """Keep it on top for everybody; `at` None: not any more."""
    with transaction.atomic():
        found = _locked(note)
        if (found.pinned_at is None) != (at is None):
            _write(found, pinned_at=at)
            _record("note.pin" if at else "note.unpin", found, by)
    return found


def _plain(text: str) -> str:
    text = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))
    if not text:
        told = _("Write something first.")
    elif len(text) > LONGEST_NOTE:
        told = _("Longer than %(n)d characters.") % {"n": LONGEST_NOTE}
    else:
        return text
    raise InvalidNote(told, faults=(Fault("/text", told),))


def _locked(note: Note) -> Note:
    rows = Note.objects.select_for_update(of=("self",), no_key=True).select_related("customer")
    return rows.get(customer_id=note.customer_id, pk=note.pk)


def _check_author(note: Note, by: Any) -> None:
    if note.created_by != trail.actor_name(by):
        raise NotYours(_("Only who wrote a note changes it."))


def _write(note: Note, **values: Any) -> None:
    for name, value in values.items():
        setattr(note, name, value)
    note.save(update_fields=list(values))


def _tell(note: Note, ids: list[int], by: Any) -> None:
    me = by.pk if isinstance(by, Staff) else None
    others = [one for one in ids if one != me]
    if others:
        tell(others, "note.mention", about=note, params={"by": me, "customer": note.customer_id})


def _record(action: str, note: Note, by: Any, details: dict[str, Any] | None = None) -> None:
    more = {"customer": note.customer_id, **(details or {})}
    trail.record(action, note, by=by, store_id=note.customer.home_store_id, details=more)
