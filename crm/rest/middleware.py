"""The API's own door in the chain of middleware.

What the pages need (sessions, sign-in, language, content policy, htmx) costs every call of a till and protects
nothing there: keys come in a header, never in a cookie. So calls of the API leave the chain here. Addresses that do not
exist are answered here too, as problems.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, ResolverMatch, get_resolver
from django.utils import translation

from crm.rest import problems
from crm.rest.views import ApiView

EVERY_VERSION = "/api/"
PREFIX = "/api/v1"


class ApiDoor:
    """Stands after what concerns every answer (transport security, request ids) and before what pages need."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(EVERY_VERSION):
            return self.get_response(request)
        try:
            request.get_host()
            match = _resolved(request.path_info)
        except DisallowedHost:
            return problems.respond(problems.Malformed("This host name is not served here."))
        except Resolver404:
            return problems.respond(problems.NotFound())
        view, args, kwargs = match
        if not issubclass(getattr(view, "cls", object), ApiView):
            return self.get_response(request)
        request.resolver_match = match
        with translation.override("en"):  # programs read it; a thread must not keep the last page's language
            return view(request, *args, **kwargs)


def _resolved(path: str) -> ResolverMatch:
    """Straight among the API's own addresses: they stand last in the list of all, which is long."""
    if (
        not path.startswith(f"{PREFIX}/") or "\0" in path
    ):  # the database's text has no NUL: nothing is named so
        raise Resolver404
    return get_resolver(settings.API_URLCONF).resolve(path.removeprefix(PREFIX))
