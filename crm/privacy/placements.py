"""Where these tables stand when the database is spread over machines (docs/scaleout.md)."""

PLACEMENTS = {
    "Request": "local",
    "Certificate": "local",
    "Reveal": "local",
    "RetentionSetting": "local",
    "PrivacySettings": "local",
}
