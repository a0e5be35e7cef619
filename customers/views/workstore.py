"""“My store”: the follow-ups of one's stores by person; handing over many; the list as a file."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.org.models import Staff, Store
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.pages import page_of
from customers import clocks, sharing, workkinds, worklists
from customers.models import WorkBatch, WorkItem, WorkState
from customers.models.work import WorkItemQuerySet
from customers.views.work import WorkView, in_words

KEPT = "work.store.filters"  # in the session: the list is found as it was left
COUNTED = 10_000
WEEK = timedelta(days=7)


class WorkFilter(forms.Form):
    """What the address may ask for."""

    owner = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    due = forms.ChoiceField(
        label=gettext_lazy("Due"),
        required=False,
        choices=[
            ("", gettext_lazy("All")),
            ("overdue", gettext_lazy("Overdue")),
            ("week", gettext_lazy("In the next 7 days")),
        ],
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[
            ("", pgettext_lazy("state", "Open")),
            ("done", gettext_lazy("Done")),
            ("cancelled", gettext_lazy("Cancelled")),
        ],
    )
    store = forms.ModelChoiceField(Store.objects.none(), label=gettext_lazy("Store"), required=False)

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__(data)
        fields: Any = self.fields
        stores = Store.objects.visible_to(staff).order_by("name", "pk")
        fields["store"].queryset, fields["store"].empty_label = stores, _("All")
        if stores.count() == 1:
            del self.fields["store"]
        people = (
            Staff.objects.visible_to(staff).filter(is_active=True, user__isnull=False).order_by("name", "pk")
        )
        names = [(str(one.pk), one.name) for one in people[:300]]
        fields["owner"].choices = [("", _("All")), ("nobody", _("Nobody yet")), *names]
        kinds = [(str(kind.pk), kind.name) for kind in workkinds.known(in_use=False)]
        fields["kind"].choices = [("", _("All")), *kinds]

    def apply(self, rows: WorkItemQuerySet) -> WorkItemQuerySet:
        """Those that pass; an address that makes no sense finds none."""
        if not self.is_valid():
            return rows.none()
        told, at = self.cleaned_data, now()
        state = {"done": WorkState.DONE, "cancelled": WorkState.CANCELLED}.get(told["state"])
        rows = rows.filter(state=state) if state else rows.open()
        if told["owner"]:
            rows = rows.filter(owner=None if told["owner"] == "nobody" else told["owner"])
        if told["kind"]:
            rows = rows.filter(kind=told["kind"])
        if told["due"]:
            rows = rows.filter(due_at__lt=at if told["due"] == "overdue" else at + WEEK)
        return rows.filter(store=told["store"]) if told.get("store") else rows


class StoreWork(WorkView):
    """A page about all follow-ups of one's stores."""

    permission = Permission.ASSIGN_WORK

    def rows(self) -> WorkItemQuerySet:
        rows = WorkItem.objects.visible_to(self.staff)
        return rows.of_stores(self.staff.scope().store_ids)


class MyStore(StoreWork):
    permission = Permission.ASSIGN_WORK

    def get(self, request: HttpRequest) -> HttpResponse:
        if not request.GET and request.session.get(KEPT):
            return self.go(f"{request.path}?{request.session[KEPT]}")
        form = WorkFilter(request.GET, self.staff)
        rows = form.apply(self.rows())
        ended = form.is_valid() and bool(form.cleaned_data["state"])
        page = page_of(worklists.shown(rows).select_related("kind", "customer", "store", "owner", "result"), request,
                       "-ended_at" if ended else "due_at")  # fmt: skip
        query = request.GET.copy()
        query.pop("after", None)
        query.pop("all", None)
        self.keep(query.urlencode())
        context = {
            "form": form, "page": page, "rows": in_words(page.rows, self.staff, now()), "ended": ended,
            "count": rows.order_by()[: COUNTED + 1].count(), "counted": COUNTED, "query": query.urlencode(),
            "title": _("My store"), "export": reverse("customers:work-export"), "people": self.people(form),
        }  # fmt: skip
        return self.render("customers/work_store.html", context)

    def keep(self, query: str) -> None:
        if self.request.session.get(KEPT, "") != query:
            self.request.session[KEPT] = query

    def people(self, form: WorkFilter) -> list[dict[str, Any]]:
        """Who has how much, and did how much in the last week; and the people to hand over to."""
        at = now()
        done = worklists.done_by(self.rows(), at - WEEK)
        found = worklists.by_person(self.rows(), at)
        return [one | {"done": done.get(f"staff:{one['owner']}", 0)} for one in found]


