"""Pages for customers, on signed links: the preference centre and the one-click unsubscribe.

GET shows and changes nothing, however often a mail scanner asks; POST acts. The link is the key: no cookie takes part,
so that mail programs can unsubscribe by themselves (RFC 8058) and there is nothing for a foreign page to misuse.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from crm.ui import throttle
from crm.ui.staff import chain_of
from customers import consents
from customers.consents import links
from customers.consents.cells import NO_CONTACT
from customers.masks import masked
from customers.models import Customer, Identity, IdentityKind
from customers.views import consentforms

MOST, SECONDS = (
    60,
    600,
)  # by link and not by place: one mail provider unsubscribes for millions from few addresses


class PublicView(View):
    """A page for somebody without a sign-in; their language is spoken unless they chose.

    A link that opens nothing answers in words for customers, not for staff.
    """

    gone_status = 410

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        token = kwargs.get("token")
        if token and throttle.is_too_often("link", token, most=MOST, seconds=SECONDS):
            return self.show("public/slower.html", {"title": _("Too many tries")}, status=429)
        try:
            return super().dispatch(request, *args, **kwargs)
        except links.Gone:
            return self.show("public/gone.html", {"title": _("Nothing is held about you")}, self.gone_status)
        except links.Expired:
            return self.show("public/expired.html", {"title": _("This link is too old")}, status=410)
        except links.Invalid:
            title = _("This link is incomplete or too old")
            return self.show("public/expired.html", {"title": title}, status=404)

    def speak(self, language: str) -> str:
        """The language of the page: what was chosen on it, else the customer's, else the browser's."""
        chosen = self.request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        known = dict(settings.LANGUAGES)
        wanted = chosen if chosen in known else language if language in known else translation.get_language()
        translation.activate(str(wanted))
        self.request.LANGUAGE_CODE = str(wanted)
        return str(wanted)

    def show(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        response = render(self.request, template, {"chain": chain_of(self.request), **context}, status=status)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response


@method_decorator(csrf_exempt, name="dispatch")
class Preferences(PublicView):
    """What a customer agreed to, to change by themselves."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        customer = links.of_preferences(token)
        language = self.speak(customer.language)
        return self._page(customer, language, is_done="done" in request.GET)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        customer = links.of_preferences(token)
        words = consentforms.choices(consents.state_of(customer), request.POST)
        consents.record_many(customer, words, source="preferences", by="customer", at=None)
        return HttpResponse(status=303, headers={"Location": f"{request.path}?done="})

    def _page(self, customer: Customer, language: str, *, is_done: bool) -> HttpResponse:
        standing = consents.state_of(customer)
        context = {
            "title": _("Your preferences"), "groups": consentforms.groups(standing, language),
            "standing": standing, "is_done": is_done,
            "contacts": contacts_of(customer),
        }  # fmt: skip
        return self.show("public/preferences.html", context)


@method_decorator(csrf_exempt, name="dispatch")
class Unsubscribe(PublicView):
    """One purpose by one channel, stopped with one press, or by a mail program with `List-Unsubscribe=One-Click`.

    The link never ends and messages are passed on, so it can only refuse: this purpose, or any contact at all. It opens
    no preferences; whoever wants to agree to something asks for a fresh link.
    """

    gone_status = 200  # what was asked for holds: a mail program is not told that it failed

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._page(self._leaving(token))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        leaving = self._leaving(token)
        if "stop" in request.POST:
            leaving = links.Leaving(leaving.customer, NO_CONTACT)
        consents.record(
            leaving.customer, channel=leaving.cell.channel, purpose=leaving.cell.purpose, is_given=False, wording=None,
            source="unsubscribe", by="customer", at=None, evidence={"one_click": self._is_one_click()},
        )  # fmt: skip
        return self._page(leaving)

    def _is_one_click(self) -> bool:
        return self.request.POST.get("List-Unsubscribe") == "One-Click"

    def _leaving(self, token: str) -> links.Leaving:
        leaving = links.of_unsubscribe(token)
        self.speak(leaving.customer.language)
        return leaving

    def _page(self, leaving: links.Leaving) -> HttpResponse:
        standing = consents.state_of(leaving.customer)
        silent = standing.do_not_contact
        is_over = silent if leaving.cell == NO_CONTACT else not standing.cells[leaving.cell].is_given
        context = {
            "title": _("Unsubscribe"), "cell": leaving.cell, "is_over": is_over, "silent": silent,
            "contacts": contacts_of(leaving.customer),
        }  # fmt: skip
        return self.show("public/unsubscribe.html", context)


def contacts_of(customer: Customer) -> list[str]:
    """How we reach them, masked: enough to recognise oneself."""
    kinds = [IdentityKind.PHONE, IdentityKind.EMAIL]
    known = Identity.objects.filter(customer=customer, kind__in=kinds).order_by("-kind", "-is_primary", "pk")
    return [masked(one.kind, one.value) for one in known[:4]]
