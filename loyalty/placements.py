"""Where these tables stand when the database is spread over machines (docs/scaleout.md).

What extends `Owned` stands with its customer and is not named here.
"""

PLACEMENTS: dict[str, str] = {}
