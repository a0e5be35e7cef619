"""The addresses of the REST API, version 1: each app brings its own."""

from importlib.util import find_spec

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from crm.rest.directory import Stores
from crm.rest.document import Document, Reader

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", Document.as_view(), name="api-schema"),
    path("docs/", Reader.as_view(), name="api-docs"),
    path("stores/", Stores.as_view(), name="api-stores"),
]
for _app in ("crm.audit", "crm.privacy", "customers", "loyalty", "segmentation"):
    if find_spec(f"{_app}.api"):
        urlpatterns.append(path("", include(f"{_app}.api.urls")))
