"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`)."""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

TRACKED = {"Scheme": "", "Group": "", "AgeLimit": ""}
WORDS = {
    "scheme.change": Act(_("Scheme changed"), icon="adjustments"),
    "segments.export": Act(_("Segment exported"), icon="download"),
    "group.edit": Act(_("Group changed"), icon="palette"),
    "group.add": Act(_("Group added"), icon="palette"),
    "age_limit.set": Act(_("Age limit of goods set"), icon="shield-check"),
    "age_limit.remove": Act(_("Age limit of goods removed"), icon="shield-off"),
    "products.export": Act(_("Figures about goods exported"), icon="download"),
}
