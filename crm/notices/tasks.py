"""What happens to notices by the clock."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from crm.notices import telling

READ = timedelta(days=30)
ALL = timedelta(days=120)


@shared_task(name="notices.forget_old", ignore_result=True)
def forget_old() -> None:
    """Read notices are kept for 30 days, unread ones for 120. Safe to run twice."""
    now = timezone.now()
    telling.forget_old(now - READ, now - ALL)
