"""What is rung for by the clock."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="coupons.release", ignore_result=True)
def release_coupons() -> None:
    """Free what was reserved and not paid in time. Safe to run twice and side by side."""
    from loyalty.coupons import sweeping

    sweeping.release_overdue(timezone.now())
