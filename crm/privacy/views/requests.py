"""Requests of people about their data: the list by deadline, one request, entering one."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.org.models import Staff, Store
from crm.org.models import public_id as coder
from crm.org.permissions import GRANTS, Permission
from crm.privacy import requests
from crm.privacy.models import IdentityCheck, PrivacySettings, Request, RequestKind, RequestState
from crm.privacy.views.base import PrivacyView, subject_of
from crm.ui import export
from crm.ui.pages import page_of

_ALL = ("", gettext_lazy("All"))
_HANDLERS = [role for role, granted in GRANTS.items() if Permission.HANDLE_PRIVACY in granted]


class Filter(forms.Form):
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", pgettext_lazy("state", "Open")), ("overdue", gettext_lazy("Overdue")),
                 ("all", gettext_lazy("All")), *RequestState.choices[1:]],
    )  # fmt: skip
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False, choices=[_ALL, *RequestKind.choices])

    def apply(self, rows: QuerySet[Request]) -> QuerySet[Request]:
        if not self.is_valid():
            return rows.none()
        state, kind = self.cleaned_data["state"], self.cleaned_data["kind"]
        if kind:
            rows = rows.filter(kind=kind)
        if state == "all":
            return rows
        rows = rows.filter(state=state if state in RequestState.values else RequestState.OPEN)
        return rows.filter(due_on__lt=timezone.localdate()) if state == "overdue" else rows


def asked_for(request: HttpRequest, staff: Staff) -> tuple[Filter, QuerySet[Request]]:
    form = Filter(request.GET)
    return form, form.apply(Request.objects.visible_to(staff).select_related("store", "owner"))


class Requests(PrivacyView):
    permission = Permission.RECORD_PRIVACY
    tab = "requests"

    def get(self, request: HttpRequest) -> HttpResponse:
        form, rows = asked_for(request, self.staff)
        encode = coder("cus").encode
        page = page_of(rows, request, "due_on")
        context = {
            "form": form,
            "page": page,
            "rows": [(one, encode(one.customer_id) if one.customer_id else "") for one in page.rows],
            "count": rows.count(),
            "today": timezone.localdate(),
            "query": request.GET.urlencode(),
            "export": reverse("privacy:requests-export"),
            "title": _("Privacy requests"),
        }
        return self.render("privacy/requests.html", context)


class RequestsExport(PrivacyView):
    permission = Permission.HANDLE_PRIVACY
    tab = "requests"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        _form, rows = asked_for(request, self.staff)
        header = [
            _("Kind"),
            _("Customer"),
            _("Store"),
            _("Received"),
            _("To be answered by"),
            _("State"),
            _("Closed"),
            _("Outcome"),
        ]
        encode = coder("cus").encode
        cells = (
            [
                one.get_kind_display(), encode(one.customer_id) if one.customer_id else "",
                one.store.name if one.store else "", one.received_on, one.due_on, one.get_state_display(),
                one.closed_at, one.outcome,
            ]
            for one in rows.order_by("due_on", "pk").iterator()
        )  # fmt: skip
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        return export.download(f"privacy-requests-{timezone.localdate():%Y%m%d}", kind, header, cells)


class RequestForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("What they ask for"), choices=RequestKind.choices)
    received_on = forms.DateField(
        label=gettext_lazy("Received on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The deadline counts from this day. At most a year ago."),
    )
    store = forms.ModelChoiceField(
        Store.objects.none(),
        label=gettext_lazy("Store"),
        required=False,
        empty_label=gettext_lazy("No store"),
    )

    def __init__(self, data: Any, staff: Staff, has_customer: bool) -> None:
        super().__init__(data, initial={"received_on": timezone.localdate()})
        stores = Store.objects.visible_to(staff).only("name").order_by("name", "pk")
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]
        if has_customer:
            del self.fields["store"]
        elif staff.scope().store_ids is not None:
            self.fields["store"].required = True


class NewRequest(PrivacyView):
    """Entered from a customer's page (`?customer=cus_…`), or for somebody who was not found."""

    permission = Permission.RECORD_PRIVACY
    tab = "requests"
    template = "privacy/request_new.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        subject = self._subject()
        form = RequestForm(None, self.staff, subject is not None)
        return self.render(
            self.template, {"form": form, "subject": subject, "title": _("New privacy request")}
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        subject = self._subject()
        form = RequestForm(request.POST, self.staff, subject is not None)

        def receive() -> Request:
            told = form.cleaned_data
            store = Store.objects.filter(pk=subject.store_id).first() if subject else told.get("store")
            return requests.receive(
                told["kind"], customer_id=subject.customer_id if subject else None, received_on=told["received_on"],
                store=store, by=self.staff, at=timezone.now(),
            )  # fmt: skip

        return self.answer(
            form, receive, done=lambda made: reverse("privacy:request", args=[made.key]),
            context={"subject": subject, "title": _("New privacy request")},
        )  # fmt: skip

    def _subject(self) -> Any:
        text = self.request.GET.get("customer", "")
        return subject_of(self.staff, text) if text else None


class _OfRequest(PrivacyView):
    tab = "requests"

    def found(self, key: Any) -> Request:
        rows = Request.objects.visible_to(self.staff).select_related("store", "owner")
        return get_object_or_404(rows, key=key)


class OneRequest(_OfRequest):
    """A request with its clock; what is to be done next stands first."""

    permission = Permission.RECORD_PRIVACY

    def get(self, request: HttpRequest, key: Any) -> HttpResponse:
        return show(self, self.found(key))


def show(view: PrivacyView, found: Request) -> HttpResponse:
    return view.render("privacy/request.html", around(found) | {"form": ClosingForm(None)})


def around(found: Request) -> dict[str, Any]:
    subject = requests.subject_of(found)
    return {
        "one": found,
        "subject": subject,
        "checks": IdentityCheck.choices,
        "owners": Staff.objects.filter(role__in=_HANDLERS, is_active=True).order_by("name", "pk"),
        "certificate": found.certificates.order_by("-pk").first(),
        "today": timezone.localdate(),
        "title": f"{found.get_kind_display()} #{found.pk}",
        "crumbs": [(_("Requests"), reverse("privacy:requests"))],
    }


class ClosingForm(forms.Form):
    state = forms.ChoiceField(label=gettext_lazy("Answer"), choices=RequestState.choices[1:])
    outcome = forms.CharField(
        label=gettext_lazy("What was answered"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("A refusal says why. No names or numbers of people here."),
    )


class _Act(_OfRequest):
    """An act on a request: POST does it and goes back."""

    permission = Permission.HANDLE_PRIVACY

    def post(self, request: HttpRequest, key: Any) -> HttpResponse:
        found = self.found(key)
        try:
            self.act(found)
        except requests.REFUSALS as refusal:
            self.say(refusal, error=True)
        return self.go(reverse("privacy:request", args=[found.key]))

    def act(self, found: Request) -> None:
        raise NotImplementedError


class Check(_Act):
    """POST: how it was made sure that this person asks."""

    def act(self, found: Request) -> None:
        kind = self.request.POST.get("kind", "")
        if kind not in IdentityCheck.values:
            raise requests.InvalidRequest(_("Choose how."))
        requests.check_identity(found, kind=kind, by=self.staff, at=timezone.now())


class Assignment(_Act):
    """POST: who answers it."""

    def act(self, found: Request) -> None:
        number = self.request.POST.get("owner", "")
        known = Staff.objects.filter(role__in=_HANDLERS, is_active=True)
        owner = known.filter(pk=number).first() if number.isdecimal() else None
        requests.assign(found, owner=owner, by=self.staff)


class Closure(_Act):
    """POST answers it; what is missing is said beside its field."""

    template = "privacy/request.html"

    def post(self, request: HttpRequest, key: Any) -> HttpResponse:
        found, form = self.found(key), ClosingForm(request.POST)
        return self.answer(
            form, lambda: requests.close(found, **form.cleaned_data, by=self.staff, at=timezone.now()),
            done=reverse("privacy:request", args=[found.key]), context=lambda: around(found),
        )  # fmt: skip


class SettingsForm(forms.ModelForm):
    class Meta:
        model = PrivacySettings
        fields = ["law", "own_days", "officer"]


class Deadlines(PrivacyView):
    """The law that sets the deadline, and who answers questions."""

    permission = Permission.HANDLE_PRIVACY
    tab = "settings"
    template = "privacy/settings.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = SettingsForm(instance=requests.settings_of_chain())
        return self.render(self.template, {"form": form, "title": _("Privacy")})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SettingsForm(request.POST, instance=requests.settings_of_chain())

        def done(_made: Any) -> str:
            self.say(_("Saved."))
            return reverse("privacy:settings")

        return self.answer(
            form,
            lambda: requests.choose(form.instance, by=self.staff),
            done=done,
            context={"title": _("Privacy")},
        )
