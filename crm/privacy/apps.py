from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    name = "crm.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.org.permissions import Permission
        from crm.privacy import (  # noqa: F401  registers the checks, the kinds of jobs and of notices
            lint,
            reminding,
            retention,
            sweeping,
        )
        from crm.ui.navigation import Section, register

        register(
            Section(
                "privacy",
                _("Privacy"),
                "privacy:requests",
                icon="shield-lock",
                key="p",
                permission=Permission.RECORD_PRIVACY,
                order=60,
                below=("/privacy/",),
                unless=Permission.MANAGE_ORGANISATION,  # in whose settings it stands
            )
        )
