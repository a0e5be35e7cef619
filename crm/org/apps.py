from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrgConfig(AppConfig):
    name = "crm.org"
    label = "org"
    verbose_name = _("Organisation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.org.help import fill
        from crm.org.permissions import Permission
        from crm.ui.navigation import Section, register

        register(
            Section(
                "settings",
                _("Settings"),
                "org:chain",
                icon="settings",
                key="a",
                permission=Permission.MANAGE_ORGANISATION,
                order=90,
                below=("/settings/", "/privacy/", "/nights/"),
            )
        )
        fill()
