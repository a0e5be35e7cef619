"""Spending points for somebody who stands there, and giving back what was spent that day."""

import re
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from crm.audit.trail import actor_name
from crm.lib.refusals import Refusal
from crm.org.models import Staff
from loyalty import ledger
from loyalty.glance import Moved
from loyalty.ledger import Cause, Posted
from loyalty.models import Movement

_TOKEN = re.compile(r"[0-9a-f]{32}")


class FormInvalid(Refusal):
    code = "form_invalid"


def redeem(
    customer_id: int, points: int, *, token: str, at: datetime, by: Any, store_id: int | None
) -> Posted:
    """Spend points once a token: what one form sends twice is spent once. Raises InsufficientPoints."""
    if not _TOKEN.fullmatch(token):
        raise FormInvalid(_("This form is not whole. Open it again."))
    return ledger.redeem(customer_id, points, Cause(f"counter:{token}", at, by, store_id=store_id))


def give_back(customer_id: int, spent: int, *, at: datetime, by: Any, store_id: int | None) -> Posted:
    """All that is left of a redemption, to the same lots. Done twice, the second changes nothing."""
    source = f"counter:{Movement(pk=spent).public_id}/back"
    return ledger.reverse(customer_id, spent, Cause(source, at, by, store_id=store_id))


def can_give_back(staff: Staff, spent: Moved) -> bool:
    """What was spent in one's stores, or by oneself."""
    return (spent.store_id is not None and spent.store_id in staff.scope()) or spent.actor == actor_name(
        staff
    )


def choices(spendable: int) -> list[int]:
    """Round numbers up to what is there, the largest last; all of it stands beside them."""
    rounds = [digit * 10**zeros for zeros in range(1, 9) for digit in (1, 2, 5)]
    return [number for number in rounds if number < spendable][-3:]


def offered(spendable: int) -> int:
    """What the form begins with: the largest round number, or all."""
    return (choices(spendable) or [spendable])[-1]
