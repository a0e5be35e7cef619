"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`)."""

TRACKED = {"Scheme": "", "Group": ""}
