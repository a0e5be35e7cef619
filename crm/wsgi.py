"""The entrance for gunicorn. Web processes are many-threaded and long-lived, so they pool their connections."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings.development")
os.environ.setdefault("DATABASE_POOL", "1")

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from crm.health import startup

application = get_wsgi_application()
startup.refuse_demo_sign_ins()
get_resolver().url_patterns  # noqa: B018  load all views now: once for all processes, and not in the first request
