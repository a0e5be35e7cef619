"""Compare all customers with each other now, as the nightly sweep does: here, or in the worker that was quicker."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localdate

from crm.jobs import runner
from crm.jobs.models import State
from customers.matching import jobs
from customers.models import DuplicatePair


class Command(BaseCommand):
    help = "Looks for customers who may be one person and puts them into the review queue."

    def handle(self, *args: Any, **options: Any) -> None:
        job = runner.run_or_await(jobs.ask(on=localdate(), by="system:shell", again=True))
        if job.state != State.DONE:
            raise CommandError(f"The sweep stopped: {job.error or job.get_state_display()}")
        counts = ", ".join(f"{name} {value:,}" for name, value in sorted(job.counts.items()))
        self.stdout.write(f"{DuplicatePair.objects.waiting().count():,} pairs wait for a look ({counts})")
