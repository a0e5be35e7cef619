"""Where these tables stand when the database is spread over machines (docs/scaleout.md)."""

PLACEMENTS = {
    "Group": "reference",
    "Scheme": "reference",
    "NightCuts": "reference",
    "ClusterSettings": "reference",
    "Cluster": "reference",
    "ClusterFit": "reference",
    "ClusterCount": "local",
    "LookAlike": "local",
    "CellCount": "local",
    "ClassCount": "local",
}
