"""`manage.py seal_audit`: seal what has been written since the last seal, now."""

from typing import Any

from django.core.management.base import BaseCommand

from crm.audit import sealing
from crm.audit.models import Seal


class Command(BaseCommand):
    help = "Seal the audit trail now and print the anchor, to note it outside of the database."

    def handle(self, *args: Any, **options: Any) -> None:
        made = sealing.seal()
        last = made[-1] if made else Seal.objects.order_by("-number").first()
        self.stdout.write(f"{sum(one.count for one in made):,} entries sealed.")
        self.stdout.write(f"Anchor: {sealing.anchor(last) if last else 'none yet'}")
