"""What happens by the clock (`crm/schedule.py` says when). Each may be run twice, or be missed, without harm."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="segments.follow", ignore_result=True)
def follow(**_unknown: object) -> None:
    """Look again at the customers of whom something changed."""
    from segmentation.following import looking

    looking.look()


@shared_task(name="lists.forget_old", ignore_result=True)
def forget_old_lists(**_unknown: object) -> None:
    """Remove uploaded lists that nobody saved within a day."""
    from segmentation.segments import listfiles

    listfiles.sweep()


@shared_task(name="targets.remind", ignore_result=True)
def remind_of_targets(**_unknown: object) -> None:
    """Tell of target markets whose day of review has come. Safe to run twice."""
    from segmentation.targets import editing, reminding

    reminding.remind(editing.today(timezone.now()))
