"""Each page in its reader's language and clock."""

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation

from crm.ui.staff import chain_of, staff_of

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"


class ReaderMiddleware:
    """Activates the staff's language and time zone (else the browser's language and the chain's zone).

    Requests without a session cookie, such as those of other systems, pass untouched and cost nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _has_nul(request):
            raise Http404
        theme = request.COOKIES.get(THEME_COOKIE, "")
        if settings.SESSION_COOKIE_NAME in request.COOKIES and (staff := staff_of(request)):
            if staff.language:
                translation.activate(staff.language)
                request.LANGUAGE_CODE = staff.language
            timezone.activate(staff.timezone or chain_of(request).timezone)
            theme = staff.theme or theme
        request.theme = theme if theme in THEMES else "auto"  # type: ignore[attr-defined]
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()


def _has_nul(request: HttpRequest) -> bool:
    """The database's text holds no NUL, so no address with one names anything."""
    return "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")
