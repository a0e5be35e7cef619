from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "crm.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.privacy import lint, retention, sweeping  # noqa: F401  registers the checks and the kind of job
