"""Where these tables stand when the database is spread over machines (docs/scaleout.md)."""

PLACEMENTS = {"Notice": "local", "Silence": "local"}  # tied to staff, who are local
