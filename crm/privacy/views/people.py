"""One person: what is held of them, their export, their erasure."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit.views.search import names_of_actors, who
from crm.org.permissions import Permission
from crm.privacy import erasing, exporting, requests
from crm.privacy.models import Certificate, Request
from crm.privacy.register import Erasure, entries, places
from crm.privacy.subjects import Subject
from crm.privacy.views.base import PrivacyView, subject_of
from crm.ui.staff import chain_of


class Person(PrivacyView):
    """What the register knows of a customer, and what can be done."""

    permission = Permission.HANDLE_PRIVACY
    tab = "requests"

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        subject = subject_of(self.staff, public_id)
        context = {
            "subject": subject,
            "tables": tables_of(subject),
            "certificate": erasing.certificate_of(subject),
            "requests": Request.objects.filter(customer_id__in=subject.customer_ids).order_by("-pk")[:20],
            "title": _("What we hold of %(id)s") % {"id": subject.public_id},
            "crumbs": [
                (_("Requests"), reverse("privacy:requests")),
                (_("Customer"), reverse("customers:customer", args=[subject.public_id])),
            ],
        }
        return self.render("privacy/person.html", context)


def tables_of(subject: Subject) -> list[dict[str, Any]]:
    """Each table with rows of the person: its name, how many, and what an erasure does."""
    found = erasing.preview(subject.customer_id)
    return [
        {
            "name": told["entry"].name,
            "label": label,
            "rows": told["rows"],
            "erasure": Erasure(told["entry"].table.erasure),
            "why": told["entry"].table.why,
        }
        for label, told in found.items()
    ]


class Export(PrivacyView):
    """Everything that is held of a customer, as a file. Goes into the trail."""

    permission = Permission.HANDLE_PRIVACY
    tab = "requests"

    def get(self, request: HttpRequest, public_id: str) -> HttpResponseBase:
        subject, at = subject_of(self.staff, public_id), timezone.now()
        kind = "html" if request.GET.get("format") == "html" else "json"
        asked = requests.open_request(request.GET.get("request", ""), subject)
        requests.note_export(subject, by=self.staff, at=at, details={"format": kind}, request=asked)
        if kind == "html":
            officer = requests.settings_of_chain().officer
            pieces = exporting.in_language(
                exporting.as_html(subject, at=at, chain=chain_of(request).name, officer=officer)
            )
        else:
            pieces = exporting.in_language(exporting.as_json(subject, at=at))
        media = "text/html" if kind == "html" else "application/json"
        response = StreamingHttpResponse(pieces, content_type=f"{media}; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{subject.public_id}.{kind}"'
        response["Cache-Control"] = "no-store"
        return response


class ErasureForm(forms.Form):
    """What is typed is compared: nobody erases a person with one click."""

    typed = forms.CharField(label=gettext_lazy("Type the customer's number to confirm"), max_length=40)

    def __init__(self, data: Any, subject: Subject) -> None:
        super().__init__(data)
        self.subject = subject

    def clean_typed(self) -> str:
        if self.cleaned_data["typed"].strip() != self.subject.public_id:
            raise forms.ValidationError(_("This is not the number above."))
        return self.subject.public_id


class ErasurePage(PrivacyView):
    """GET names what will happen; POST does it and shows the certificate."""

    permission = Permission.HANDLE_PRIVACY
    tab = "requests"
    template = "privacy/erasure.html"

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        subject = subject_of(self.staff, public_id)
        return self.render(self.template, self._context(subject) | {"form": ErasureForm(None, subject)})

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        subject = subject_of(self.staff, public_id)
        asked = requests.open_request(request.GET.get("request", ""), subject)
        return self.answer(
            ErasureForm(request.POST, subject),
            lambda: erasing.erase(subject.customer_id, by=self.staff, at=timezone.now(), request=asked),
            done=lambda made: reverse("privacy:certificate", args=[made.key]),
            context=lambda: self._context(subject),
        )

    def _context(self, subject: Subject) -> dict[str, Any]:
        return {
            "subject": subject,
            "tables": tables_of(subject),
            "places": [place for place in places() if place.handler],
            "certificate": erasing.certificate_of(subject),
            "title": _("Erase %(id)s") % {"id": subject.public_id},
            "crumbs": [(_("What we hold"), reverse("privacy:person", args=[subject.public_id]))],
        }


class Certificates(PrivacyView):
    permission = Permission.HANDLE_PRIVACY
    tab = "certificates"

    def get(self, request: HttpRequest) -> HttpResponse:
        from crm.ui.pages import page_of

        page = page_of(Certificate.objects.all(), request, "-erased_at")
        return self.render("privacy/certificates.html", {"page": page, "title": _("Erasures")})


class CertificatePage(PrivacyView):
    """The proof of an erasure, to be read, printed or sent."""

    permission = Permission.HANDLE_PRIVACY
    tab = "certificates"

    def get(self, request: HttpRequest, key: Any) -> HttpResponse:
        found = get_object_or_404(Certificate.objects.select_related("request"), key=key)
        context = {
            "certificate": found,
            "by": who(found.erased_by, names_of_actors(self.staff)),
            "lines": [(named(label), label, told) for label, told in sorted(found.counts.items())],
            "officer": requests.settings_of_chain().officer,
            "title": _("Certificate of erasure"),
            "crumbs": [(_("Erasures"), reverse("privacy:certificates"))],
        }
        return self.render("privacy/certificate.html", context)


def named(label: str) -> str:
    """What people call a table or a place of the register; "" where it has gone since."""
    names = {one.label: one.name for one in entries()} | {one.name: str(one.holds) for one in places()}
    return names.get(label, "")
