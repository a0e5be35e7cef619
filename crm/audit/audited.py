"""Words for what the database saw, and for acts of the trail itself (`crm/audit/words.py`)."""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

WORDS = {
    "table.insert": Act(_("Unrecorded: rows added"), icon="database"),
    "table.update": Act(_("Unrecorded: rows changed"), icon="database"),
    "table.delete": Act(_("Unrecorded: rows deleted"), icon="database"),
    "table.truncate": Act(_("Unrecorded: table emptied"), icon="database"),
    "defaults.make": Act(_("Defaults of the product made"), icon="settings"),
    "audit.export": Act(_("Audit trail exported"), icon="download"),
    "job.enqueue": Act(_("Job asked for"), icon="player-play"),
    "job.resume": Act(_("Job resumed"), icon="player-play"),
    "job.restart": Act(_("Job started again"), icon="refresh"),
    "job.cancel": Act(_("Job stopped"), icon="player-stop"),
}
