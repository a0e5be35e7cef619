"""What is rung for by the clock."""

from celery import shared_task


@shared_task(name="nights.catch_up", ignore_result=True)
def catch_up_nights() -> None:
    """Ask for last night's run once it is due, and for those that were missed. Safe to run at any time."""
    from customers import nights

    nights.catch_up("system:clock", nights.due_date())
