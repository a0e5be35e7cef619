"""Acts with stored value in plain words."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from loyalty.models import PaidBy, StoredKind, StoredOperation, StoredState
from loyalty.storedvalue.cents import said


class Said(NamedTuple):
    """`change` is of both accounts together, with its sign; `details` say how it came about."""

    title: str
    change: str
    details: list[str]


def of(act: StoredOperation) -> Said:
    details = [*_legs(act), *_around(act)]
    return Said(_title(act), signed(act.amount), details)


def signed(amount: int) -> str:
    if not amount:
        return ""
    return f"+{said(amount)}" if amount > 0 else said(amount)


def _title(act: StoredOperation) -> str:
    if act.state == StoredState.WAITING:
        return _("Pay-out waits for approval")
    if act.state == StoredState.REJECTED:
        return _("Pay-out rejected")
    return str(StoredKind(act.kind).label)


def _legs(act: StoredOperation) -> list[str]:
    told = {"a": said(abs(act.principal)), "b": said(abs(act.bonus))}
    if act.kind == StoredKind.PAY_OUT and act.state == StoredState.BOOKED:
        parts = [_("in cash %(money)s") % {"money": said(-act.money)}]
        if act.bonus:
            parts.append(_("bonus taken back %(b)s") % told)
        if act.kept:
            parts.append(_("kept for bonus used before it was earned %(money)s") % {"money": said(act.kept)})
        return parts
    if act.principal and act.bonus:
        return [_("%(a)s paid in, %(b)s bonus") % told]
    return [_("only bonus")] if act.bonus else []


def _around(act: StoredOperation) -> list[str]:
    parts = []
    if act.offer:
        parts.append(act.offer.name)
    if act.how:
        parts.append(str(PaidBy(act.how).label))
    if act.receipt_number:
        parts.append(_("receipt %(number)s") % {"number": act.receipt_number})
    return parts
