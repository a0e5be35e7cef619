"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`).

The ledger is a trail of its own: its rows name their actor and are only added.
"""

from crm.audit.registry import Act

TRACKED: dict[str, str] = {}
WORDS: dict[str, Act] = {}
