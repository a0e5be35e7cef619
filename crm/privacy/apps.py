from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "crm.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.privacy import (  # noqa: F401  registers the checks, the kinds of jobs and of notices
            lint,
            reminding,
            retention,
            sweeping,
        )
