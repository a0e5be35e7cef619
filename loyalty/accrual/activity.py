"""A purchase keeps the points of its member alive (Ending.ACTIVITY), unless all of it came back."""

from datetime import datetime
from zoneinfo import ZoneInfo

from crm.lib import prepared
from loyalty import endings, ledger
from loyalty.accrual.firsts import is_back
from loyalty.accrual.reading import Head
from loyalty.models import Ending, Programme, Unit


def begin(customer_id: int, head: Head, programme: Programme, *, at: datetime, by: str) -> None:
    """What has ended by now has ended; the rest lives on."""
    if programme.ending == Ending.ACTIVITY:
        ledger.refresh(customer_id, at=at, by=by)
        if not head.is_back:
            _extend(customer_id, head, programme)


def correct(customer_id: int, head: Head, programme: Programme, *, was_back: bool) -> None:
    """It came back whole: points live as long as they would without it, if nothing else has let them live longer since.
    A withdrawn return lets them live again."""
    if programme.ending != Ending.ACTIVITY or head.is_back == was_back:
        return
    if not head.is_back:
        _extend(customer_id, head, programme)
    elif until := _until(head, programme):
        others = prepared.rows(_OTHERS, [customer_id])
        ends = [endings.expires_at(Ending.ACTIVITY, n, on, ZoneInfo(zone)) for on, zone, n in others]
        left = max((one for one in ends if one), default=None)
        prepared.rows(_SHORTEN, [left, customer_id, int(Unit.POINTS), until])


def _extend(customer_id: int, head: Head, programme: Programme) -> None:
    if until := _until(head, programme):
        ledger.extend(customer_id, until)


def _until(head: Head, programme: Programme) -> datetime | None:
    return endings.expires_at(Ending.ACTIVITY, programme.ending_count, head.on, head.tz)


# The last days on which somebody bought what they kept.
_OTHERS = f"""
SELECT max(a.business_date), s.timezone, g.ending_count
FROM loyalty_accrual a
JOIN customers_purchase p ON p.customer_id = a.customer_id AND p.id = a.purchase_id
JOIN loyalty_programme g ON g.id = a.programme_id
JOIN org_store s ON s.id = p.store_id
WHERE a.customer_id = %s AND g.ending = '{Ending.ACTIVITY.value}' AND NOT ({is_back("p")})
GROUP BY s.timezone, g.ending_count
"""  # noqa: S608
_SHORTEN = """
UPDATE loyalty_balance SET extended_to = %s WHERE customer_id = %s AND unit = %s AND extended_to = %s
RETURNING version
"""
