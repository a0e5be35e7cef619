"""The Celery application: the doorbell. What has to be done is recorded in PostgreSQL (see `crm.jobs`)."""

import os
import warnings
from typing import Any

from celery import Celery, Task
from celery.platforms import SecurityWarning
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings.development")


class OfAWorker(Task):
    """A task says in the audit trail that it was one, and its name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from crm.audit import context

        with context.at("job", agent=str(self.name)[:40], by=f"system:{self.name}"):
            return super().__call__(*args, **kwargs)


app = Celery("regulars", task_cls=OfAWorker)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)  # the request's id goes on into the tasks it rang
# Messages are JSON, so the danger that Celery warns root of (unpickling) is not there.
warnings.filterwarnings("ignore", category=SecurityWarning)
