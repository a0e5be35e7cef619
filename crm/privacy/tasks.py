"""What is rung for by the clock."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="privacy.keep_house", ignore_result=True)
def keep_house() -> None:
    """Ask for tonight's retention, bring the erasure log up to date, remind of requests. Safe to run twice."""
    from crm.privacy import erasurelog, reminding, retention

    erasurelog.catch_up()
    reminding.remind(timezone.localdate())
    retention.ask(timezone.now())
