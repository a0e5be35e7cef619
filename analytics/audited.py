"""What people call the acts that the trail keeps of analyses (`crm/audit/registry.py`)."""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

WORDS = {"analyses.export": Act(_("Analysis exported"), icon="download")}
