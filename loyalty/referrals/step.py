"""The night's step: friends whose first purchase can no longer be returned, and purchases that came back after all.

One statement finds what there is to look at; each that is found is a transaction of its own. A night brings few.
"""

from datetime import date

from django.db import connection
from django.utils import timezone

from crm.jobs.claim import StepProgress
from crm.lib.statements import Statement
from customers.nightrun import NightRun
from loyalty.models import Referral, ReferralState
from loyalty.referrals import settling


def step(night_run: NightRun, progress: StepProgress) -> None:
    for low, high in night_run.ranges:
        with connection.cursor() as cursor:
            cursor.execute(DUE.sql, {"low": low, "high": high, "on": night_run.on})
            found = cursor.fetchall()
        for customer_id, pk in found:
            one = Referral.objects.get(customer=customer_id, pk=pk)
            was = one.state
            state = settling.settle(one, on=night_run.on, at=timezone.now())
            if state not in (was, ReferralState.WAITING):
                progress.counts[NAMES[state]] = progress.counts.get(NAMES[state], 0) + 1
        progress.advance(len(found))


NAMES = {
    ReferralState.PAID: "rewarded",
    ReferralState.FLAGGED: "flagged",
    ReferralState.CANCELLED: "came_to_nothing",
    ReferralState.REFUSED: "refused",
}
# Of those that wait, whose time is over, or whose friend keeps what they bought so long ago that some programme lets
# go; the others would be looked at in vain.
DUE = Statement(
    "loyalty.referrals_due",
    """
SELECT r.customer_id, r.id FROM loyalty_referral r
JOIN loyalty_referralterms t ON t.id = r.terms_id
LEFT JOIN customers_purchase p ON p.customer_id = r.customer_id AND p.id = r.purchase_id
WHERE r.customer_id >= %(low)s AND r.customer_id < %(high)s AND (
    (r.state IN (2, 3) AND p.returned >= p.amount AND p.returned > 0)
    OR (r.state = 1 AND (r.came_on + t.within_days < %(on)s::date OR EXISTS (
        SELECT FROM customers_purchase bought
        WHERE bought.customer_id = r.customer_id AND bought.returned < bought.amount AND (
            bought.business_date < %(on)s::date - coalesce((SELECT min(pending_days) FROM loyalty_programme), 0)
            OR bought.business_date < r.came_on
        )
    )))
)
ORDER BY r.customer_id, r.id
""",
    {"low": 1, "high": 250_001, "on": date(2026, 3, 10)},
)
STATEMENTS = [DUE]
