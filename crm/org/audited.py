"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`).

Language, theme and clock are one's own preferences, changed by oneself.
"""

PLAIN = {"Staff": "stores"}
TRACKED = {
    "Chain": "",
    "Region": "",
    "Store": "",
    "Department": "",
    "Staff": "language theme timezone",
    "Staff_of_stores": "",
    "auth.User": "last_login",
}