class Export(StoreWork):
    """The list as it is filtered, as a file; it goes into the trail with its filters."""

    permission = Permission.ASSIGN_WORK

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = WorkFilter(request.GET, self.staff)
        rows = worklists.shown(form.apply(self.rows())).select_related(
            "kind", "customer", "store", "owner", "result"
        )
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            filters = {key: request.GET[key] for key in form.fields if request.GET.get(key)}
            trail.record("work.export", "customers.workitem:*", by=self.staff,
                         details={"format": kind, "filters": filters})  # fmt: skip
        header = [_("Due"), _("Kind"), _("What is to be done"), _("Customer"), _("Name"), _("Store"), _("Who"),
                  _("State"), _("Result"), pgettext("column", "Ended")]  # fmt: skip
        name = f"{_('follow-ups')}-{timezone.localdate():%Y%m%d}"
        return export.download(name, kind, header, _lines(rows.order_by("due_at", "pk")))


def _lines(rows: WorkItemQuerySet) -> Iterator[list[Any]]:
    for one in rows.iterator(chunk_size=2000):
        yield [
            one.due_at.astimezone(clocks.zone_of(one.store)).strftime("%Y-%m-%d %H:%M"), one.kind.name, one.title,
            one.customer.public_id, one.customer.name, one.store.name if one.store else "",
            one.owner.name if one.owner else "", one.get_state_display(), one.result.name if one.result else "",
            one.ended_at,
        ]  # fmt: skip


class Handing(StoreWork):
    """POST: these items go to somebody, or ("store") back to their stores."""

    permission = Permission.ASSIGN_WORK

    def post(self, request: HttpRequest) -> HttpResponse:
        ids = [WorkItem.row_id(text) for text in request.POST.getlist("item")]
        told = request.POST.get("to", "")
        back = f"{reverse('customers:work-store')}?all=1"
        if not any(ids) or not told:
            self.say(_("Choose the follow-ups and the person first."), error=True)
            return self.go(back)
        visible = Staff.objects.visible_to(self.staff)
        to = get_object_or_404(visible, pk=told) if told.isdigit() else None
        batch = sharing.hand_many(self.staff, [one for one in ids if one], to=to, by=self.staff, at=now())
        name = to.name if to else _("the store")
        words = ngettext(
            "%(n)d follow-up is %(name)s's now.", "%(n)d follow-ups are %(name)s's now.", batch.count
        )
        undo = reverse("customers:work-batch", args=[batch.pk])
        self.say(words % {"n": batch.count, "name": name}, undo=undo if batch.count else "")
        return self.go(back)


class Batch(StoreWork):
    """DELETE takes back what one made or handed over at once."""

    permission = Permission.ASSIGN_WORK

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = get_object_or_404(WorkBatch, pk=pk, made_by=self.staff)
        try:
            count = sharing.undo(batch, by=self.staff, at=now())
        except Refusal as refusal:
            self.say(refusal, error=True)
        else:
            self.say(
                ngettext("Taken back: %(n)d follow-up.", "Taken back: %(n)d follow-ups.", count)
                % {"n": count}
            )
        return self.go(f"{reverse('customers:work-store')}?all=1")
