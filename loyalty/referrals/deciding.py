"""A person decides about what was flagged."""

from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from customers.receiving.database import in_transaction
from loyalty.models import Referral, ReferralState
from loyalty.referrals import settling


class NothingToDecide(Refusal):
    code: ClassVar[str] = "nothing_to_decide"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("This was decided meanwhile."))


class ReferralReason(Refusal):
    code: ClassVar[str] = "referral_reason"

    def __init__(self) -> None:
        words = _("Say why.")
        super().__init__(words, faults=(Fault("/note", words),))


class OneCustomer(Refusal):
    code: ClassVar[str] = "referral_to_oneself"

    def __init__(self) -> None:
        super().__init__(_("Both are one customer: there is nobody to reward."))


class FirstReturned(Refusal):
    code: ClassVar[str] = "first_purchase_returned"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("The first purchase was returned meanwhile."))


def pay(one: Referral, *, note: str, by: Any, at: datetime) -> None:
    """Both get their points all the same. Raises NothingToDecide, ReferralReason, OneCustomer, FirstReturned."""
    in_transaction(lambda _cur: _decide(one, True, note, by, at))


def refuse(one: Referral, *, note: str, by: Any, at: datetime) -> None:
    """Nobody gets points. Raises NothingToDecide, ReferralReason."""
    in_transaction(lambda _cur: _decide(one, False, note, by, at))


def _decide(one: Referral, is_paid: bool, note: str, by: Any, at: datetime) -> None:
    case = settling.held(one)
    if case is None or case.row.state != ReferralState.FLAGGED:
        raise NothingToDecide
    if not note.strip():
        raise ReferralReason
    row = case.row
    if not is_paid:
        settling.end(row, ReferralState.REFUSED, row.why, at, by)
    elif case.referrer is None or case.referrer.pk == case.friend.pk:
        raise OneCustomer
    elif settling.is_back(row):
        raise FirstReturned
    else:
        settling.pay(case, at, by)
    row.note = note.strip()[:500]
    row.save(update_fields=["note"])
    details = {"decision": "pay" if is_paid else "refuse", "why": row.why}
    trail.record("referral.decide", row, by=by, store_id=case.friend.home_store_id, details=details)
