"""What is rung for by the clock."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="targets.remind", ignore_result=True)
def remind_of_targets(**_unknown: object) -> None:
    """Tell of target markets whose day of review has come. Safe to run twice."""
    from segmentation.targets import editing, reminding

    reminding.remind(editing.today(timezone.now()))
