"""What was reserved and not paid in time is released: by whoever uses the same offer next, and by this sweep."""

from datetime import datetime

from django.db import transaction
from django.db.models import Min

from loyalty.coupons import uses
from loyalty.ledger.accounts import enter
from loyalty.models import CouponUse

BY = "system:coupons"


def release_overdue(at: datetime) -> int:
    """Release all that is overdue; returns of how many definitions. Two sweeps at once do the same work once."""
    waiting = CouponUse.objects.filter(uses.WAITING, reserved_until__lte=at)
    found = list(
        waiting.values("definition_id").annotate(first=Min("reserved_until")).order_by("definition_id")
    )
    for row in found:
        with transaction.atomic():
            enter()
            uses.locked(row["definition_id"], at, BY)
    return len(found)
