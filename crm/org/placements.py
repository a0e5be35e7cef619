"""Where these tables stand when the database is spread over machines (docs/scaleout.md)."""

PLACEMENTS = {
    "Chain": "reference",
    "Region": "reference",
    "Store": "reference",
    "Department": "reference",
    "Staff": "local",  # tied to the sign-in, which is local
}
