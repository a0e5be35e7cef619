"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`)."""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

PLAIN = {"ApiKey": "stores"}
TRACKED = {"ApiKey": "last_used_at", "ApiKey_of_stores": ""}
WORDS = {
    "key.create": Act(_("API key made"), icon="key"),
    "key.revoke": Act(_("API key revoked"), icon="key"),
}
