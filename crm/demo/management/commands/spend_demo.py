"""`spend_demo`: members of the demo chain spend points, rewards and coupons, once the night has earned their year."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.demo import spending
from crm.org.models import Chain


class Command(BaseCommand):
    help = "Members of the demo chain spend points, take rewards and use coupons. Again: nothing changes."

    def handle(self, **_options: Any) -> None:
        if settings.REFUSES_DEMO_SIGN_INS or not Chain.current().demo_source:
            raise CommandError("This is not the demo chain.")
        self.stdout.write(f"{spending.make():,} times somebody spent something.")
