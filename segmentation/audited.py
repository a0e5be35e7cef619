"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`)."""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

TRACKED = {"Scheme": "", "Group": "", "Targeting": "", "Target": ""}
WORDS = {
    "scheme.change": Act(_("Scheme changed"), icon="adjustments"),
    "segments.export": Act(_("Segment exported"), icon="download"),
    "group.edit": Act(_("Group changed"), icon="palette"),
    "group.add": Act(_("Group added"), icon="palette"),
    "targeting.change": Act(_("Way to choose markets changed"), icon="adjustments"),
    "target.edit": Act(_("Target market changed"), icon="target"),
    "targets.export": Act(_("Target markets exported"), icon="download"),
}
