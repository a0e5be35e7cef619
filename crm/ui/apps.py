from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    name = "crm.ui"
    label = "ui"
    verbose_name = _("Pages")

    def ready(self) -> None:
        from crm.ui import checks  # noqa: F401
