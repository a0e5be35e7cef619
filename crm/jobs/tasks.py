"""The doorbell. A message carries an id, nothing else."""

from celery import shared_task


@shared_task(name="jobs.run", ignore_result=True)
def run_job(job_id: int) -> None:
    """Run the job if it is due. Safe to receive twice: only one claim succeeds."""
    from crm.jobs.runner import run

    run(job_id)


@shared_task(name="jobs.relay", ignore_result=True)
def relay() -> None:
    """Ring again for what is due."""
    from crm.jobs.queue import ring_due

    ring_due()
