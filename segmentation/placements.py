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
    "Segment": "reference",
    "SegmentVersion": "reference",
    "SegmentNight": "local",
    "SegmentUse": "local",
    "Touched": "local",
    "Changed": "local",
    "ShelfPointer": "local",
    "LifetimeFit": "reference",
    "LifetimeSum": "local",
}
