"""What happens by the clock (`crm/schedule.py` says when). Each may be run twice, or be missed, without harm."""

from celery import shared_task
from django.utils import timezone

from loyalty import holds
from loyalty.ledger import runs
from loyalty.liability import days


@shared_task(name="loyalty.keep_time", ignore_result=True)
def keep_time(**_unknown: object) -> None:
    """Points that vest and points that end."""
    at = timezone.now()
    for _done in (*runs.vest_due(at=at), *runs.expire_due(at=at)):
        pass


@shared_task(name="loyalty.release_holds", ignore_result=True)
def release_holds(**_unknown: object) -> None:
    """Points that were set aside for longer than they may be."""
    for _done in holds.release_due(at=timezone.now()):
        pass


@shared_task(name="loyalty.read_ledger", ignore_result=True)
def read_ledger(**_unknown: object) -> None:
    """What was booked since, into the sums by day: pages then read little of the ledger itself."""
    days.bring_forward()


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
