"""The trail: the list with its filters, one entry, the file."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.audit import proof, trail, words
from crm.audit.models import Entry
from crm.audit.views import checks
from crm.audit.views.search import EntryFilter, names_of_actors
from crm.audit.views.shown import changes_of, plain, row_of, written
from crm.org.models import Store
from crm.org.permissions import Permission
from crm.org.views.base import SettingsView
from crm.ui import export
from crm.ui.pages import page_of


def asked_for(request: HttpRequest, staff: Any) -> tuple[EntryFilter, QuerySet[Entry]]:
    """The filters of the address, and the entries of one's scope that pass them."""
    form = EntryFilter(request.GET, staff)
    return form, form.apply(Entry.objects.visible_to(staff).defer("signature"))


class Trail(SettingsView):
    permission = Permission.VIEW_AUDIT
    tab = "audit"

    def get(self, request: HttpRequest) -> HttpResponse:
        form, rows = asked_for(request, self.staff)
        page = page_of(rows, request, "-pk")
        query = request.GET.copy()
        query.pop("after", None)
        context = {
            "form": form,
            "page": page,
            "rows": [row_of(entry, form.names) for entry in page.rows],
            "query": query.urlencode(),
            "title": _("Audit"),
            "export": reverse("audit:export"),
        }
        return self.render("audit/trail.html", context | checks.state())


class Export(SettingsView):
    """The list as it is filtered, all of it, as a file. Goes into the trail itself."""

    permission = Permission.VIEW_AUDIT
    tab = "audit"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form, rows = asked_for(request, self.staff)
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        filters = {key: request.GET[key] for key in form.fields if request.GET.get(key)}
        if "record" in filters:
            known = words.number_of(filters["record"])
            filters["record"] = known if ":" in known else "…"  # whatever else was typed may be a name
        with transaction.atomic():
            details = {"format": kind, "filters": filters}
            trail.record("audit.export", "audit.entry", by=self.staff, details=details)
        header = [
            _("Number"), _("When"), _("Who"), _("What"), _("Record"), _("Store"), _("From where"), _("Address"),
            _("Program"), _("Request"), _("Fields"), _("Before"), _("After"),
        ]  # fmt: skip
        stores = dict(Store.objects.values_list("pk", "name"))
        name = f"{_('audit')}-{timezone.localdate():%Y%m%d}"
        return export.download(name, kind, header, _cells(rows.order_by("pk"), form.names, stores))


class EntryPage(SettingsView):
    """One act with all that is known of it."""

    permission = Permission.VIEW_AUDIT
    tab = "audit"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        entry = get_object_or_404(Entry.objects.visible_to(self.staff), pk=pk)
        seal, is_right = proof.state_of(entry)
        row = row_of(entry, names_of_actors(self.staff))
        context = {
            "row": row,
            "entry": entry,
            "changes": changes_of(entry),
            "details": [
                (name.replace("_", " "), written(value))
                for name, value in entry.details.items()
                if name != "fields" or not entry.changes
            ],
            "store": Store.objects.filter(pk=entry.store_id).first() if entry.store_id else None,
            "seal": seal,
            "is_right": is_right,
            "title": row.act.words,
            "crumbs": [(_("Audit"), reverse("audit:trail"))],
        }
        return self.render("audit/entry.html", context)


def _cells(rows: QuerySet[Entry], names: dict[str, str], stores: dict[int, str]) -> Iterator[list[Any]]:
    for entry in rows.iterator(chunk_size=2000):
        row = row_of(entry, names)
        pairs = [[one[place] for one in entry.changes.values()] for place in (0, 1)]
        old, new = ("; ".join(plain(one) for one in side) for side in pairs)
        yield [
            entry.pk, entry.recorded_at, row.who, str(row.act.words), row.record.label,
            stores.get(entry.store_id or 0, ""), row.channel, entry.address, entry.agent, entry.request_id,
            row.fields, old, new,
        ]  # fmt: skip
