"""The top floor as an app: it owns the commands and wiring that concern several apps at once."""

from django.apps import AppConfig


class HouseConfig(AppConfig):
    name = "crm"
    label = "house"
    verbose_name = "Regulars"

    def ready(self) -> None:
        # Whoever rings a task needs the Celery application with our settings, not Celery's default one.
        from crm import celery, schedule, signins
        from crm.jobs import words

        signins.listen()
        celery.app.conf.beat_schedule = schedule.BEAT
        words.name(schedule.WORDS)
