"""A plain Django REST framework project over the same tables: the middleware of `startproject`, no log line a call."""

from crm.settings.development import *  # noqa: F403
from crm.settings.development import INSTALLED_APPS as _PRODUCT

_NOT_PLAIN = ("allauth", "axes", "csp", "django_htmx", "django_prometheus", "django_structlog")
INSTALLED_APPS = [app for app in _PRODUCT if not app.startswith(_NOT_PLAIN)]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
ROOT_URLCONF = "benchmarks.peers.drf"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
