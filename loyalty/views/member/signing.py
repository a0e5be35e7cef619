"""Signing in by a one-time code, and out. Every answer is the same for members and for strangers."""

import contextlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from customers import cards, present
from customers.signins import codes, sessions, ways
from customers.tasks import send_codes
from loyalty.views.member.base import BY, COOKIE, PLACE, TRY_COOKIE, OpenView

LONGEST = 190
MOST_ASKED, MOST_TRIED = 30, 100  # from one place, in ten minutes


class Codes(OpenView):
    """GET asks for the code that was sent; POST sends one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show("member/code.html", {"title": _("Your code")})

    def post(self, request: HttpRequest) -> HttpResponse:
        typed = request.POST.get("who", "").strip()[:LONGEST]
        if self.is_too_often("member-codes", MOST_ASKED):
            return self.slower()
        try:
            key = codes.ask(typed, language=request.LANGUAGE_CODE or "", at=timezone.now())
        except codes.TooManyCodes:
            return self.slower()
        except codes.NoIdentifier as refusal:
            context = sign_in() | {"typed": typed, "error": str(refusal)}
            return self.show("member/sign_in.html", context, status=422)
        with contextlib.suppress(
            send_codes.OperationalError, OSError
        ):  # the clock sends what no ring reaches
            send_codes.apply_async(retry=False)
        response = self.go("codes")
        self.keep(response, TRY_COOKIE, key, int(codes.GOOD_FOR.total_seconds()))
        return response


class Session(OpenView):
    """POST with the code signs in; DELETE signs out."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.is_too_often("member-tries", MOST_TRIED):
            return self.slower()
        at = timezone.now()
        key, typed = request.COOKIES.get(TRY_COOKIE, ""), request.POST.get("code", "")[:20]
        proven = codes.redeem(key[:43], typed, at=at)
        member = proven and present.living(proven.customer_id)
        if proven is None or member is None:
            error = _("This code is wrong or too old. After a few tries a new one is needed.")
            return self.show("member/code.html", {"title": _("Your code"), "error": error}, status=422)
        if not cards.of(member):
            cards.renew(member, by=BY)
        response = self.go("home")
        self.keep(response, COOKIE, sessions.begin(proven, at=at), int(sessions.LASTS.total_seconds()))
        response.delete_cookie(TRY_COOKIE, path=PLACE)
        return response

    def delete(self, request: HttpRequest) -> HttpResponse:
        sessions.end(request.COOKIES.get(COOKIE, ""))
        response = self.go("home")
        response.delete_cookie(COOKIE, path=PLACE, samesite="Lax")
        return response


def sign_in() -> dict[str, Any]:
    """What the page to sign in needs."""
    is_console = settings.EMAIL_BACKEND.endswith("console.EmailBackend")
    return {"title": _("My membership"), "kinds": ways.kinds(), "is_console": is_console}
