"""Words for what the database saw, and for acts of the trail itself (`crm/audit/words.py`)."""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

WORDS = {
    "table.insert": Act(_("Rows added past the application"), icon="database"),
    "table.update": Act(_("Rows changed past the application"), icon="database"),
    "table.delete": Act(_("Rows deleted past the application"), icon="database"),
    "table.truncate": Act(_("A table emptied past the application"), icon="database"),
    "audit.export": Act(_("Audit trail exported"), icon="download"),
    "job.enqueue": Act(_("Job asked for"), icon="player-play"),
    "job.resume": Act(_("Job resumed"), icon="player-play"),
    "job.restart": Act(_("Job started again"), icon="refresh"),
    "job.cancel": Act(_("Job stopped"), icon="player-stop"),
}
