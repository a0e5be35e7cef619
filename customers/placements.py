"""Where these tables stand when the database is spread over machines (docs/scaleout.md).

Purchases and all else that extends `Owned` stand with their customer and are not named here.
"""

PLACEMENTS = {
    "Customer": "root",
    "Identity": "keyed:value",
    "Arrival": "keyed:external_id",
    "Event": "keyed:external_id",
    "Visitor": "keyed:code",
    "VisitorMark": "keyed:visitor",
    "EventKind": "reference",
    "Site": "reference",
    "SiteDay": "local",
    "Source": "reference",
    "Category": "reference",
    "Brand": "reference",
    "Product": "reference",
    "Tag": "reference",
    "CustomField": "reference",
    "ImportFile": "local",
    "Dismissal": "local",
    "StaleState": "local",
    "GuestDay": "local",
    "LifecycleRules": "reference",
    "WorkKind": "reference",
    "WorkResult": "reference",
    "WorkBatch": "local",
    "Night": "reference",
    "PublishedNight": "reference",
    "StateBasis": "local",
    "Wording": "reference",
    "ConsentRules": "reference",
    "PersonaBasis": "local",
    "PersonaDue": "local",
    "ProductPrice": "reference",
}
