"""What pages for members share: who is signed in, their language and clock, and that nobody else keeps the page."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.ui import throttle
from crm.ui.staff import chain_of
from customers.models import Customer
from customers.signins import sessions
from customers.views.public import PublicView

COOKIE, TRY_COOKIE = "member", "member_try"
PLACE = "/member/"  # cookies go nowhere else, least of all to pages of staff
BY = "customer"
WINDOW = 600  # seconds


class OpenView(PublicView):
    """A page that also strangers see. `member` is None for them."""

    is_open: ClassVar[bool] = True
    member: Customer | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.member = sessions.of(request.COOKIES.get(COOKIE, ""), at=timezone.now())
        if self.member is None and not self.is_open:
            return self.go("home")
        if request.method == "POST" and request.POST.get("_method") == "DELETE":
            request.method = "DELETE"  # browsers' forms know no DELETE
        store = self.member.home_store if self.member else None
        with timezone.override(store.zone if store else ZoneInfo(chain_of(request).timezone)):
            self.speak(self.member.language if self.member else "")
            return super().dispatch(request, *args, **kwargs)

    def show(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        around = {
            "member": self.member,
            "here": self.request.resolver_match and self.request.resolver_match.url_name,
        }
        response = super().show(template, around | context, status)
        response["X-Member"] = "in" if self.member else "out"  # tells the worker what it may keep
        return response

    def is_too_often(self, what: str, most: int) -> bool:
        """From one place. Whole offices share an address, so this is generous; each identifier has its own limit."""
        return throttle.is_too_often(what, throttle.place_of(self.request), most=most, seconds=WINDOW)

    def slower(self) -> HttpResponse:
        return self.show("member/slower.html", {"title": _("Too many tries")}, status=429)

    def go(self, name: str, query: str = "") -> HttpResponse:
        return HttpResponse(status=303, headers={"Location": reverse(f"member:{name}") + query})

    def keep(self, response: HttpResponse, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path=PLACE, httponly=True, samesite="Lax",
            secure=bool(settings.SESSION_COOKIE_SECURE),
        )  # fmt: skip


class MemberView(OpenView):
    """A page of the member who is signed in. Strangers go to the sign-in."""

    is_open = False

    @property
    def me(self) -> Customer:
        assert self.member is not None
        return self.member
