"""The OpenAPI document and a page to read and try it. Open to everybody: they describe free software, not a chain."""

from functools import lru_cache
from typing import Any, ClassVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.views import View
from drf_spectacular.generators import SchemaGenerator

# Swagger UI writes styles into elements and shows its icons as data: addresses; scripts stay ours.
READER_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Document(View):
    """GET gives the OpenAPI 3.1 document of version 1."""

    is_public: ClassVar[bool] = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(
            _document(), content_type="application/json", headers={"Cache-Control": "max-age=300"}
        )


class Reader(View):
    """GET shows the document as a page on which calls can be tried with a key."""

    is_public: ClassVar[bool] = True

    def get(self, request: HttpRequest) -> HttpResponse:
        nonce = get_random_string(22)
        context = {"nonce": nonce, "document": reverse("api-schema")}
        response = render(request, "rest/reader.html", context)
        response.headers["Content-Security-Policy"] = READER_POLICY.format(nonce=nonce)
        return response


@lru_cache(maxsize=1)
def _document() -> bytes:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return msgspec.json.encode(document)
