"""All addresses. An app that is not installed has none."""

from importlib.util import find_spec

from django.apps import apps
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [path("accounts/", include("allauth.urls"))]


def _mount(prefix: str, app: str, module: str) -> None:
    if apps.is_installed(app) and find_spec(module):
        urlpatterns.append(path(prefix, include(module)))


_mount("", "crm.health", "crm.health.urls")
_mount("", "crm.ui", "crm.ui.urls")
_mount("settings/", "crm.org", "crm.org.urls")
_mount("jobs/", "crm.jobs", "crm.jobs.urls")
_mount("", "customers", "customers.urls")
_mount("", "segmentation", "segmentation.urls")
if find_spec("crm.api"):
    urlpatterns.append(path("api/v1/", include("crm.api")))
