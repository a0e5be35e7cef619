"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`).

Receipts, lines and returns have the inbox, which keeps each as it arrived; states and search keys are derived.
"""

PLAIN = {"Customer": "home_store"}
TRACKED = {
    "Customer": "updated_at first_seen_at",
    "Identity": "",
    "CustomerTag": "",
    "Tag": "",
    "Merge": "",
    "LifecycleRules": "",
}
