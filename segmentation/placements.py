"""Where these tables stand when the database is spread over machines (docs/scaleout.md)."""

PLACEMENTS = {
    "Group": "reference",
    "Scheme": "reference",
    "NightCuts": "reference",
    "CellCount": "local",
    "ClassCount": "local",
    "Segment": "reference",
    "SegmentVersion": "reference",
    "SegmentNight": "local",
    "SegmentUse": "local",
    "Targeting": "reference",
    "Target": "local",  # tied to staff, who are local
    "TargetJudgement": "local",
    "TargetDecision": "local",
    "TargetNight": "local",
    "TargetCount": "local",
}
