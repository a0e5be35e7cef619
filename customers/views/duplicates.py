"""The review queue: pairs who may be one person, worked with the keyboard, one after the other.

`j` `k` next and previous, `m` the same person (merges at once, with an undo), `p` the preview of the merge, `d`
different people, `s` skip. A decision answers with the next pair, as a part of the page.
"""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.org.models import Store
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers.matching import defaults, jobs, pairs, words
from customers.models import Customer, DuplicatePair, PairState
from customers.views import pairing

COUNTED = 10_000


class QueueFilter(forms.Form):
    """State, what the pair agrees in, store, and the least score."""

    state = forms.ChoiceField(label=gettext_lazy("Show"), required=False)
    field = forms.ChoiceField(label=gettext_lazy("The same"), required=False)
    store = forms.ModelChoiceField(Store.objects.none(), label=gettext_lazy("Store"), required=False)
    score = forms.IntegerField(label=gettext_lazy("Score from"), required=False, min_value=0, max_value=100)

    def __init__(self, data: Any, staff: Any) -> None:
        super().__init__(data)
        self.staff = staff
        self.fields["state"].choices = [("", PairState.OPEN.label), *PairState.choices[1:]]  # type: ignore[attr-defined]
        self.fields["field"].choices = [("", _("All")), *((f, words.FIELDS[f]) for f in defaults.FIELDS)]  # type: ignore[attr-defined]
        self.fields["store"].queryset = Store.objects.visible_to(staff).order_by("name", "pk")  # type: ignore[attr-defined]
        self.fields["store"].empty_label = _("All")  # type: ignore[attr-defined]

    def rows(self) -> Any:
        """The pairs asked for, of which the viewer may see both sides."""
        mine = DuplicatePair.objects.visible_to(self.staff)
        if not self.is_valid():
            return mine.none()
        wanted = self.cleaned_data
        rows = mine.filter(state=wanted["state"]) if wanted.get("state") else mine.waiting()
        if field := wanted.get("field"):
            rows = rows.filter(reasons__contains=[[field, "same"]])
        if store := wanted.get("store"):
            rows = rows.filter(Q(first__home_store=store) | Q(second__home_store=store))
        return rows.filter(score__gte=wanted["score"]) if wanted.get("score") else rows


class Queue(StaffView):
    permission = Permission.MERGE_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = QueueFilter(request.GET, self.staff)
        rows = form.rows()
        page = page_of(rows.select_related("first__home_store", "second__home_store"), request, "-score")
        query = request.GET.copy()
        query.pop("after", None)
        context = {
            "form": form,
            "page": page,
            "rows": [(pair, pairing.token_of(pair), words.speaking(pair.reasons)) for pair in page.rows],
            "count": rows.order_by()[: COUNTED + 1].count(),
            "counted": COUNTED,
            "query": query.urlencode(),
            "sweep": jobs.last(),
            "title": _("Possible duplicates"),
            "export": reverse("customers:pairs-export"),
        }
        return self.render("customers/pairs.html", context)


class Export(StaffView):
    """The queue as it is filtered, as a file. Goes into the trail."""

    permission = Permission.MERGE_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        rows = QueueFilter(request.GET, self.staff).rows()
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record(
                "duplicates.export", "customers.duplicatepair:*", by=self.staff, details={"format": kind}
            )
        header = [_("One customer"), _("Another customer"), _("Score"), _("Why"), _("State"), _("Found")]
        name = _("duplicates") + f"-{timezone.localdate():%Y%m%d}"
        return export.download(
            name, kind, header, _cells(rows.select_related("first", "second").order_by("-score", "pk"))
        )


def _cells(rows: Any) -> Iterator[list[Any]]:
    for pair in rows.iterator(chunk_size=1000):
        ids = [pair.first.public_id, pair.second.public_id]
        yield [*ids, pair.score, words.speaking(pair.reasons), pair.get_state_display(), pair.found_at.date()]


class PairView(StaffView):
    """A pair of which one may see both sides; `duplicates/<first>.<second>/`."""

    permission = Permission.MERGE_CUSTOMERS

    def pair(self, token: str) -> DuplicatePair:
        ids = sorted(Customer.row_id(part) or 0 for part in token.split("."))
        if len(ids) != 2:
            raise Http404
        rows = DuplicatePair.objects.visible_to(self.staff).select_related(
            "first__home_store", "second__home_store"
        )
        return get_object_or_404(rows, first=ids[0], second=ids[1])

    def queue(self) -> Any:
        return QueueFilter(self.request.GET, self.staff).rows()

    def show(self, pair: DuplicatePair | None) -> HttpResponse:
        context = pairing.context(self, pair, self.queue()) if pair else pairing.nothing(self.request)
        htmx: Any = getattr(self.request, "htmx", None)
        context["is_part"] = bool(htmx) and not htmx.history_restore_request
        response = self.render("customers/pair.html", context)
        if pair and self.request.method != "GET":
            response.headers["HX-Push-Url"] = pairing.address(pair, self.request)
        return response

    def after(self, pair: DuplicatePair) -> HttpResponse:
        """The next pair as a part of the page; a browser without scripts goes there."""
        following = (
            pairing.following(self.queue(), pair)
            or self.queue().exclude(pk=pair.pk).order_by("-score", "pk").first()
        )
        if getattr(self.request, "htmx", False):
            return self.show(following and self.pair(pairing.token_of(following)))
        return self.go(pairing.address(following, self.request) if following else reverse("customers:pairs"))

    def refused(self, pair: DuplicatePair, refusal: Refusal) -> HttpResponse:
        self.say(refusal, error=True)
        return self.after(pair)


class Pair(PairView):
    def get(self, request: HttpRequest, pair: str) -> HttpResponse:
        return self.show(self.pair(pair))


class Dismissal(PairView):
    """POST: different people. DELETE takes it back."""

    def post(self, request: HttpRequest, pair: str) -> HttpResponse:
        found = self.pair(pair)
        try:
            pairs.dismiss(found, by=self.staff, at=now())
        except Refusal as refusal:
            return self.refused(found, refusal)
        self.say(_("Different people."), undo=reverse("customers:pair-dismissal", args=[pair]))
        return self.after(found)

    def delete(self, request: HttpRequest, pair: str) -> HttpResponse:
        found = self.pair(pair)
        try:
            pairs.reopen(found, by=self.staff)
        except Refusal as refusal:
            self.say(refusal, error=True)
        return self.go(pairing.address(found, request))


class Joining(PairView):
    """POST: one person. Merges into the suggested survivor. DELETE takes the merge back."""

    def post(self, request: HttpRequest, pair: str) -> HttpResponse:
        found = self.pair(pair)
        try:
            pairs.join(found, by=self.staff, at=now())
        except Refusal as refusal:
            return self.refused(found, refusal)
        self.say(
            _("One person."),
            undo=reverse("customers:pair-joining", args=[pair]) if pairing.can_undo() else "",
        )
        return self.after(found)

    def delete(self, request: HttpRequest, pair: str) -> HttpResponse:
        found = self.pair(pair)
        try:
            pairs.part(found, by=self.staff, at=now())
        except Refusal as refusal:
            self.say(refusal, error=True)
        return self.go(pairing.address(found, request))


class Sweep(StaffView):
    """POST compares all customers with each other now."""

    permission = Permission.MERGE_CUSTOMERS

    def post(self, request: HttpRequest) -> HttpResponse:
        jobs.ask(on=timezone.localdate(), by=self.staff, again=True)
        self.say(_("All customers are being compared. The queue fills while it runs."))
        return self.go(reverse("customers:pairs"))
