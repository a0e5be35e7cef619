"""What happens by the clock (`crm/schedule.py` says when). Each may be run twice, or be missed, without harm."""

from celery import shared_task


@shared_task(name="segments.follow", ignore_result=True)
def follow(**_unknown: object) -> None:
    """Look again at the customers of whom something changed."""
    from segmentation.following import looking

    looking.look()
