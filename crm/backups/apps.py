from django.apps import AppConfig


class BackupsConfig(AppConfig):
    name = "crm.backups"
    label = "backups"
