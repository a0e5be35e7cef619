from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analyses")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_noop

        from analytics.help import fill
        from crm.org.permissions import Permission
        from segmentation.tabs import Tab, add

        add(Tab("analyses", gettext_noop("Analyses"), "analytics:revenue", Permission.VIEW_SEGMENTS, 90))
        fill()
