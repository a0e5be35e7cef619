"""Where these tables stand when the database is spread over machines (docs/scaleout.md)."""

PLACEMENTS = {
    "Group": "reference",
    "Scheme": "reference",
    "NightCuts": "reference",
    "CellCount": "local",
    "ClassCount": "local",
    "ProductFit": "reference",
    "BasketPair": "local",
    "StockFigure": "local",
    "AgeLimit": "reference",
}
