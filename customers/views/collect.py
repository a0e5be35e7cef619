"""The door of the tracking script: open to everybody's browser. No cookie, no session, no sign-in."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.timezone import now
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from crm.rest import bodies, public
from crm.rest.problems import Malformed
from customers.events import collecting

A_MINUTE = 240  # calls by one address: a shop's own network, many browsers behind one
A_VISITOR = 60


@method_decorator(csrf_exempt, name="dispatch")
class Collect(View):
    """POST takes events of a site's pages; OPTIONS tells browsers that they may send them."""

    is_public: ClassVar[bool] = True
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        origin = request.headers.get("Origin", "")
        if not public.allows("collect", public.address_of(request), a_minute=A_MINUTE):
            return _answer(429, origin)
        body = request.read(collecting.LARGEST + 1)
        if len(body) > collecting.LARGEST:
            return _answer(413)
        try:
            bodies.check_text(body)
        except Malformed:
            return _answer(400)
        sent = collecting.read(body)
        if sent is None:
            return _answer(400)
        if not public.allows("visitor", sent.v, a_minute=A_VISITOR):
            return _answer(429, origin)
        agent = request.headers.get("User-Agent", "")
        done = collecting.take(sent, origin=origin, agent=agent, at=now())
        return _answer(done.status, origin if done.site else "")

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The script sends plain text without credentials, which needs no leave; this is for whoever sends JSON."""
        response = _answer(204, request.headers.get("Origin", ""))
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Max-Age"] = "86400"
        return response


def _answer(status: int, origin: str = "") -> HttpResponse:
    response = HttpResponse(status=status)
    response.headers["Cache-Control"] = "no-store"
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
    return response
