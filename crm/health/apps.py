from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "crm.health"
    label = "health"

    def ready(self) -> None:
        from crm.health import checks  # noqa: F401
