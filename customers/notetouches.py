"""Notes in a customer's timeline."""

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Left
from django.utils.translation import gettext as _

from crm.privacy import masking
from customers.models import Note
from customers.timeline import Asked, Row, TimelineSource, Touch, branch, register

SHOWN = 240  # letters; the rest is on the card of notes


def fill() -> None:
    register(TimelineSource("note", ("service",), rows, touch))


def rows(asked: Asked) -> QuerySet[Any] | None:
    """What was taken away is in no timeline."""
    standing = Note.objects.standing().filter(customer=asked.customer)
    data = {"text": Left("text", 2 * SHOWN), "author": F("author__name")}
    return branch(asked, standing, source="note", at="created_at", kind="note", data=data)


def touch(asked: Asked, row: Row) -> Touch:
    author = row.data["author"] or _("Another system")
    title = _("Note by %(name)s") % {"name": author}
    said = masking.text(asked.viewer, row.data["text"])[:SHOWN]  # cut after it, so that no half address stays
    return Touch(row.at, row.kind, "service", title, detail=said, icon="note", data=row.data | {"text": said})
