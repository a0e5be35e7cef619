"""What the trail calls acts about privacy, and which tables the database watches (`crm/audit/registry.py`).

Reveals and certificates are records themselves, added and never changed.
"""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

WORDS = {
    "customer.reveal": Act(_("Identifier shown in full"), icon="eye"),
    "customer.export": Act(_("Data of a customer handed out"), icon="download"),
    "customer.erase": Act(_("Customer erased"), icon="trash"),
    "privacy.settings": Act(_("Privacy settings changed"), icon="adjustments"),
    "privacy.request": Act(_("Privacy request entered"), icon="inbox"),
    "privacy.check_identity": Act(_("Identity checked for a request"), icon="user-check"),
    "privacy.assign": Act(_("Privacy request given to somebody"), icon="user"),
    "privacy.close": Act(_("Privacy request closed"), icon="checks"),
    "retention.change": Act(_("Retention rule changed"), icon="clock"),
    "retention.remove": Act(_("Old data removed by a retention rule"), icon="trash"),
}
# Rows of retention rules are known by a name and not by a number; choosing one records the act itself.
TRACKED = {"Request": "", "PrivacySettings": ""}
