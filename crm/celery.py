"""The Celery application: the doorbell. What has to be done is recorded in PostgreSQL (see `crm.jobs`)."""

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings.development")

app = Celery("regulars")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)  # the request's id goes on into the tasks it rang
# Messages are JSON, so the danger that Celery warns root of (unpickling) is not there.
warnings.filterwarnings("ignore", category=SecurityWarning)
