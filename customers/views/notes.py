"""Notes on a customer's page: writing, editing, pinning, taking away and putting back; whom one can mention."""

from collections.abc import Callable
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.permissions import Permission
from customers import mentions, notes
from customers.models import Customer, Note
from customers.views.profile import CustomerView

SHOWN = 5


def notes_of(customer: Customer, most: int = SHOWN) -> tuple[list[Note], bool]:
    """The pinned ones first, then the newest: one statement; and whether there are more."""
    rows = Note.objects.standing().filter(customer=customer).select_related("author")
    found = list(rows.order_by(F("pinned_at").desc(nulls_last=True), "-created_at", "-pk")[: most + 1])
    return found[:most], len(found) > most


class NoteView(CustomerView):
    def note(self, customer: Customer, public_id: str) -> Note:
        rows = Note.objects.visible_to(self.staff).filter(customer=customer)
        return get_object_or_404(rows, pk=Note.row_id(public_id))

    def page(self, customer: Customer) -> str:
        return reverse("customers:customer", args=[customer.public_id])

    def act(
        self, customer: Customer, call: Callable[[], Any], words: str = "", undo: str = ""
    ) -> HttpResponse:
        """Do it and go back to the customer; a refusal is said there."""
        try:
            call()
        except Refusal as refusal:
            self.say(refusal, error=True)
        else:
            if words:
                self.say(words, undo=undo)
        return self.go(self.page(customer) + "#notes")

    def edit_page(self, customer: Customer, **more: Any) -> dict[str, Any]:
        name = customer.name or customer.public_id
        crumbs = [(_("Customers"), reverse("customers:list")), (name, self.page(customer))]
        return {"customer": customer, "crumbs": crumbs, "back": self.page(customer), **more}


class Notes(NoteView):
    """GET: all notes. POST writes one; what is refused comes back with the words that were typed."""

    permission = Permission.VIEW_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        found, _more = notes_of(customer, 500)
        context = self.edit_page(
            customer, notes=found, title=_("Notes"), staff_key=trail.actor_name(self.staff)
        )
        return self.render("customers/notes_all.html", context)


class Writing(NoteView):
    """POST writes a note."""

    permission = Permission.EDIT_CUSTOMERS

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        text = request.POST.get("text", "")
        try:
            notes.write(customer, text, by=self.staff, at=now())
        except Refusal as refusal:
            context = self.edit_page(customer, text=text, error=refusal, title=_("New note"))
            return self.render("customers/note_edit.html", context, status=422)
        return self.go(self.page(customer) + "#notes")


class People(NoteView):
    """GET: whom one can mention, by the beginning of the name; a fragment."""

    permission = Permission.EDIT_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        found = mentions.suggestions(customer, request.GET.get("q", "").strip()[:60])
        return self.render("customers/note_people.html", {"people": found})


class OneNote(NoteView):
    """GET shows the form and what it said before; POST changes it."""

    permission = Permission.EDIT_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str, note: str) -> HttpResponse:
        customer = self.customer(public_id)
        found = self.note(customer, note)
        return self.render("customers/note_edit.html", self.shown(customer, found, found.text))

    def post(self, request: HttpRequest, public_id: str, note: str) -> HttpResponse:
        customer = self.customer(public_id)
        found, text = self.note(customer, note), request.POST.get("text", "")
        try:
            notes.edit(found, text, by=self.staff, at=now(), seen=request.POST.get("seen"))
        except Refusal as refusal:
            found.refresh_from_db()
            status = 409 if isinstance(refusal, ChangedMeanwhile) else 422
            shown = self.shown(customer, found, text) | {"error": refusal}
            return self.render("customers/note_edit.html", shown, status=status)
        return self.go(self.page(customer) + "#notes")

    def shown(self, customer: Customer, note: Note, text: str) -> dict[str, Any]:
        versions = list(note.versions.order_by("-pk")[:50])
        names = _names([one.replaced_by for one in versions])
        told = [(one, names.get(one.replaced_by, "")) for one in versions]
        is_mine = note.created_by == trail.actor_name(self.staff)
        return self.edit_page(customer, note=note, text=text, versions=told, is_mine=is_mine, title=_("Note"))


def _names(actors: list[str]) -> dict[str, str]:
    ids = [int(one.removeprefix("staff:")) for one in actors if one.startswith("staff:")]
    return {f"staff:{pk}": name for pk, name in Staff.objects.filter(pk__in=ids).values_list("pk", "name")}


class Removal(NoteView):
    """POST takes the note away, DELETE puts it back."""

    permission = Permission.EDIT_CUSTOMERS

    def post(self, request: HttpRequest, public_id: str, note: str) -> HttpResponse:
        customer = self.customer(public_id)
        found = self.note(customer, note)
        return self.act(
            customer, lambda: notes.delete(found, by=self.staff, at=now()), _("Note removed."), request.path
        )

    def delete(self, request: HttpRequest, public_id: str, note: str) -> HttpResponse:
        customer = self.customer(public_id)
        found = self.note(customer, note)
        return self.act(customer, lambda: notes.restore(found, by=self.staff), _("The note is back."))


class Pin(NoteView):
    """POST keeps the note on top, DELETE lets it go."""

    permission = Permission.EDIT_CUSTOMERS

    def post(self, request: HttpRequest, public_id: str, note: str) -> HttpResponse:
        customer = self.customer(public_id)
        found = self.note(customer, note)
        return self.act(customer, lambda: notes.pin(found, by=self.staff, at=now()))

    def delete(self, request: HttpRequest, public_id: str, note: str) -> HttpResponse:
        customer = self.customer(public_id)
        found = self.note(customer, note)
        return self.act(customer, lambda: notes.pin(found, by=self.staff, at=None))
