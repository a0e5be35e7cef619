"""The audit trail: who did what, when, to which record. Written in the transaction of the change itself."""

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "crm.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from crm.audit import actor, verifying  # registers the kind of job
        from crm.jobs.words import name
        from crm.org.permissions import Permission
        from crm.ui.slots import Panel, offer

        connection_created.connect(actor.tell, dispatch_uid="audit.actor")
        post_migrate.connect(watch_tables, dispatch_uid="audit.watch_tables")
        name(
            {
                verifying.KIND: _("Audit check"),
                "entries": _("Entries"),
                "seals": _("Seals"),
                "faults": _("Faults"),
            }
        )
        offer(
            "customer.side", Panel("audit", "audit/panel.html", history_of, Permission.VIEW_AUDIT, order=990)
        )


def history_of(_staff: Any, customer: Any) -> dict[str, Any]:
    """The link from a customer to what was done to them; costs no query."""
    return {"record": customer.public_id}


def watch_tables(using: str = "default", app_config: AppConfig | None = None, **_signal: Any) -> None:
    """After the last app's migrations: give tracked tables their triggers."""
    from django.apps import apps

    if app_config is None or app_config is _last(apps):
        from crm.audit import capture

        capture.install(using)


def _last(apps: Any) -> AppConfig:
    """The last app that the signal is sent for."""
    return [config for config in apps.get_app_configs() if config.models_module is not None][-1]
