"""Where these tables stand when the database is spread over machines (docs/scaleout.md)."""

PLACEMENTS = {"Entry": "local", "Seal": "local", "Verification": "local"}
