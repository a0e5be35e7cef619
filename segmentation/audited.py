"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`)."""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

TRACKED = {"Scheme": "", "Group": "", "ClusterSettings": ""}
WORDS = {
    "scheme.change": Act(_("Scheme changed"), icon="adjustments"),
    "segments.export": Act(_("Segment exported"), icon="download"),
    "clusters.change": Act(_("Settings of the clusters changed"), icon="adjustments"),
    "clusters.relearn": Act(_("Clusters to be learnt anew"), icon="refresh"),
    "cluster.name": Act(_("Cluster named"), icon="palette"),
    "lookalikes.start": Act(_("Look-alikes searched"), icon="users"),
    "lookalikes.remove": Act(_("Search for look-alikes removed"), icon="trash"),
    "group.edit": Act(_("Group changed"), icon="palette"),
    "group.add": Act(_("Group added"), icon="palette"),
}
