"""What happens to the API's records by the clock."""

from celery import shared_task

from crm.rest import idempotency


@shared_task(name="rest.forget_old_answers", ignore_result=True)
def forget_old_answers() -> None:
    """Remove answers to Idempotency-Keys that are past their 30 days."""
    idempotency.forget_old()
