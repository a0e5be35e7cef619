"""Notes on a customer."""

from typing import Any

from django.utils.timezone import now

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import Answer, endpoint
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import notes
from customers.api.customers import CUSTOMER_ID
from customers.api.work import customer_of
from customers.api.workshapes import NoteIn, NoteOut, NotePage
from customers.models import Note


class Notes(ApiView):
    """What staff and systems wrote about a customer."""

    permission = Permission.VIEW_CUSTOMERS
    scope = KeyScope.CUSTOMERS_READ
    tag = "customers"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "List a customer's notes", answers={200: NotePage}, query=pages.PageQuery,
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
    )  # fmt: skip
    def get(self, customer: str) -> Any:
        """The newest first, without those that were taken away."""
        owner = customer_of(customer, self.caller)
        before = pages.position(self.query.cursor, pages.RowNumber)
        rows = Note.objects.standing().filter(customer=owner).select_related("author").order_by("-pk")
        if before:
            rows = rows.filter(pk__lt=before[0])
        found = list(rows[: self.query.limit + 1])
        shown = _shapes(found[: self.query.limit])
        return pages.page(
            self.request, shown, pages.cursor_after(found, self.query.limit, lambda one: (one.pk,))
        )

    @endpoint(
        "Write a note", body=NoteIn, answers={201: NoteOut}, permission=Permission.EDIT_CUSTOMERS,
        scope=KeyScope.CUSTOMERS_WRITE, example={"text": "Prefers to be called after six."},
        problems={404: "Unknown, or not for this key.", 410: "`erased`.", 422: "`invalid_note`, `cannot_mention`."},
    )  # fmt: skip
    def post(self, told: NoteIn, customer: str) -> Answer:
        """Who is mentioned in it is told in the page."""
        owner = customer_of(customer, self.caller)
        return Answer(_shapes([notes.write(owner, told.text, by=self.caller, at=now())])[0], 201)


def _shapes(found: list[Note]) -> list[NoteOut]:
    ids = {one for note in found for one in note.mentions}
    codes = dict(Staff.objects.filter(pk__in=ids).values_list("pk", "code"))
    return [
        NoteOut(
            one.public_id, one.text, one.author.code if one.author else None,
            [codes[pk] for pk in one.mentions if pk in codes], one.pinned_at is not None, one.created_at,
            one.edited_at,
        )
        for one in found
    ]  # fmt: skip
