"""From ready to handed over or sent. A cancelled reward is neither."""

from datetime import datetime
from typing import Any

from django.db import transaction

from crm.audit import trail
from loyalty.ledger.accounts import present
from loyalty.models import Redemption, RedemptionState
from loyalty.rewards.refusals import NoSuchRedemption, NotReady


def hand_over(customer_id: int, redemption_id: int, *, by: Any, at: datetime) -> Redemption:
    """The member has it. Raises NotReady."""
    return _fulfil(customer_id, redemption_id, RedemptionState.HANDED, by, at)


def send(customer_id: int, redemption_id: int, *, by: Any, at: datetime, tracking: str = "") -> Redemption:
    """It is on its way. Raises NotReady."""
    return _fulfil(customer_id, redemption_id, RedemptionState.SENT, by, at, tracking=tracking)


def _fulfil(
    customer_id: int, pk: int, state: RedemptionState, by: Any, at: datetime, **more: Any
) -> Redemption:
    values = {"state": state, "state_at": at, "state_by": trail.actor_name(by), **more}
    with transaction.atomic():
        owner = present(customer_id)
        rows = Redemption.objects.filter(customer_id=owner, pk=pk)
        if not rows.filter(state=RedemptionState.READY).update(**values):
            found = rows.first()
            if found is None:
                raise NoSuchRedemption
            if found.state != state:
                raise NotReady
            return found
        found = rows.get()
        trail.record("reward.fulfil", found, by=by, store_id=found.store_id, details={"state": str(state)})
    return found
