"""The entrance for gunicorn. Web processes are many-threaded and long-lived, so they pool their connections."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings.development")
os.environ.setdefault("DATABASE_POOL", "1")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
