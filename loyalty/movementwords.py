"""Movements of points in plain words."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from crm.ui import words
from loyalty.models import Kind

BACK = Kind.REVERSAL


class Said(NamedTuple):
    """`change` is written with its sign; tone as in components/badge.html."""

    title: Any
    change: str
    icon: str
    tone: str


_ICONS = {
    Kind.EARN: ("plus", "good"),
    Kind.VEST: ("clock-check", ""),
    Kind.REDEEM: ("gift", "accent"),
    Kind.CAPTURE: ("gift", "accent"),
    Kind.EXPIRE: ("hourglass-empty", "warn"),
    Kind.CLAWBACK: ("receipt-refund", "warn"),
    Kind.REVERSAL: ("arrow-back-up", "good"),
    Kind.ADJUST: ("pencil", ""),
    Kind.TRANSFER: ("arrows-exchange", ""),
}
TITLES = {
    Kind.EARN: _("Points earned"),
    Kind.VEST: _("Points became available"),
    Kind.REDEEM: _("Points redeemed"),
    Kind.HOLD: _("Points set aside while somebody pays"),
    Kind.CAPTURE: _("Paid with points that were set aside"),
    Kind.RELEASE: _("Points that were set aside are free again"),
    Kind.EXPIRE: _("Points ended"),
    Kind.CLAWBACK: _("Points taken back"),
    Kind.SETTLE: _("Points paid what was owed"),
    Kind.REVERSAL: _("Points given back"),
    Kind.ADJUST: _("Points adjusted by hand"),
    Kind.TRANSFER: _("Points passed on"),
    Kind.FORGIVE: _("A debt of points was forgiven"),
    Kind.LEND: _("Points lent: more was spent than they had"),
}


def of(kind: int, points: int) -> Said:
    """`points`: the change of what is theirs."""
    icon, tone = _ICONS.get(Kind(kind), ("point", ""))
    return Said(TITLES[Kind(kind)], signed(points), icon, tone)


def signed(points: int) -> str:
    """+120, −30; nothing where nothing changed hands."""
    if not points:
        return ""
    return f"+{words.number(points)}" if points > 0 else f"−{words.number(-points)}"
