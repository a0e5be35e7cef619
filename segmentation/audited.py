"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`)."""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

TRACKED = {
    "AgeLimit": "",
    "ClusterSettings": "",
    "Group": "",
    "Scheme": "",
    "Segment": "",
    "SegmentVersion": "settled_at",
    "Target": "",
    "Targeting": "",
}
WORDS = {
    "scheme.change": Act(_("Scheme changed"), icon="adjustments"),
    "segment.create": Act(_("Segment saved"), icon="chart-grid-dots"),
    "segment.change": Act(_("Segment changed"), icon="adjustments"),
    "segment.describe": Act(_("Segment renamed"), icon="pencil"),
    "segment.archive": Act(_("Segment archived"), icon="archive"),
    "segment.restore": Act(_("Segment brought back"), icon="archive-off"),
    "segment.take": Act(_("Segment taken over"), icon="user-check"),
    "segments.export": Act(_("Segment exported"), icon="download"),
    "clusters.change": Act(_("Settings of the clusters changed"), icon="adjustments"),
    "clusters.relearn": Act(_("Clusters to be learnt anew"), icon="refresh"),
    "cluster.name": Act(_("Cluster named"), icon="palette"),
    "lookalikes.start": Act(_("Look-alikes searched"), icon="users"),
    "lookalikes.remove": Act(_("Search for look-alikes removed"), icon="trash"),
    "group.edit": Act(_("Group changed"), icon="palette"),
    "group.add": Act(_("Group added"), icon="palette"),
    "targeting.change": Act(_("Way to choose markets changed"), icon="adjustments"),
    "target.edit": Act(_("Target market changed"), icon="target"),
    "targets.export": Act(_("Target markets exported"), icon="download"),
    "age_limit.set": Act(_("Limit of what may be suggested set"), icon="shield-check"),
    "age_limit.remove": Act(_("Limit of what may be suggested removed"), icon="shield-off"),
    "products.export": Act(_("Figures about goods exported"), icon="download"),
}
