"""What is rung for by the clock."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="imports.forget_old_files", ignore_result=True)
def forget_old_files() -> None:
    """Remove uploads and rejected rows that are past their time. Safe to run twice."""
    from customers.imports import keeping

    keeping.forget_old(timezone.now())


@shared_task(name="work.look", ignore_result=True)
def look_at_follow_ups() -> None:
    """Tell who has something due, and let items follow customers who moved. Safe to run twice."""
    from customers import workdue

    workdue.follow_customers()
    workdue.tell_due(timezone.now())


@shared_task(name="signups.take_in", ignore_result=True)
def take_in_sign_ups() -> None:
    """Enrol who signed up through a public form. Safe to run twice and side by side."""
    from customers import signups

    signups.take_in(timezone.now())


@shared_task(name="signins.send", ignore_result=True)
def send_codes(**_unknown: object) -> None:
    """Send the one-time codes that were asked for. Safe to run twice and side by side."""
    from customers.signins import sending

    sending.send_due(timezone.now())


@shared_task(name="signins.forget_old", ignore_result=True)
def forget_old_sign_ins(**_unknown: object) -> None:
    """Remove codes of more than a day ago and sessions that have ended. Safe to run twice."""
    from customers.signins import codes, sessions

    codes.forget_old(timezone.now())
    sessions.forget_old(timezone.now())


@shared_task(name="signups.forget_old", ignore_result=True)
def forget_old_sign_ups() -> None:
    """Forget what nobody looked at. Safe to run twice."""
    from customers import signups

    signups.forget_old(timezone.now())


@shared_task(name="matching.sweep", ignore_result=True)
def sweep_for_duplicates() -> None:
    """Ask for today's sweep. Safe to run twice: a day has one."""
    from customers.matching import jobs

    jobs.ask(on=timezone.localdate(), by="system:clock")


@shared_task(name="nights.catch_up", ignore_result=True)
def catch_up_nights() -> None:
    """Ask for last night's run once it is due, and for those that were missed. Safe to run at any time."""
    from customers import nights

    nights.catch_up("system:clock", nights.due_date())


@shared_task(name="events.forget_old", ignore_result=True)
def forget_old_events() -> None:
    """Remove what may not be kept longer: web events, orders set aside, facts of others. Safe to run twice."""
    from customers.events import keeping

    keeping.forget_old(timezone.now())
