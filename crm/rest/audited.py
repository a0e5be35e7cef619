"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`)."""

PLAIN = {"ApiKey": "stores"}
TRACKED = {"ApiKey": "last_used_at", "ApiKey_of_stores": ""}
