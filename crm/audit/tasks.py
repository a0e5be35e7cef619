"""What the clock rings for."""

from celery import shared_task


@shared_task(name="audit.seal", ignore_result=True)
def seal() -> None:
    """Seal what has been written since."""
    from crm.audit import sealing

    sealing.seal()


@shared_task(name="audit.verify", ignore_result=True)
def verify() -> None:
    """The verification of the night."""
    from crm.audit import verifying

    verifying.ask(by="system:clock")
