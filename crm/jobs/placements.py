"""Where these tables stand when the database is spread over machines (docs/scaleout.md)."""

PLACEMENTS = {"Job": "local", "Step": "local"}
