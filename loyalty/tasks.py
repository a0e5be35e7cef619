"""What is rung for by the clock."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="coupons.release", ignore_result=True)
def release_coupons() -> None:
    """Free what was reserved and not paid in time. Safe to run twice and side by side."""
    from loyalty.coupons import sweeping

    sweeping.release_overdue(timezone.now())


@shared_task(name="loyalty.accrue", ignore_result=True)
def accrue() -> None:
    """Ask for what purchases that came in bulk earn. Safe to run twice: a minute has one job."""
    from loyalty.accrual import jobs

    jobs.ask_if_due(timezone.now())
