from django.apps import AppConfig


class ScaleoutConfig(AppConfig):
    name = "crm.scaleout"
    label = "scaleout"

    def ready(self) -> None:
        from crm.scaleout import lint  # noqa: F401  registers the checks
