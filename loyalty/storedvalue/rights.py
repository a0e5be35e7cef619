"""Who may take an act back, and what can be taken back of it."""

from datetime import datetime, timedelta

from crm.audit.trail import actor_name
from crm.org.models import Staff
from crm.org.permissions import Permission
from loyalty.models import StoredKind, StoredOperation

DAY = timedelta(days=1)
TAKEN_BACK = {StoredKind.TOP_UP, StoredKind.PAYMENT}


def may_take_back(staff: Staff, act: StoredOperation, at: datetime) -> bool:
    """What was done in one's stores or by oneself: within a day, later by who may approve points."""
    if act.kind not in TAKEN_BACK or not staff.may(Permission.REDEEM_POINTS):
        return False
    is_ours = (act.store_id is not None and act.store_id in staff.scope()) or act.actor == actor_name(staff)
    return is_ours and (at - act.occurred_at <= DAY or staff.may(Permission.APPROVE_POINTS))
