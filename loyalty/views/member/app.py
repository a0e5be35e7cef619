"""What makes the pages an app on a phone: the manifest and the worker that keeps the card for when there is no net."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.ui.staff import chain_of
from loyalty.views.member.base import OpenView

ICONS = (("192", "any"), ("512", "any"), ("512", "maskable"))


class Manifest(OpenView):
    """For installing; it tells of the chain and of nobody."""

    def get(self, request: HttpRequest) -> HttpResponse:
        chain, home = chain_of(request).name, reverse("member:home")
        icons = [
            {
                "src": static(f"img/member-{size}{'-maskable' if use == 'maskable' else ''}.png"),
                "sizes": f"{size}x{size}", "type": "image/png", "purpose": use,
            }
            for size, use in ICONS
        ]  # fmt: skip
        told: dict[str, Any] = {
            "id": home, "start_url": home, "scope": home, "name": chain, "short_name": chain[:12],
            "description": _("Your card, points and coupons."), "lang": request.LANGUAGE_CODE,
            "display": "standalone", "background_color": "#f8f7f5", "theme_color": "#0f766e", "icons": icons,
        }  # fmt: skip
        response = JsonResponse(told, content_type="application/manifest+json")
        response["Cache-Control"] = "private, max-age=3600"
        return response


class Worker(OpenView):
    """The service worker. It stands at the pages' own address, because that is how far it may reach."""

    def get(self, request: HttpRequest) -> HttpResponse:
        response = HttpResponse(_worker(), content_type="text/javascript; charset=utf-8")
        response["Cache-Control"] = "no-cache"
        return response


@lru_cache(maxsize=1)
def _worker() -> bytes:
    found = finders.find("dist/member-worker.js")
    assert isinstance(found, str), "the front-end bundle is not built"
    return Path(found).read_bytes()
